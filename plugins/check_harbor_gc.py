#!/usr/bin/env python3
"""Did garbage collection run, and did it succeed?

Reads the newest 100 executions from /api/v2.0/system/gc and the schedule from /api/v2.0/system/gc/schedule. Without
garbage collection the storage fills up with blobs that no image uses any more.

States:
  OK        the last execution succeeded recently, or the first one is not due yet
  WARNING   the last finished execution failed or was stopped; nothing is scheduled; the schedule did not start an
            execution within --schedule-grace of its time; the last success is older than -w, or an execution has been
            running too long (--running-warning)
  CRITICAL  the last success is older than -c, or an execution has been running far too long (--running-critical)
  UNKNOWN   an execution that cannot be judged (the others are); usage error, no credentials, a missing permission, an
            unexpected answer; with --isolate: another probe reports the cause, named in the line (registryctl,
            jobservice, database, the credentials)

Dry runs do not count. If none of these executions succeeded, the age is that of the oldest one: the real age is at
least that. A schedule that fires less than once a week needs other thresholds: -w 35d -c 65d for a monthly one.

Perfdata:
  age       seconds since the last success ended
  running   seconds that the current execution has been running, 0 without one
  duration  seconds that the last success took; left out where Harbor 2.0 or 2.1 does not show when it started
  freed     bytes that it freed; left out before Harbor 2.9
  time      seconds that the answers took

Permissions: garbage-collection:list and garbage-collection:read, at the system level. Harbor: 2.0 or newer; robot
accounts can hold these permissions from 2.9 on.

Does not see: whether it deleted blobs that are still needed (check_harbor_pull); untagged images, unless the schedule
deletes them. Harbor shows an execution as running for up to half a minute after its end.
"""

import harbor_preloaded

from harborlib.harbor import Run, endpoints
from harborlib.judge import STANDSTILL, NotRead, Problem, Readings, Shown
from harborlib.judge.execution_limits import Executions, RunningTime, SuccessAge
from harborlib.judge.executions import Execution, History
from harborlib.judge.schedules import Schedule
from harborlib.run import Probe, Service, plugin
from harborlib.text import BYTES, SECONDS, WARNING, words
from harborlib.wire import Failure

LOG = "read the execution's log in the web UI (Administration > Clean Up), then run {logs:registryctl}"
SAVE = f"save the schedule again in the web UI, so that the job service gets it, then {LOG}"

executions = Executions(
    success=SuccessAge("gc.success-too-old", "8d", "15d", LOG),
    running=RunningTime("gc.running-too-long", "12h", "24h", LOG),
    failed=Problem("gc.failed", WARNING, LOG),
    missed=Problem("gc.schedule-missed", WARNING, SAVE, STANDSTILL),
    unscheduled=Problem("gc.unscheduled", WARNING, "set a schedule in Harbor's web UI"),
    not_read=NotRead("gc.not-read"),
    grace="1h",
)
duration = Shown("duration", SECONDS)
freed = Shown("freed", BYTES, clamped=True)


def measure(run: Run) -> Readings:
    """The newest executions of garbage collection, and its schedule."""
    rows = run.rest.first_page(endpoints.GC, noun="run", sort="-creation_time")
    unread: dict[str, Failure] = {}
    found = Execution.of_system_jobs(rows, unread)
    schedule = Schedule.of_system_job(run.rest.find(endpoints.GC_SCHEDULE))
    history = History(found, run.rest.now, schedule, run.args.schedule_grace, unread)
    yield from executions.readings(history, unscheduled="no garbage collection is scheduled")
    text = f"garbage collection: {history.summary}"
    if history.success and history.success.duration is not None:
        yield duration(round(history.success.duration))
    if history.success and "freed_space" in history.success.parameters:  # since Harbor 2.9
        space = freed(history.success.parameters.number("freed_space"))
        yield space
        text += f", freed {words.size(space.value or 0)}"
    return text + (f", {schedule.phrase}" if schedule else "")


main = plugin.main(Probe(
    __name__,
    measure,
    [executions, duration, freed],
    asks=[endpoints.GC, endpoints.GC_SCHEDULE],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="Garbage collection fails, hangs or does not run: the storage fills up. "
                "Look at the log of the last execution, at the schedule, and at registryctl.")
    ],
))  # fmt: skip
