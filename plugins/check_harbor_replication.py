#!/usr/bin/env python3
"""Are the replication policies executed, and do the executions succeed?

Reads the policies from /api/v2.0/replication/policies, and from /api/v2.0/replication/executions the executions in
progress and the newest ones of each enabled policy.

States:
  OK        in every enabled policy the last finished execution succeeded, or the first one is not due yet; there is no
            enabled policy
  WARNING   in some policy: the last finished execution failed or was stopped; the newest one was skipped because the
            previous one is still running; one has been running too long (-w); one is still in progress although all of
            its tasks have ended, or after an hour without any task: Harbor has lost track of it; the schedule did not
            start an execution within --schedule-grace of its time; Harbor refuses to show one policy but shows others
  CRITICAL  in some policy: the last three executions failed; one has been running far too long (-c); the last success
            is older than --maximum-age
  UNKNOWN   usage error, no credentials, a missing permission, no such policy, an unexpected answer; not all policies
            were seen: time ran out, or Harbor lists fewer than it counts; with --isolate: another probe reports the
            cause, named in the line (jobservice, database, the credentials)

Unlike in the other probes of executions, -w and -c are the running time, and --maximum-age is the age of the last
success. Disabled policies are counted, not judged; a policy that Harbor shows without "enabled" counts as disabled. A
policy that was never executed has no last success: --maximum-age judges it only once its first execution is due.

Perfdata:
  policies       enabled policies that were checked
  disabled       disabled ones
  failed         policies whose last finished execution did not succeed
  age            seconds since the last success ended, in the policy where that is longest ago
  running        seconds that the longest current execution has been running, 0 without one
  age_NAME       the same for each policy that --perfdata-for names
  running_NAME   the same for each policy that --perfdata-for names
  time           seconds that all answers took together

Permissions: replication-policy:list and replication:list, at the system level. Harbor: 2.0 or newer; robot accounts can
hold these permissions from 2.9 on.

Does not see: whether the policy's filters select everything that should be replicated; a remote registry that is down
while nothing is replicated (check_harbor_remote_registry).
"""

import harbor_preloaded

import argparse
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from functools import partial
from itertools import filterfalse
from typing import NamedTuple, Optional

from harborlib.harbor import Each, Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.pages import PAGE_SIZE
from harborlib.judge import SLOW, STANDSTILL, NotRead, Problem, Reading, Readings, Selectable, Shown, each_row
from harborlib.judge.execution_limits import Executions, RunningTime, SuccessAge
from harborlib.judge.executions import FAILED, RUNNING, SUCCEEDED, Execution, History
from harborlib.judge.readings import Options, Range
from harborlib.judge.schedules import Schedule
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, UNKNOWN, WARNING, units, words
from harborlib.wire import Failure

IN_A_ROW = 3  # failures in a row that are no longer an accident
FEW = 5  # executions of a policy that are usually enough; Harbor needs a moment for each
SKIPPED = "Execution skipped"  # the start of the status text of an execution that Harbor 2.14 skipped and calls failed
LOG = "read the execution's log in the web UI (Administration > Replications), and run check_harbor_remote_registry"
SAVE = f"save the schedule again in the web UI, so that the job service gets it, then {LOG}"
STOP_LOST = "stop it in the web UI (Administration > Replications): it can block newer executions. Then read its log"
REPAIR = "check this policy's registries in Harbor's database (table replication_policy), and repair or delete it"
STOP = f"stop the running execution if it hangs, then {LOG}"
MORE = "raise -t, or split the policies across services with --policy"


class MaximumAge(SuccessAge):
    """The age of the last success: critical by --maximum-age, without it only shown."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare --maximum-age."""
        parser.add_argument("--maximum-age", metavar="TIME", type=units.limit,
                            help="critical when a policy's last success is older than this, such as 26h")  # fmt: skip

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """No warning range, and the range of --maximum-age."""
        return None, args.maximum_age


