#!/usr/bin/env python3
"""Do the replication policies run, and do they succeed?

Reads the policies from /api/v2.0/replication/policies, and from /api/v2.0/replication/executions what is under way and
the newest executions of each enabled policy.

States:
  OK        in every enabled policy the last finished execution succeeded; never ran, but its schedule is not due yet;
            there is no enabled policy
  WARNING   in some policy: the last finished execution failed or was stopped; the newest one was skipped, because
            another one still goes on; one takes long (-w); the schedule did not fire, although it was due longer than
            --schedule-grace ago
  CRITICAL  in some policy: the last three executions failed; one takes very long (-c); the last success is longer ago
            than --maximum-age
  UNKNOWN   usage error, no login, a right is missing, no such policy, no answer that can be judged; not all policies
            were seen: time ran out, or Harbor announces more than it shows; with --isolate: another probe reports the
            cause, named in the line (jobservice, database, the login)

Disabled policies are counted, not judged; one that Harbor shows without "enabled" is disabled. A policy that never ran
has no last success: --maximum-age judges it only once its schedule should have fired.

Perfdata:
  policies       enabled policies looked at
  disabled       disabled ones
  failed         policies whose last finished execution did not succeed
  age            seconds since the last success ended, in the policy where that is longest ago
  running        seconds that the longest present execution takes already, 0 without one
  age_NAME       the same for each policy that --perfdata-for names
  running_NAME   the same for each policy that --perfdata-for names
  time           seconds that the answers took, all together

Rights: replication-policy:list and replication:list, on system level. Harbor: 2.0 or newer; robot accounts can hold
these rights from 2.9 on.

Does not see: whether everything that should be replicated is selected by the policy's filters; a remote registry that
is down while nothing is replicated (check_harbor_remote_registry).
"""

from typing import NamedTuple, Optional

from harborlib import endpoints, isolation, judgement, options, plugin, runs, summaries, things, units, words
from harborlib.judgement import Finding, Shown, named
from harborlib.pages import PAGE_SIZE
from harborlib.rest import Each, Rest
from harborlib.runs import FAILED, RUNNING, SUCCEEDED, History, Run, Schedule
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Critical, Unknown, Warn

IN_A_ROW = 3  # failures that are no accident any more
FEW = 5  # executions of a policy that mostly are enough; Harbor needs a moment for each
SKIPPED = "Execution skipped"  # how the status text of one begins that Harbor 2.14 did not start, and calls failed
NEXT = "read the execution's log in the UI (Administration > Replications), and run check_harbor_remote_registry"
MORE = "raise -t, or divide the policies among services with --policy"


class Policy(NamedTuple):
    """A replication policy."""

    name: str
    number: int
    enabled: bool
    schedule: Optional[Schedule]

    @classmethod
    def of(cls, row):
        cron = row.inner("trigger").inner("trigger_settings").name("cron")
        schedule = Schedule(cron, row.moment("update_time")) if cron else None
        return cls(row.name("name"), row.number("id"), row.flag("enabled"), schedule)


