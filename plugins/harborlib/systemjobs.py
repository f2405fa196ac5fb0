"""The two jobs that Harbor runs for itself on a schedule: garbage collection and the purge of the audit log."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import nagiosplugin

from . import judgement, runs, summaries
from .endpoints import Endpoint
from .fields import Fields
from .judgement import Shown
from .rest import Rest
from .runs import History, Run, Schedule


class SystemJob(nagiosplugin.Resource):
    """The newest runs of one job and its schedule; both jobs have the same shape, at other endpoints.

    `job` is its name in messages.
    """

    job: str
    endpoint: Endpoint
    schedule_endpoint: Endpoint

    def __init__(self, rest: Rest, grace: float) -> None:
        self.rest = rest
        self.grace = grace
        self.fine = ""

    def probe(self) -> Iterator[nagiosplugin.Metric]:
        """What runs.contexts judge, and how long the last real run took."""
        rows = self.rest.first_page(self.endpoint, noun="run", sort="-creation_time")
        found = self.rest.find(self.schedule_endpoint)
        parameters = {row.number("id"): row.packed("job_parameters") for row in rows}
        history = History(
            [run_of(row, parameters[row.number("id")]) for row in rows],
            self.rest.now,
            schedule_of(found),
            self.grace,
        )
        yield judgement.seconds(self.rest.elapsed)
        yield from history.metrics(unscheduled=f"no {self.job} is scheduled")
        self.fine = f"{self.job}: {history.told}"
        if history.success:
            yield nagiosplugin.Metric("duration", round(history.success.duration), "s", min=0, context="value")
            yield from self.yields(parameters[history.success.number])
        if history.schedule:
            self.fine += f", scheduled {history.schedule}"

    def yields(self, parameters: Fields) -> Iterator[nagiosplugin.Metric]:
        """What a probe tells of the last success besides; may add to `fine`."""
        return iter(())


def check(job: SystemJob, args: argparse.Namespace, next_step: str) -> nagiosplugin.Check:
    """The judgement of a job by the options of runs.declare."""
    contexts = runs.contexts(args, next_step)
    return nagiosplugin.Check(job, *contexts, Shown("time"), Shown("value"), summaries.Summary(job))


def run_of(row: Fields, parameters: Fields) -> Run:
    """One row of /system/gc or /system/purgeaudit."""
    counts = not parameters.flag("dry_run")
    return Run.of(row, "creation_time", "update_time", "job_status", "job_kind", counts)


def schedule_of(found: Fields | None) -> Schedule | None:
    """The answer of a schedule endpoint; None where nothing is scheduled."""
    text = found.inner("schedule").name("cron") if found else ""
    return Schedule(text, found.moment("update_time")) if found and text else None
