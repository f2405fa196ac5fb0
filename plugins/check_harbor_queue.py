#!/usr/bin/env python3
"""Do jobs wait in Harbor's queues, and is one of them paused?

Reads /api/v2.0/jobservice/queues: for each type of job how many wait, how long the oldest one does, whether an
administrator has paused it.

States:
  OK        no job waits too long, no queue is paused
  WARNING   the oldest job of a type waits long (-w); a queue is paused; many jobs wait (--count-warning)
  CRITICAL  the oldest job of a type waits very long (-c); SCHEDULER is paused, so that no schedule fires at all; very
            many jobs wait (--count-critical)
  UNKNOWN   usage error, no login, a right is missing, no such queue, no answer that can be judged; with --isolate:
            another probe reports the cause, named in the line (jobservice, redis, database, the login)

-w and -c are times, as 15min; the numbers of --count-warning and --count-critical are off by default.

Perfdata:
  latency        seconds that the oldest job of all waits
  count          jobs that wait, in all queues together
  paused         queues that are paused
  latency_TYPE   the same for each queue that --perfdata-for names
  count_TYPE     the same for each queue that --perfdata-for names
  time           seconds that the answer took

Rights: jobservice-monitor:list, on system level. Harbor: 2.7 or newer; robot accounts can hold this right from 2.9 on.

Does not see: jobs that run (check_harbor_workers) and whether they succeed.
"""

from harborlib import endpoints, judgement, options, plugin, summaries, things, units, words
from harborlib.failure import CONTENT, Failure
from harborlib.judgement import Finding, Shown, Threshold, named
from harborlib.rest import Rest
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Critical, Warn

SCHEDULER = "SCHEDULER"  # the queue by which every schedule fires
WAITING = "look at Administration > Job Service Dashboard, and at docker logs harbor-jobservice"
RESUME = "resume it in the UI (Administration > Job Service Dashboard), unless somebody paused it for a reason"


class Queues(nagiosplugin.Resource):
    """The queues of the job service, the one with the longest wait first."""

    def __init__(self, rest, selection):
        self.rest = rest
        self.selection = selection
        self.fine = ""

    def probe(self):
        queues = self.rest.rows(endpoints.QUEUES, noun="queue")
        rows = [row for row in queues if self.selection.takes(row.name("job_type"))]
        self.selection.confirm()
        if not rows:
            raise Failure(CONTENT, "Harbor reports no queue")
        yield judgement.seconds(self.rest.elapsed)
        rows.sort(key=lambda row: -row.count("latency"))
        for row in rows:
            yield from self.queue(row)
        latency, waiting = rows[0].count("latency"), sum(row.count("count") for row in rows)
        yield nagiosplugin.Metric("latency", latency, "s", min=0, context="longest")
        yield nagiosplugin.Metric("count", waiting, min=0, context="waiting")
        yield nagiosplugin.Metric(
            "paused", sum(row.flag("paused") for row in rows), min=0, max=len(rows), context="sum"
        )
        self.fine = f"{words.number(len(rows), 'queue')}, {words.number(waiting, 'job')} waiting"
        self.fine += f", the oldest for {words.span(latency)}" if waiting else ""

    @staticmethod
    def queue(row):
        name, waiting = row.name("job_type"), row.count("count")
        yield nagiosplugin.Metric(named("latency", name), row.count("latency"), "s", min=0, context="latency")
        yield nagiosplugin.Metric(named("count", name), waiting, min=0, context="count")
        if name == SCHEDULER:
            text = "paused, no schedule fires"
            yield nagiosplugin.Metric(named("scheduler", name), text if row.flag("paused") else "", context="scheduler")
        else:
            text = f"paused, {words.number(waiting, 'job')} waiting"
            yield nagiosplugin.Metric(named("pause", name), text if row.flag("paused") else "", context="pause")


def declare(parser):
    options.thresholds(parser, "", "time that the oldest job waits", "15min", "60min", units.SECONDS)
    options.thresholds(parser, "count", "number of jobs that wait", None, None, units.COUNT)
    things.declare(parser, "queues", "--type")


def check(args, harbor):
    selection = Selection(args, "queue")
    queues = Queues(Rest(harbor), selection)
    latency, count = (args.warning, args.critical), (args.count_warning, args.count_critical)
    return nagiosplugin.Check(
        queues,
        Threshold("latency", *latency, "the oldest job waits {value}", words.span, WAITING, selection=selection),
        Threshold("count", *count, "{value} jobs wait", next_step=WAITING, selection=selection),
        Finding("pause", Warn, RESUME, selection=selection),
        Finding("scheduler", Critical, RESUME, selection=selection),
        Shown("longest", *latency),
        Shown("waiting", *count),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(queues),
    )


main = plugin.main(__name__, declare, check)