class Replication(nagiosplugin.Resource):
    """The executions of each enabled policy, the longest one under way first."""

    def __init__(self, rest, args, selection):
        self.rest = rest
        self.selection = selection
        self.grace = args.schedule_grace
        self.needs_success = bool(args.maximum_age)
        self.reasons = {}  # of failures, by the number of the execution
        self.hanging = {}  # by the number of the policy
        self.fine = ""

    def probe(self):
        pages = self.rest.pages(endpoints.REPLICATION_POLICIES, noun="policy")
        chosen = [policy for policy in map(Policy.of, pages) if self.selection.takes(policy.name)]
        if pages.complete:
            self.selection.confirm()
        enabled = [policy for policy in chosen if policy.enabled]
        self.hanging = self.under_way() if enabled else {}
        questions = Each(enabled, self.history, "enabled policy")
        policies = [(policy.name, history) for policy, history in questions]
        policies.sort(key=lambda item: -(item[1].ago(item[1].running.started) if item[1].running else 0))
        histories = [history for _, history in policies]
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", pages.unseen or questions.unseen)
        for name, history in policies:
            yield from self.metrics(name, history)
        counts = {"policies": len(policies), "disabled": len(chosen) - len(enabled)}
        counts["failed"] = sum(bool(history.problem) for history in histories)
        for name, count in counts.items():
            yield nagiosplugin.Metric(name, count, min=0, context="sum")
        yield from runs.totals(histories)
        self.fine = told(policies, counts["disabled"])
        pages.confirm()

    def under_way(self):
        """The oldest execution under way of each policy: it holds a worker, also when a later one has ended."""
        query = {"status": "InProgress", "sort": "start_time"}
        rows = self.rest.first_page(endpoints.REPLICATION_EXECUTIONS, noun="execution", **query)
        found = [(row.number("policy_id"), run_of(row)) for row in rows]
        return {number: run for number, run in reversed(found) if run.outcome == RUNNING}

    def history(self, policy):
        """The newest executions of a policy: a few, or more where these leave something open."""
        for size in (FEW, PAGE_SIZE):
            rows = self.executions(policy.number, size)
            history = History(map(run_of, rows), self.rest.now, policy.schedule, self.grace)
            if len(rows) < size or self.clear(history):
                break
        history.running = self.hanging.get(policy.number, history.running)
        if history.newest:
            reasons = {row.number("id"): row.name("status_text") for row in rows}
            self.reasons[history.newest.number] = reasons[history.newest.number]
        return history

    def executions(self, number, size):
        query = {"policy_id": number, "page_size": size, "sort": "-start_time"}
        rows = self.rest.first_page(endpoints.REPLICATION_EXECUTIONS, noun="execution", **query)
        return [row for row in rows if row.number("policy_id") == number]

    def clear(self, history):
        """Whether older executions could not change the judgement."""
        known = history.newest and (history.newest.outcome == SUCCEEDED or len(history.finished) >= IN_A_ROW)
        return known and not history.missed and (history.success or not self.needs_success)

    def metrics(self, name, history):
        """What is judged in one policy; of a failure also the reason, and whether it is one of many."""
        for metric in history.metrics(name):
            if metric.context != "last":
                yield metric
                continue
            reason = self.reasons[history.newest.number]
            text = history.problem + (f": {reason}" if reason else "")
            if [run.outcome for run in history.finished[:IN_A_ROW]] == [FAILED] * IN_A_ROW:
                yield nagiosplugin.Metric(named("again", name), f"{IN_A_ROW} failed in a row: {text}", context="again")
            else:
                yield nagiosplugin.Metric(named("last", name), text, context="last")
        if history.runs and not history.runs[0].counts:
            text = f"run {history.runs[0].number} was skipped, because another one still goes on"
            yield nagiosplugin.Metric(named("skipped", name), text, context="skipped")


def run_of(row):
    return Run.of(row, counts=not row.name("status_text").startswith(SKIPPED))


def told(policies, disabled):
    """The state of affairs for when all is well."""
    if len(policies) == 1 and not disabled:
        return f"{policies[0][0]}: {policies[0][1].told}"
    never = sum(history.newest is None for _, history in policies)
    under_way = sum(history.running is not None for _, history in policies)
    counts = [(disabled, "of them disabled"), (never, "without a run yet"), (under_way, "under way")]
    known = len(policies) + disabled
    all_of_them = words.number(known, "replication policy") if known else "no replication policy"
    return ", ".join([all_of_them, *(f"{count} {what}" for count, what in counts if count)])


def declare(parser):
    options.thresholds(parser, "", "how long an execution takes", "2h", "12h", units.SECONDS)
    parser.add_argument("--maximum-age", metavar="TIME", type=units.limit,
                        help="critical when the last success of a policy is longer ago, as 26h")  # fmt: skip
    parser.add_argument("--schedule-grace", metavar="TIME", type=units.duration, default=3600.0,
                        help="how late a scheduled execution may begin (default 1h)")  # fmt: skip
    things.declare(parser, "policies", "--policy")


def check(args, harbor):
    selection = Selection(args, "policy")
    replication = Replication(Rest(harbor), args, selection)
    still = isolation.STANDSTILL
    return nagiosplugin.Check(
        replication,
        *runs.judged_by((None, args.maximum_age), (args.warning, args.critical), NEXT, selection, kind=still),
        Finding("again", Critical, NEXT, selection=selection, kind=still),
        Finding("skipped", Warn, "stop the one that goes on, if it hangs; " + NEXT, selection=selection, kind=still),
        Finding("unseen", Unknown, MORE, kind=isolation.SLOW),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(replication),
    )


main = plugin.main(__name__, declare, check)
