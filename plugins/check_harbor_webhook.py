#!/usr/bin/env python3
"""Are webhooks delivered?

Reads the projects, the webhooks of each (/api/v2.0/projects/ID/webhook/policies), and the newest deliveries of each
webhook (.../webhook/policies/ID/executions).

States:
  OK        few or none of the last deliveries failed; nothing was delivered yet; no project has a webhook
  WARNING   for some webhook: some of the last deliveries failed (-w); it is disabled
  CRITICAL  for some webhook: many of the last deliveries failed (-c)
  UNKNOWN   usage error, no credentials, a missing permission, no such project, an unexpected answer; not all projects
            were seen: time ran out, or Harbor lists fewer than it counts; with --isolate: another probe reports the
            cause, named in the line (jobservice, database, the credentials)

-w and -c are percent of the last finished deliveries; --last sets how many of them are checked. A webhook is named
PROJECT/NAME.

Perfdata:
  webhooks     enabled webhooks that were checked
  disabled     disabled ones
  deliveries   deliveries that were checked, of all webhooks together
  failed       percent of the last deliveries that failed, of the webhook with the most
  failed_NAME  the same for each webhook that --perfdata-for names
  time         seconds that all answers took together

Permissions: notification-policy:list and notification-policy:read, in each project (namespace *). Harbor: 2.8 or newer;
robot accounts can hold these permissions from 2.9 on; on 2.9 itself only an account without any permission on system
level. The probe sees only the projects that the account covers.

Does not see: deliveries that are waiting (check_harbor_queue --type WEBHOOK); whether the receiver does anything with
them.
"""

import harbor_preloaded

import argparse
from collections.abc import MutableMapping
from typing import NamedTuple, Optional

from harborlib.harbor import Rest, Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.pages import PAGE_SIZE
from harborlib.judge import SLOW, STANDSTILL, Limit, NotRead, Problem, Readings, Selectable, Shown, each_row
from harborlib.judge.executions import FAILED, RUNNING, SUCCEEDED, Execution
from harborlib.judge.projects import Projects
from harborlib.judge.selection import count
from harborlib.run import Probe, Service, plugin
from harborlib.text import PERCENT, UNKNOWN, WARNING, words
from harborlib.wire import Failure

READ_LOG = "read a delivery's log in the web UI (project > Webhooks), then test the receiver with curl from jobservice"
ENABLE = "enable it in the web UI (project > Webhooks), or delete it"
GONE = "compare with the web UI (project > Webhooks): if it was just deleted, this goes away by itself"
SEE_MORE = "raise -t, or split the projects across services with --project"

projects = Selectable("project", "projects", "--project")
# A standstill: deliveries that the job service cannot make while it is down.
failing = Limit("webhook.deliveries-failed", "failed", PERCENT, "{value} of the last deliveries failed, {latest}",
                "10%", "50%", help="percent of the last deliveries that failed", next_step=READ_LOG, low=None,
                symptom=STANDSTILL)  # fmt: skip
disabled = Problem("webhook.disabled", WARNING, ENABLE)
not_read = NotRead("webhook.not-read", GONE)
not_all_seen = Problem("webhook.not-all-seen", UNKNOWN, SEE_MORE, SLOW)
webhooks_enabled = Shown("webhooks")
webhooks_disabled = Shown("disabled")
deliveries_seen = Shown("deliveries")


def measure(run: Run) -> Readings:
    """The newest deliveries of each webhook, the one with the most failures first."""
    rest, chosen = run.rest, projects.chosen(run.args)
    found = Projects(rest, chosen)
    answers = list(found.each(lambda project, number: webhooks_of(rest, project, number, run.args.last)))
    webhooks = [webhook for _, some in answers for webhook in some.webhooks]
    enabled = [webhook for webhook in webhooks if webhook.enabled]
    if found.unseen:
        yield not_all_seen(found.unseen)
    for _, some in answers:
        yield from not_read.readings(some.failed)
    yield from not_read.readings(found.failed)
    used = sorted((webhook for webhook in enabled if webhook.ended), key=lambda webhook: -webhook.share)
    for webhook in chosen.judged(used, lambda webhook: webhook.name):
        yield failing(webhook.share, of=webhook.name, latest=webhook.latest_success(rest.now))
    off = [webhook for webhook in webhooks if not webhook.enabled]
    for webhook in chosen.judged(off, lambda webhook: webhook.name):
        yield disabled("disabled", of=webhook.name)
    yield webhooks_enabled(len(enabled))
    yield webhooks_disabled(len(off))
    yield deliveries_seen(sum(webhook.ended for webhook in enabled))
    worst = used[0].share if used else 0
    yield failing.worst(worst, low=0, high=100)
    found.confirm()
    text = words.number(len(webhooks), "webhook") if webhooks else "no webhook"
    most = "" if len(used) == 1 else "worst: "
    return text + (f", {most}{words.percent(worst)} of the last deliveries failed" if used else "")


