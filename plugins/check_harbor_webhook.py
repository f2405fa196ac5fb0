#!/usr/bin/env python3
"""Are webhooks delivered?

Reads the projects, the webhooks of each (/api/v2.0/projects/ID/webhook/policies), and the newest deliveries of each
webhook (.../webhook/policies/ID/executions).

States:
  OK        few or none of the last deliveries failed; nothing was delivered yet; no project has a webhook
  WARNING   of some webhook: some of the last deliveries failed (-w); it is disabled
  CRITICAL  of some webhook: many of the last deliveries failed (-c)
  UNKNOWN   usage error, no login, a right is missing, no such project, no answer that can be judged; time ran out
            before all projects were looked at; with --isolate: another probe reports the cause, named in the line
            (jobservice, database, the login)

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

from harborlib.harbor import endpoints
from harborlib.harbor.rest import PAGE_SIZE, Rest
from harborlib.judge import isolation, judgement, things
from harborlib.judge.judgement import Finding, Shown, Threshold, named, thing
from harborlib.judge.projects import Projects
from harborlib.judge.runs import FAILED, RUNNING, SUCCEEDED, Run
from harborlib.judge.things import Selection, worst_first
from harborlib.run import options, plugin
from harborlib.text import summaries, units, words

import nagiosplugin
from nagiosplugin import Unknown, Warn

NEXT = "read a delivery's log in the UI (project > Webhooks), and ask the receiver for its address from jobservice"
ENABLE = "enable it in the UI (project > Webhooks), or delete it"
MORE = "raise -t, or divide the projects among services with --project"


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
        enabled = [(name, runs) for name, runs in found if runs is not None]
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", projects.unseen)
        shares = worst_first(self.share(name, runs) for name, runs in enabled if runs)
        yield from shares
        for name, runs in found:
            yield nagiosplugin.Metric(named("off", name), "disabled" if runs is None else "", context="off")
        counts = {"webhooks": len(enabled), "disabled": len(found) - len(enabled)}
        counts["deliveries"] = sum(len(runs) for _, runs in enabled)
        for name, count in counts.items():
            yield nagiosplugin.Metric(name, count, min=0, context="sum")
        worst = shares[0].value if shares else 0
        yield nagiosplugin.Metric("failed", worst, "%", min=0, max=100, context="worst")
        self.fine = words.number(len(found), "webhook") if found else "no webhook"
        self.fine += f", at most {words.percent(worst)} of the last deliveries failed" if shares else ""

    def webhooks(self, project, number):
        """Name and newest ended deliveries of each webhook of a project; None for those of a disabled one."""
        found = []
        for row in self.rest.pages(endpoints.WEBHOOK_POLICIES, number):
            rows = self.executions(number, row) if row.flag("enabled") else None
            found.append((f"{project}/{row.text('name')}", rows))
        return found

    def executions(self, project, policy):
        query = {"page_size": self.last, "sort": "-start_time"}
        rows = self.rest.pages(endpoints.WEBHOOK_EXECUTIONS, project, int(policy.number("id")), limit=1, **query)
        return [run for run in map(Run.of, rows) if run.outcome != RUNNING]

    def share(self, name, runs):
        """Percent of the deliveries that failed."""
        ends = [run.ended for run in runs if run.outcome == SUCCEEDED]
        last = words.span(self.rest.now - max(ends)) + " ago" if ends else "not among them"
        self.latest[name] = f"the last success {last}"
        failed = sum(run.outcome == FAILED for run in runs)
        return nagiosplugin.Metric(named("failed", name), round(failed * 100 / len(runs), 2), "%", context="share")


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
