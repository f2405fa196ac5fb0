#!/usr/bin/env python3
"""Is the audit log purged on schedule, and does the purge succeed?

Reads the newest 100 executions from /api/v2.0/system/purgeaudit and the schedule from
/api/v2.0/system/purgeaudit/schedule. Without a purge the audit log grows with every pull until it slows down the whole
database.

States:
  OK        the last execution succeeded recently, or the first one is not due yet
  WARNING   the last finished execution failed or was stopped; nothing is scheduled; the schedule did not start an
            execution within --schedule-grace of its time; the last success is older than -w, or an execution has been
            running too long (--running-warning)
  CRITICAL  the last success is older than -c, or an execution has been running far too long (--running-critical)
  UNKNOWN   an execution that cannot be judged (the others are); usage error, no credentials, a missing permission, an
            unexpected answer; with --isolate: another probe reports the cause, named in the line (jobservice, database,
            the credentials)

Dry runs do not count. If none of these executions succeeded, the age is that of the oldest one: the real age is at
least that. A schedule that fires less than once a week needs other thresholds: -w 35d -c 65d for a monthly one.

Perfdata:
  age       seconds since the last success ended
  running   seconds that the current execution has been running, 0 without one
  duration  seconds that the last success took
  time      seconds that the answers took

Permissions: purge-audit:list and purge-audit:read, at the system level. Harbor: 2.6 or newer; robot accounts can hold
these permissions from 2.9 on.

Does not see: how many entries the log holds; whether Harbor forwards it to a syslog server instead.
"""

import harbor_preloaded

from harborlib.harbor import Run, endpoints
from harborlib.judge import STANDSTILL, NotRead, Problem, Readings, Shown
from harborlib.judge.execution_limits import Executions, RunningTime, SuccessAge
from harborlib.judge.executions import Execution, History
from harborlib.judge.schedules import Schedule
from harborlib.run import Probe, Service, plugin
from harborlib.text import SECONDS, WARNING
from harborlib.wire import Failure

LOG = "read the execution's log in the web UI (Administration > Clean Up > Log Rotation)"
SAVE = f"save the schedule again in the web UI, so that the job service gets it, then {LOG}"

executions = Executions(
    success=SuccessAge("audit_purge.success-too-old", "8d", "15d", LOG),
    running=RunningTime("audit_purge.running-too-long", "12h", "24h", LOG),
    failed=Problem("audit_purge.failed", WARNING, LOG),
    missed=Problem("audit_purge.schedule-missed", WARNING, SAVE, STANDSTILL),
    unscheduled=Problem("audit_purge.unscheduled", WARNING, "set a schedule in Harbor's web UI"),
    not_read=NotRead("audit_purge.not-read"),
    grace="1h",
)
duration = Shown("duration", SECONDS)


def measure(run: Run) -> Readings:
    """The newest executions of the audit log purge, and its schedule."""
    rows = run.rest.first_page(endpoints.AUDIT_PURGE, noun="run", sort="-creation_time")
    unread: dict[str, Failure] = {}
    found = Execution.of_system_jobs(rows, unread)
    schedule = Schedule.of_system_job(run.rest.find(endpoints.AUDIT_PURGE_SCHEDULE))
    history = History(found, run.rest.now, schedule, run.args.schedule_grace, unread)
    yield from executions.readings(history, unscheduled="no audit log purge is scheduled")
    if history.success and history.success.duration is not None:
        yield duration(round(history.success.duration))
    return f"audit log purge: {history.summary}" + (f", {schedule.phrase}" if schedule else "")


main = plugin.main(Probe(
    __name__,
    measure,
    [executions, duration],
    asks=[endpoints.AUDIT_PURGE, endpoints.AUDIT_PURGE_SCHEDULE],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="The audit log is not purged: the database grows. "
                "Look at the log of the last execution and at the schedule.")
    ],
))  # fmt: skip
