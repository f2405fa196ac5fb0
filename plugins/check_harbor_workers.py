#!/usr/bin/env python3
"""Are the worker pools of the job service alive, and are workers free?

Reads /api/v2.0/jobservice/pools and /api/v2.0/jobservice/pools/all/workers. Without workers there is no garbage
collection, no replication, no scan and no webhook.

States:
  OK        a pool is alive, and workers are free
  WARNING   the last heartbeat of all pools is old (--heartbeat-warning); one of several pools sends no heartbeat: it
            crashed, and Harbor forgets it after ten minutes; nearly all workers are busy (--busy-warning); a job has
            been running too long (--job-warning)
  CRITICAL  fewer pools are alive than -c asks for (1); the last heartbeat of all pools is very old
            (--heartbeat-critical); a job has been running far too long (--job-critical)
  UNKNOWN   usage error, no credentials, a missing permission, an unexpected answer; with --isolate: another probe
            reports the cause, named in the line (jobservice, redis, database, the credentials)

-w and -c are numbers of live pools: "-w 3" warns when one of three is gone. A pool sends a heartbeat every 5 seconds; a
pool whose last heartbeat is older than --heartbeat-critical does not count as alive.

Perfdata:
  pools      pools that are alive
  heartbeat  seconds since the most recent heartbeat
  busy       percent of the workers of live pools that have a job
  longest    seconds that the longest job has been running
  time       seconds that the answers took

Permissions: jobservice-monitor:list, at the system level. Harbor: 2.7 or newer; robot accounts can hold this permission
from 2.9 on.

Does not see: how many jobs wait (check_harbor_queue), whether jobs succeed (check_harbor_gc, _replication, _scan).
"""

import harbor_preloaded

from functools import partial
from typing import NamedTuple, Optional

from harborlib.harbor import Rest, Run, components, endpoints
from harborlib.harbor.fields import Fields
from harborlib.judge import Limit, NotRead, Problem, Readings, each_row
from harborlib.run import Probe, Service, plugin
from harborlib.text import COUNT, PERCENT, SECONDS, WARNING, words
from harborlib.text.units import LOW
from harborlib.wire import Failure

JOBSERVICE = components.next_step("jobservice")
LONG_JOB = "check the job in the web UI (Administration > Job Service Dashboard > Workers), and stop it if it hangs"

pools = Limit("workers.too-few-pools", "pools", COUNT, "live worker pools: {value}", None, "1:", bad=LOW,
              help="number of live pools", next_step=JOBSERVICE)  # fmt: skip
heartbeat = Limit("workers.heartbeat-too-old", "heartbeat", SECONDS, "last heartbeat {value} ago", "30s", "2min",
                  option="heartbeat", help="age of the most recent heartbeat", next_step=JOBSERVICE)  # fmt: skip
silent = Problem("workers.pool-silent", WARNING, JOBSERVICE)
busy = Limit("workers.nearly-all-busy", "busy", PERCENT, "{value} of the workers busy", "90%", None,
             option="busy", help="percent of the workers that have a job", next_step=LONG_JOB)  # fmt: skip
longest = Limit("workers.job-too-long", "longest", SECONDS, "{job} has been running for {value}", "12h", "24h",
                option="job", help="how long a job has been running", next_step=LONG_JOB)  # fmt: skip
idle_pools = Problem("workers.no-worker", WARNING, JOBSERVICE)
not_read = NotRead("workers.not-read")


def measure(run: Run) -> Readings:
    """The pools with their heartbeats, and what the workers do."""
    rest, is_alive = run.rest, run.args.heartbeat_critical.match
    unread: dict[str, Failure] = {}
    ages = dict(each_row(rest.rows(endpoints.POOLS, noun="pool"), partial(pool_of, rest), unread, "pool"))
    live = [name for name, seconds in ages.items() if is_alive(seconds)]
    yield pools(len(live))
    if ages:
        yield heartbeat(round(min(ages.values())))
    quiet = [words.span(seconds) for name, seconds in ages.items() if name not in live]
    if live and quiet:
        yield silent(f"{len(quiet)} of {words.number(len(ages), 'pool')} silent, for {', '.join(quiet)}")
    every = each_row(rest.rows(endpoints.WORKERS, noun="worker"), partial(Worker.of, rest), unread, "worker")
    yield from not_read.readings(unread)
    workers = [worker for worker in every if worker.pool in live]
    working = [(worker.seconds, worker.job) for worker in workers if worker.seconds is not None]
    if live and not workers:
        yield idle_pools("Harbor lists no worker of a live pool, so no job is done")
    if workers:
        yield busy(words.share(len(working), len(workers)), high=100)
    seconds, job = max(working, default=(0.0, "the longest job"))
    yield longest(round(seconds), job=job)
    alive = words.number(len(live), "worker pool")
    return f"{alive} alive, {len(working)} of {words.number(len(workers), 'worker')} busy"


class Worker(NamedTuple):
    """A worker of a pool, its job, and the seconds since that started (None: it is idle)."""

    pool: str
    job: str = ""
    seconds: Optional[float] = None

    @classmethod
    def of(cls, rest: Rest, row: Fields) -> "Worker":
        """From a row of Harbor's list."""
        pool = row.name("pool_id")
        if not row.text("job_id"):
            return cls(pool)
        return cls(pool, row.name("job_name"), age(rest, row.moment("start_at") or rest.now))


def pool_of(rest: Rest, row: Fields) -> tuple[str, float]:
    """The name of a pool, and the seconds since its last heartbeat."""
    return row.name("worker_pool_id"), age(rest, row.moment("heartbeat_at"))


def age(rest: Rest, moment: Optional[float]) -> float:
    """Seconds since then, by the server's clock; for never, the longest possible time."""
    return max(0.0, rest.now - (moment or 0.0))


main = plugin.main(Probe(
    __name__,
    measure,
    [pools, heartbeat, silent, busy, longest, idle_pools, not_read],
    asks=[endpoints.POOLS, endpoints.WORKERS],
    services=[
        Service(every="5min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="No worker pool is alive, or no worker is free: jobs have stopped. "
                "Look at the log of jobservice, then for jobs that hang.")
    ],
))  # fmt: skip