class Webhook(NamedTuple):
    """A webhook, PROJECT/NAME, and its newest deliveries: how many `ended` and `failed`, when the last succeeded.

    Deliveries of a disabled webhook are not read.
    """

    name: str
    enabled: bool
    ended: int = 0
    failed: int = 0
    latest: Optional[float] = None

    @property
    def share(self) -> float:
        """Percent of the deliveries that failed."""
        return words.share(self.failed, self.ended)

    def latest_success(self, now: float) -> str:
        """When a delivery last succeeded, in words."""
        if self.latest is None:
            return "no success among them"
        return f"last success {words.span(max(0.0, now - self.latest))} ago"


class Found(NamedTuple):
    """The webhooks of a project, and those that could not be read."""

    webhooks: list[Webhook]
    failed: dict[str, Failure]


def webhooks_of(rest: Rest, project: str, number: int, last: int) -> Found:
    """The webhooks of a project, by its name and number."""
    unread: dict[str, Failure] = {}
    deliveries: dict[str, Failure] = {}

    def webhook_of(row: Fields) -> Webhook:
        webhook = Webhook(f"{project}/{row.name('name')}", row.flag("enabled"))
        if not webhook.enabled:
            return webhook
        return with_deliveries(rest, number, row.number("id"), last, webhook, deliveries)

    rows = rest.whole(endpoints.WEBHOOK_POLICIES, number, noun="webhook")
    webhooks = each_row(rows, webhook_of, unread, "webhook")
    return Found(webhooks, {**{f"{project}/{name}": failure for name, failure in unread.items()}, **deliveries})


def with_deliveries(
    rest: Rest, project: int, number: int, last: int, webhook: Webhook, unread: MutableMapping[str, Failure]
) -> Webhook:
    """A webhook with its `last` newest deliveries, except those that are waiting or in progress."""
    query = {"noun": "delivery", "page_size": last, "sort": "-start_time"}
    rows = rest.first_page(endpoints.WEBHOOK_EXECUTIONS, project, number, **query)
    odd: dict[str, Failure] = {}
    known = each_row(rows, Execution.of, odd, "delivery")
    unread.update({f"{webhook.name}, {name}": failure for name, failure in odd.items()})
    ended = [delivery for delivery in known if delivery.outcome != RUNNING]
    latest = max((delivery.ended or 0.0 for delivery in ended if delivery.outcome == SUCCEEDED), default=None)
    failed = sum(delivery.outcome == FAILED for delivery in ended)
    return webhook._replace(ended=len(ended), failed=failed, latest=latest)


def page_size(text: str) -> int:
    """A number of deliveries; raises ArgumentTypeError."""
    number = count(text)
    if number > PAGE_SIZE:
        raise argparse.ArgumentTypeError(f"{PAGE_SIZE} at most: {number}")
    return number


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare how many deliveries are read."""
    parser.add_argument("--last", metavar="NUMBER", type=page_size, default=20,
                        help="deliveries of each webhook to look at, up to 100 (default %(default)s)")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [failing, disabled, not_read, not_all_seen, webhooks_enabled, webhooks_disabled, deliveries_seen],
    declare=declare,
    selects=projects,
    asks=[endpoints.WEBHOOK_POLICIES, endpoints.WEBHOOK_EXECUTIONS],
    services=[
        Service(every="10min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "projects"),
                notes="Webhooks are not delivered: receivers such as CI miss events. "
                "Check the executions of the policy in the project, then the receiver.")
    ],
))  # fmt: skip
