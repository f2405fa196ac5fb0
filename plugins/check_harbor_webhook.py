#!/usr/bin/env python3
"""Are webhooks delivered?

Reads the projects, the webhooks of each (/api/v2.0/projects/ID/webhook/policies), and the newest deliveries of each
webhook (.../webhook/policies/ID/executions).

States:
  OK        few or none of the last deliveries failed; nothing was delivered yet; no project has a webhook
  WARNING   of some webhook: some of the last deliveries failed (-w); it is disabled
  CRITICAL  of some webhook: many of the last deliveries failed (-c)
  UNKNOWN   usage error, no login, a right is missing, no such project, no answer that can be judged; not all projects
            were seen: time ran out, or Harbor announces more than it shows; with --isolate: another probe reports the
            cause, named in the line (jobservice, database, the login)

-w and -c are percent of the last deliveries that have ended, of which --last says how many are looked at. A webhook is
named PROJECT/NAME.

Perfdata:
  webhooks     enabled webhooks looked at
  disabled     disabled ones
  deliveries   deliveries looked at, of all webhooks together
  failed       percent of the last deliveries that failed, of the webhook with the most
  failed_NAME  the same for each webhook that --perfdata-for names
  time         seconds that the answers took, all together

Rights: notification-policy:list and notification-policy:read, in each project (namespace *). Harbor: 2.8 or newer;
robot accounts can hold these rights from 2.9 on, there one that has no right on system level besides. What such a robot
does not cover it does not see.

Does not see: deliveries that wait (check_harbor_queue --type WEBHOOK); whether the receiver does anything with them.
"""

from argparse import ArgumentTypeError
from typing import NamedTuple, Optional

from harborlib import endpoints, isolation, judgement, options, plugin, summaries, things, units, words
from harborlib.judgement import Finding, Shown, Threshold, named, thing
from harborlib.pages import PAGE_SIZE
from harborlib.projects import Projects
from harborlib.rest import Rest
from harborlib.runs import FAILED, RUNNING, SUCCEEDED, Run
from harborlib.things import MOST_TOLD, Selection, worst_first

import nagiosplugin
from nagiosplugin import Unknown, Warn

NEXT = "read a delivery's log in the UI (project > Webhooks), and ask the receiver for its address from jobservice"
ENABLE = "enable it in the UI (project > Webhooks), or delete it"
MORE = "raise -t, or divide the projects among services with --project"


class Deliveries(NamedTuple):
    """The newest deliveries of a webhook that have ended; `latest` is the end of the last that succeeded."""

    ended: int
    failed: int
    latest: Optional[float]

    @classmethod
    def of(cls, rows):
        runs = [run for run in map(Run.of, rows) if run.outcome != RUNNING]
        latest = max((run.ended or 0.0 for run in runs if run.outcome == SUCCEEDED), default=None)
        return cls(len(runs), sum(run.outcome == FAILED for run in runs), latest)


class Webhooks(nagiosplugin.Resource):
    """The newest deliveries of each webhook, the one with the most failures first. `latest` says when one succeeded."""

    def __init__(self, rest, selection, last):
        self.rest = rest
        self.selection = selection
        self.last = last
        self.latest = {}
        self.fine = ""

    def probe(self):
        projects = Projects(self.rest, self.selection)
        found = [webhook for _, webhooks in projects.each(self.webhooks) for webhook in webhooks]
        enabled = [(name, deliveries) for name, deliveries in found if deliveries]
        disabled = [name for name, deliveries in found if not deliveries]
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", projects.unseen)
        shares = worst_first(self.share(name, deliveries) for name, deliveries in enabled if deliveries.ended)
        yield from self.selection.told(shares, lambda share: thing(share, "failed"))
        for name in disabled[:MOST_TOLD]:
            yield nagiosplugin.Metric(named("off", name), "disabled", context="off")
        counts = {"webhooks": len(enabled), "disabled": len(disabled)}
        counts["deliveries"] = sum(deliveries.ended for _, deliveries in enabled)
        for name, count in counts.items():
            yield nagiosplugin.Metric(name, count, min=0, context="sum")
        worst = shares[0].value if shares else 0
        yield nagiosplugin.Metric("failed", worst, "%", min=0, max=100, context="worst")
        self.fine = words.number(len(found), "webhook") if found else "no webhook"
        self.fine += f", at most {words.percent(worst)} of the last deliveries failed" if shares else ""
        projects.confirm()

    def webhooks(self, project, number):
        """Name and deliveries of each webhook of a project; None for those of a disabled one."""
        found = []
        for row in self.rest.whole(endpoints.WEBHOOK_POLICIES, number, noun="webhook"):
            deliveries = self.deliveries(number, row.number("id")) if row.flag("enabled") else None
            found.append((f"{project}/{row.name('name')}", deliveries))
        return found

    def deliveries(self, project, number):
        query = {"noun": "delivery", "page_size": self.last, "sort": "-start_time"}
        return Deliveries.of(self.rest.first_page(endpoints.WEBHOOK_EXECUTIONS, project, number, **query))

    def share(self, name, deliveries):
        """Percent of the deliveries that failed."""
        latest = deliveries.latest
        last = "not among them" if latest is None else words.span(self.rest.now - latest) + " ago"
        self.latest[name] = f"the last success {last}"
        share = round(deliveries.failed * 100 / deliveries.ended, 2)
        return nagiosplugin.Metric(named("failed", name), share, "%", context="share")


class Share(Threshold):
    """The percentage that failed, and since when."""

    def describe(self, metric):
        return f"{super().describe(metric)}, {metric.resource.latest[thing(metric, self.measure)]}"


def last(text):
    """How many deliveries; raises ArgumentTypeError."""
    number = things.count(text)
    if number > PAGE_SIZE:
        raise ArgumentTypeError(f"{PAGE_SIZE} at most: {number}")
    return number


def declare(parser):
    options.thresholds(parser, "", "percent of the last deliveries that failed", "10", "50", units.PERCENT)
    parser.add_argument("--last", metavar="NUMBER", type=last, default=20,
                        help="deliveries of each webhook to look at, up to 100 (default %(default)s)")  # fmt: skip
    things.declare(parser, "projects", "--project")


def check(args, harbor):
    selection = Selection(args, "project")
    webhooks = Webhooks(Rest(harbor), selection, args.last)
    limits = (args.warning, args.critical)
    sentence = "{value} of the last deliveries failed"
    still = isolation.STANDSTILL  # what the job service, being down, cannot deliver
    return nagiosplugin.Check(
        webhooks,
        Share("share", *limits, sentence, words.percent, NEXT, selection=selection, measure="failed", kind=still),
        Finding("off", Warn, ENABLE, selection=selection),
        Finding("unseen", Unknown, MORE, kind=isolation.SLOW),
        Shown("worst", *limits),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(webhooks),
    )


main = plugin.main(__name__, declare, check)
