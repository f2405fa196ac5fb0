#!/usr/bin/env python3
"""Is tag retention executed in the projects, and does it succeed?

Reads the projects, and for each one with a retention policy that has rules, its schedule (/api/v2.0/retentions/ID) and
its newest 100 executions (/api/v2.0/retentions/ID/executions). Without retention old images pile up until a quota or
the volume is full.

States:
  OK        in every project the last execution succeeded recently, or the first one is not due yet; no project has a
            retention policy
  WARNING   in some project: the last finished execution failed or was stopped; rules without a schedule; the schedule
            did not start an execution within --schedule-grace of its time; the last success is older than -w, or an
            execution has been running too long (--running-warning); Harbor refuses to show a policy, which has been
            deleted, but shows others
  CRITICAL  in some project: the last success is older than -c, or an execution has been running far too long
            (--running-critical)
  UNKNOWN   usage error, no credentials, a missing permission, no such project, an unexpected answer; not all projects
            were seen: time ran out (raise -t, or divide them among services with --project), or Harbor lists fewer than
            it counts; with --isolate: another probe reports the cause, named in the line (jobservice, database, the
            credentials)

Dry runs do not count. If none of these executions succeeded, the age is that of the oldest one: the real age is at
least that. Schedules that fire less than once a week need other thresholds: -w 35d -c 65d for monthly ones.

Perfdata:
  policies       retention policies that were checked
  age            seconds since the last success ended, in the project where that is longest ago
  running        seconds that the longest current execution has been running, 0 without one
  age_NAME       the same for each project that --perfdata-for names
  running_NAME   the same for each project that --perfdata-for names
  time           seconds that all answers took together

Permissions: tag-retention:read and tag-retention:list, in each project (namespace * for all of them). Harbor: 2.0 or
newer; robot accounts can hold these permissions from 2.9 on; on 2.9 itself only an account without any permission on
system level. The probe sees only the projects that the account covers.

Does not see: when a schedule was set, so a policy that was never executed is only counted; whether the rules keep what
they should (try Dry Run in the UI); the disk space, which only garbage collection frees (check_harbor_gc).
"""

import harbor_preloaded

from collections.abc import Sequence
from functools import partial
from typing import Optional

from harborlib.harbor import Each, Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.judge import SLOW, STANDSTILL, NotRead, Problem, Readings, Selectable, Shown, each_row
from harborlib.judge.execution_limits import Executions, RunningTime, SuccessAge
from harborlib.judge.executions import Execution, History
from harborlib.judge.projects import Projects
from harborlib.judge.schedules import Schedule
from harborlib.run import Probe, Service, plugin
from harborlib.text import UNKNOWN, WARNING, words
from harborlib.wire import Failure

LOG = "read the execution's log in the web UI (project > Policy > Tag Retention)"
SAVE = f"save the schedule again in the web UI, so that the job service gets it, then {LOG}"
SET_AGAIN = (
    "set the project's tag retention again in the web UI: a policy deleted over the API leaves its number behind"
)
MORE = "raise -t, or split the projects across services with --project"

projects = Selectable("project", "projects", "--project")
executions = Executions(
    success=SuccessAge("retention.success-too-old", "8d", "15d", LOG),
    running=RunningTime("retention.running-too-long", "12h", "24h", LOG),
    failed=Problem("retention.failed", WARNING, LOG),
    missed=Problem("retention.schedule-missed", WARNING, SAVE, STANDSTILL),
    not_read=NotRead("retention.not-read", SET_AGAIN),
    unscheduled=Problem("retention.unscheduled", WARNING, "set a schedule in Harbor's web UI"),
    grace="1h",
)
not_all_seen = Problem("retention.not-all-seen", UNKNOWN, MORE, SLOW)
policies = Shown("policies")


def measure(run: Run) -> Readings:
    """The executions of every project's retention policy, the longest without success first."""
    listed = Projects(run.rest, projects.chosen(run.args))
    failed: dict[str, Failure] = {}
    found = each_row(listed, policy_of, failed, "project")
    questions = Each([policy for policy in found if policy[1]], partial(history_of, run), "retention policy", name_of)
    histories = [(name, history) for (name, _), history in questions if history]
    histories.sort(key=lambda named: -(named[1].age or named[1].fruitless or 0))
    unseen = listed.unseen or questions.unseen
    if unseen:
        yield not_all_seen(unseen)
    yield from executions.not_read.readings({**listed.failed, **failed, **questions.failed})
    for name, history in histories:
        yield from executions.readings(history, name, unscheduled="its rules have no schedule")
    yield policies(len(histories))
    yield from executions.worst(history for _, history in histories)
    listed.confirm()
    return summary([history for _, history in histories])


def policy_of(row: Fields) -> tuple[str, str]:
    """The project of a row, and the number of its policy ("": it has none)."""
    return row.name("name"), row.inner("metadata").key("retention_id")


def history_of(run: Run, policy: tuple[str, str]) -> Optional[History]:
    """The executions of one project's policy (its name and number); None if it has no rules and so never runs."""
    _, number = policy
    # If a policy is gone, this request says so; the policy's own answer is only a 500.
    rows = run.rest.first_page(endpoints.RETENTION_EXECUTIONS, number, noun="run")
    rules = run.rest.get(endpoints.RETENTION, number)
    if not rules.rows("rules"):
        return None
    cron = rules.inner("trigger").inner("settings").name("cron")
    unread: dict[str, Failure] = {}
    found = each_row(rows, lambda row: Execution.of(row, counts=not row.flag("dry_run")), unread, "run")
    return History(found, run.rest.now, Schedule(cron) if cron else None, run.args.schedule_grace, unread)


def name_of(policy: tuple[str, str]) -> str:
    """The project of a policy."""
    return policy[0]


def summary(histories: Sequence[History]) -> str:
    """The sentence for when all is well."""
    if not histories:
        return "no project has a tag retention policy"
    ages = [history.age for history in histories if history.age is not None]
    text = f"{words.number(len(histories), 'retention policy')}"
    text += f", {'last' if len(ages) == 1 else 'oldest'} success {words.span(max(ages))} ago" if ages else ""
    never = len(histories) - len(ages)
    return text + (f", {never} not executed yet" if never else "")


main = plugin.main(Probe(
    __name__,
    measure,
    [executions, not_all_seen, policies],
    selects=projects,
    asks=[endpoints.RETENTION, endpoints.RETENTION_EXECUTIONS],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "projects"),
                notes="A tag retention policy fails or does not run: the storage fills up. "
                "Look at the log of its last execution in the project.")
    ],
))  # fmt: skip