policies = Selectable("policy", "policies", "--policy")
executions = Executions(
    success=MaximumAge("replication.success-too-old", None, None, LOG),
    running=RunningTime("replication.running-too-long", "2h", "12h", LOG,
                        option="", help="how long an execution has been running"),
    failed=Problem("replication.failed", WARNING, LOG, STANDSTILL),
    missed=Problem("replication.schedule-missed", WARNING, SAVE, STANDSTILL),
    lost=Problem("replication.lost-track", WARNING, STOP_LOST, STANDSTILL),
    not_read=NotRead("replication.not-read", REPAIR),
    grace="1h",
    what="execution",
)  # fmt: skip
failed_repeatedly = Problem("replication.failed-repeatedly", CRITICAL, LOG, STANDSTILL)
skipped = Problem("replication.skipped", WARNING, STOP, STANDSTILL)
not_all_seen = Problem("replication.not-all-seen", UNKNOWN, MORE, SLOW)
judged_policies = Shown("policies")
disabled_policies = Shown("disabled")
failed_policies = Shown("failed")


class Policy(NamedTuple):
    """A replication policy."""

    name: str
    number: int
    enabled: bool
    schedule: Optional[Schedule]

    @classmethod
    def of(cls, row: Fields) -> "Policy":
        """From a row of Harbor's list."""
        cron = row.inner("trigger").inner("trigger_settings").name("cron")
        schedule = Schedule(cron, row.moment("update_time")) if cron else None
        return cls(row.name("name"), row.number("id"), row.flag("enabled"), schedule)


def measure(run: Run) -> Readings:
    """The executions of each enabled policy, the longest one in progress first."""
    chosen = policies.chosen(run.args)
    pages = run.rest.pages(endpoints.REPLICATION_POLICIES, noun="policy")
    failed: dict[str, Failure] = {}
    found = [
        policy for policy in each_row(pages, Policy.of, failed, "policy", chosen.takes) if chosen.takes(policy.name)
    ]
    if pages.complete:
        chosen.confirm()
    enabled = [policy for policy in found if policy.enabled]
    under_way, short = executions_under_way(run, failed) if enabled else ([], None)
    questions = Each(enabled, partial(history_of, run, under_way), "enabled policy", lambda policy: policy.name)
    histories = [(policy.name, history) for policy, history in questions]
    histories.sort(key=lambda named: -named[1].elapsed)
    unseen = pages.unseen or questions.unseen
    if unseen:
        yield not_all_seen(unseen)
    if short:
        yield executions.not_read(short.detail, of="executions under way", next_step=LOG)
    yield from executions.not_read.readings({**pages.failed, **failed, **questions.failed})
    for name, history in histories:
        yield from readings_of(history, name)
    disabled = len(found) - len(enabled)
    yield judged_policies(len(histories))
    yield disabled_policies(disabled)
    yield failed_policies(sum(bool(history.problem) for _, history in histories))
    yield from executions.worst(history for _, history in histories)
    pages.confirm()
    return summary(histories, disabled)


class UnderWay(NamedTuple):
    """The executions in progress, the oldest first, with the policy's number; `short`: why some of them are missing."""

    found: list[tuple[int, Execution]]
    short: Optional[Failure] = None


def executions_under_way(run: Run, failed: MutableMapping[str, Failure]) -> UnderWay:
    """All executions in progress hold a worker, even after a later one ended. The policies' lists have the newest."""
    query = {"noun": "execution", "status": "InProgress", "sort": "start_time"}
    pages = run.rest.pages(endpoints.REPLICATION_EXECUTIONS, limit=1, **query)
    rows = list(pages)
    try:
        found = each_row(rows, lambda row: (row.number("policy_id"), execution_of(row)), failed, "execution")
        pages.confirm()
    except Failure as failure:
        return UnderWay([], failure)
    return UnderWay([(number, execution) for number, execution in found if execution.outcome == RUNNING])


