#!/usr/bin/env python3
"""Are the worker pools of the job service alive, and are workers free?

Reads /api/v2.0/jobservice/pools and /api/v2.0/jobservice/pools/all/workers. Without workers there is no garbage
collection, no replication, no scan and no webhook.

States:
  OK        a pool is alive, and workers are free
  WARNING   the last heartbeat of all pools is old (--heartbeat-warning); one of several pools is silent: it crashed,
            Harbor forgets it after ten minutes; nearly all workers are busy (--busy-warning); a job takes long
            (--job-warning)
  CRITICAL  fewer pools are alive than -c asks for (1); the last heartbeat of all pools is very old
            (--heartbeat-critical); a job takes very long (--job-critical)
  UNKNOWN   usage error, no login, a right is missing, no answer that can be judged; with --isolate: another probe
            reports the cause, named in the line (jobservice, redis, database, the login)

-w and -c are the number of live pools, "-w 3:" warns when one of three is gone. A pool gives a sign of life every
5 seconds; one whose last is older than --heartbeat-critical is not alive.

Perfdata:
  pools      pools that are alive
  heartbeat  seconds since the youngest sign of life
  busy       percent of the workers of live pools that have a job
  longest    seconds that the longest job takes already
  time       seconds that the answers took

Rights: jobservice-monitor:list, on system level. Harbor: 2.7 or newer; robot accounts can hold this right from 2.9 on.

Does not see: how many jobs wait (check_harbor_queue), whether jobs succeed (check_harbor_gc, _replication, _scan).
"""

from harborlib import components, endpoints, judgement, options, plugin, summaries, units, words
from harborlib.judgement import Finding, Shown, Threshold
from harborlib.rest import Rest

import nagiosplugin
from nagiosplugin import Warn

NEXT = components.next_step("jobservice")
LONG_JOB = "look at the job in the UI (Administration > Job Service Dashboard > Workers), and stop it if it hangs"


class Workers(nagiosplugin.Resource):
    """The pools with their heartbeats, and what the workers do."""

    def __init__(self, rest, is_alive):
        self.rest = rest
        self.is_alive = is_alive
        self.longest = ""
        self.fine = ""

    def probe(self):
        rows = self.rest.rows(endpoints.POOLS, noun="pool")
        ages = {row.name("worker_pool_id"): self.age(row.moment("heartbeat_at")) for row in rows}
        live = [name for name, age in ages.items() if self.is_alive(age)]
        workers = [row for row in self.rest.rows(endpoints.WORKERS, noun="worker") if row.name("pool_id") in live]
        busy = [row for row in workers if row.text("job_id")]
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("pools", len(live), min=0)
        if ages:
            yield nagiosplugin.Metric("heartbeat", round(min(ages.values())), "s", min=0)
        silent = [words.span(age) for name, age in ages.items() if name not in live]
        text = f"{len(silent)} of {words.number(len(ages), 'pool')} silent, for {', '.join(silent)}"
        yield nagiosplugin.Metric("silent", text if live and silent else "")
        if workers:
            yield nagiosplugin.Metric("busy", round(len(busy) * 100 / len(workers), 1), "%", min=0, max=100)
        yield nagiosplugin.Metric("longest", self.longest_job(busy), "s", min=0)
        alive = words.number(len(live), "worker pool")
        self.fine = f"{alive} alive, {len(busy)} of {words.number(len(workers), 'worker')} busy"

    def age(self, moment):
        """Seconds since then, by the server's clock; never is as long ago as can be."""
        return max(0.0, self.rest.now - (moment or 0.0))

    def longest_job(self, busy):
        """Seconds that the longest job takes, whose name is noted."""
        ages = [(self.age(row.moment("start_at")), row.name("job_name")) for row in busy if "start_at" in row]
        seconds, self.longest = max(ages, default=(0.0, "the longest job"))
        return round(seconds)


def declare(parser):
    options.thresholds(parser, "", "number of live pools", None, "1:", units.COUNT)
    options.thresholds(parser, "heartbeat", "age of the youngest sign of life", "30s", "2min", units.SECONDS)
    options.thresholds(parser, "busy", "percent of the workers that have a job", "90", None, units.PERCENT)
    options.thresholds(parser, "job", "how long a job takes", "12h", "24h", units.SECONDS)


def check(args, harbor):
    workers = Workers(Rest(harbor), args.heartbeat_critical.match)
    heartbeat = (args.heartbeat_warning, args.heartbeat_critical)
    busy = (args.busy_warning, args.busy_critical)
    job = (args.job_warning, args.job_critical)
    return nagiosplugin.Check(
        workers,
        Threshold("pools", args.warning, args.critical, "live worker pools: {value}", next_step=NEXT),
        Threshold("heartbeat", *heartbeat, "last sign of life {value} ago", words.span, NEXT),
        Finding("silent", Warn, NEXT),
        Threshold("busy", *busy, "{value} of the workers busy", words.percent, LONG_JOB),
        Threshold("longest", *job, "{resource.longest} takes {value} already", words.span, LONG_JOB),
        Shown("time"),
        summaries.Summary(workers),
    )


main = plugin.main(__name__, declare, check)
