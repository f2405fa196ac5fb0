#!/usr/bin/env python3
"""Are jobs waiting in Harbor's queues, and is a queue paused?

Reads /api/v2.0/jobservice/queues: for each type of job how many are waiting, how long the oldest has been waiting, and
whether an administrator has paused the queue.

States:
  OK        no job waits too long, no queue is paused
  WARNING   the oldest job of a type waits too long (-w); a queue is paused; many jobs of one type wait
            (--count-warning)
  CRITICAL  the oldest job of a type waits very long (-c); SCHEDULER is paused, so that no schedule fires at all; very
            many jobs of one type wait (--count-critical)
  UNKNOWN   usage error, no credentials, a missing permission, no such queue, an unexpected answer; with --isolate:
            another probe reports the cause, named in the line (jobservice, redis, database, the credentials)

-w and -c are times, such as 15min; --count-warning and --count-critical are off by default. Harbor computes the waiting
time from two clocks, so it can be negative for a job just queued: that counts as 0.

Perfdata:
  latency        seconds that the oldest job of all has been waiting
  count          jobs that are waiting, in all queues together
  paused         queues that are paused
  latency_TYPE   the same for each queue that --perfdata-for names
  count_TYPE     the same for each queue that --perfdata-for names
  time           seconds that the answer took

Permissions: jobservice-monitor:list, at the system level. Harbor: 2.7 or newer; robot accounts can hold this permission
from 2.9 on.

Does not see: running jobs (check_harbor_workers) and whether they succeed.
"""

import harbor_preloaded

from typing import NamedTuple

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.judge import Limit, NotRead, Problem, Reading, Readings, Selectable, Shown, each_row
from harborlib.run import Probe, Service, plugin
from harborlib.text import COUNT, CRITICAL, SECONDS, WARNING, words
from harborlib.wire import CONTENT, Failure

SCHEDULER = "SCHEDULER"  # the queue through which every schedule fires
LOOK = "open Administration > Job Service Dashboard, then run {logs:jobservice}"
RESUME = "resume it in the web UI (Administration > Job Service Dashboard), unless somebody paused it for a reason"

queues = Selectable("queue", "queues", "--type")
waiting = Limit("queue.waiting", "latency", SECONDS, "the oldest job has been waiting for {value}", "15min", "60min",
                help="how long the oldest job has been waiting", next_step=LOOK, clamped=True)  # fmt: skip
crowded = Limit("queue.crowded", "count", COUNT, "{value} jobs waiting",
                option="count", help="number of jobs waiting in one queue", next_step=LOOK)  # fmt: skip
paused = Problem("queue.paused", WARNING, RESUME)
stopped = Problem("queue.scheduler-paused", CRITICAL, RESUME)
not_read = NotRead("queue.not-read")
all_waiting = Shown("count")  # no limit: that of `crowded` is for one queue
paused_queues = Shown("paused")


def measure(run: Run) -> Readings:
    """The queues of the job service, the one with the longest wait first."""
    chosen = queues.chosen(run.args)
    failed: dict[str, Failure] = {}
    every = each_row(run.rest.rows(endpoints.QUEUES, noun="queue"), Queue.of, failed, "queue", chosen.takes)
    known = [queue for queue in every if chosen.takes(queue.name)]
    chosen.confirm()
    if not every:
        raise Failure(CONTENT, "Harbor reports no queue")
    known.sort(key=lambda queue: -(queue.wait.value or 0))
    yield from not_read.readings(failed)
    for name, wait, jobs, is_paused in known:
        yield wait
        yield crowded(jobs, of=name)
        if is_paused and name == SCHEDULER:
            yield stopped("paused, no schedule fires", of=name)
        elif is_paused:
            yield paused(f"paused, {words.number(jobs, 'job')} waiting", of=name)
    oldest = max((queue.wait.value or 0 for queue in known), default=0)
    all_jobs = sum(queue.jobs for queue in known)
    yield waiting.worst(oldest)
    yield all_waiting(all_jobs)
    yield paused_queues(sum(queue.paused for queue in known), high=len(known))
    text = f"{words.number(len(known), 'queue')}, {words.number(all_jobs, 'job')} waiting"
    return text + (f", the oldest for {words.span(oldest)}" if all_jobs else "")


class Queue(NamedTuple):
    """The queue of a job type: how long the oldest job has waited, how many wait, whether it is paused."""

    name: str
    wait: Reading
    jobs: int
    paused: bool

    @classmethod
    def of(cls, row: Fields) -> "Queue":
        """From a row of Harbor's list."""
        name = row.name("job_type")
        if not name:
            raise row.fail("job_type is missing")
        return cls(name, waiting(row.number("latency"), of=name), row.count("count"), row.flag("paused"))


main = plugin.main(Probe(
    __name__,
    measure,
    [waiting, crowded, paused, stopped, not_read, all_waiting, paused_queues],
    selects=queues,
    asks=[endpoints.QUEUES],
    services=[
        Service(every="5min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="Jobs wait too long, or a queue is paused. "
                "Look at Administration > Job Service Dashboard, resume what is paused, then look at the log "
                "of jobservice.")
    ],
))  # fmt: skip