def history_of(run: Run, under_way: Iterable[tuple[int, Execution]], policy: Policy) -> History:
    """The newest executions of a policy: a few, or more if these are not conclusive."""
    for size in (FEW, PAGE_SIZE):
        rows, unread = newest_rows(run, policy.number, size), dict[str, Failure]()
        found = each_row(rows, execution_of, unread, "run")
        history = History(found, run.rest.now, policy.schedule, run.args.schedule_grace, unread)
        if len(rows) < size or is_clear(history, bool(run.args.maximum_age)):
            break
    own = [execution for number, execution in under_way if number == policy.number]
    history.running = next(filterfalse(history.is_lost, own), history.running)
    history.lost = next(filter(history.is_lost, own), history.lost)
    return history


def newest_rows(run: Run, number: int, size: int) -> list[Fields]:
    """The first `size` executions of a policy, in Harbor's order."""
    query = {"noun": "execution", "policy_id": number, "page_size": size, "sort": "-start_time"}
    rows = run.rest.first_page(endpoints.REPLICATION_EXECUTIONS, **query)
    return [row for row in rows if row.number("policy_id") == number]


def is_clear(history: History, needs_success: bool) -> bool:
    """Whether older executions could not change the judgment."""
    known = history.newest and (history.newest.outcome == SUCCEEDED or len(history.newest_finished) >= IN_A_ROW)
    return bool(known and not history.missed and (history.success or not needs_success))


def execution_of(row: Fields) -> Execution:
    """One execution; a skipped one does not count."""
    reason = row.name("status_text")
    idle = row.count("total") if "in_progress" in row and not row.count("in_progress") else None
    return Execution.of(row, counts=not reason.startswith(SKIPPED), reason=reason, idle=idle)


def readings_of(history: History, name: str) -> Iterator[Reading]:
    """The readings of one policy; a failure also with its reason, and whether it is one of many."""
    for reading in executions.readings(history, name):
        yield failure_of(history, name) if reading.measure is executions.failed else reading
    if history.newest_all and not history.newest_all[0].counts:
        yield skipped(f"execution {history.newest_all[0].number} was skipped: the previous one is still running", name)


def failure_of(history: History, name: str) -> Reading:
    """The last finished execution, which failed or was stopped."""
    reason = history.newest.reason if history.newest else ""
    text = history.problem + (f": {reason}" if reason else "")
    if [execution.outcome for execution in history.newest_finished[:IN_A_ROW]] == [FAILED] * IN_A_ROW:
        return failed_repeatedly(f"{IN_A_ROW} failed in a row: {text}", name)
    return executions.failed(text, name)


def summary(histories: Sequence[tuple[str, History]], disabled: int) -> str:
    """The sentence for when all is well."""
    if len(histories) == 1 and not disabled:
        return f"{histories[0][0]}: {histories[0][1].summary}"
    never = sum(history.newest is None for _, history in histories)
    under_way = sum(history.running is not None for _, history in histories)
    nothing = sum(history.newest is not None and history.newest.did_nothing for _, history in histories)
    counts = [(disabled, "of them disabled"), (never, "not executed yet"), (under_way, "in progress")]
    counts.append((nothing, "that found nothing to replicate"))
    known = len(histories) + disabled
    all_of_them = words.number(known, "replication policy") if known else "no replication policy"
    return ", ".join([all_of_them, *(f"{count} {what}" for count, what in counts if count)])


main = plugin.main(Probe(
    __name__,
    measure,
    [executions, failed_repeatedly, skipped, not_all_seen, judged_policies, disabled_policies, failed_policies],
    selects=policies,
    asks=[endpoints.REPLICATION_POLICIES, endpoints.REPLICATION_EXECUTIONS],
    services=[
        Service(every="5min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="A replication policy fails or hangs: images are missing elsewhere. "
                "Look at the log of its last execution, then at the remote registry and its credentials.")
    ],
))  # fmt: skip
