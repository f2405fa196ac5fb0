"""Runs of something that Harbor does again and again: garbage collection, purges, retention, replication, scans.

The newest finished run decides, one that is under way is judged by how long it takes, dry runs do not count. Whether a
schedule fires is seen from the runs alone: /schedules and next_scheduled_time come from the database and stay as they
are when the job service has forgotten the schedule (goharbor/harbor issues 18836 and 15323).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Union

import nagiosplugin
from nagiosplugin import Warn

from . import cron, isolation, options, units, words
from .failure import CONTENT, Failure
from .fields import Fields
from .judgement import Finding, Shown, Threshold, named
from .things import Selection

#: Harbor's three vocabularies: jobs, replication, and retention (which uses both).
SUCCEEDED, FAILED, STOPPED, RUNNING = "succeeded", "failed", "stopped", "running"
OUTCOMES = {
    **dict.fromkeys(("success", "succeed", "succeeded"), SUCCEEDED),
    **dict.fromkeys(("error", "failed", "failure"), FAILED),
    "stopped": STOPPED,
    **dict.fromkeys(("pending", "scheduled", "running", "inprogress"), RUNNING),
}
#: What warns and what is critical.
Limits = tuple[Union[nagiosplugin.Range, None], Union[nagiosplugin.Range, None]]
KEPT = 3  # runs of each history that are kept, the newest
SLACK = 60  # seconds by which a run may seem to begin before its schedule fired: clocks differ


class Run(NamedTuple):
    """One run. Times in seconds since 1970; `scheduled`: started by the schedule; `counts`: neither dry nor skipped."""

    number: int
    outcome: str
    started: float
    ended: float | None
    scheduled: bool
    counts: bool = True

    @classmethod
    def of(
        cls,
        row: Fields,
        started: str = "start_time",
        ended: str = "end_time",
        status: str = "status",
        trigger: str = "trigger",
        counts: bool = True,
    ) -> Run:
        """From a row of any list of runs; the arguments name its fields. Raises Failure (content)."""
        word = row.name(status)
        if word.lower() not in OUTCOMES:
            raise row.fail(f"the unknown {status} {word or '(none)'}")
        outcome = OUTCOMES[word.lower()]
        begun = row.moment(started) or 0.0
        end = None if outcome == RUNNING else row.moment(ended) or begun
        scheduled = row.text(trigger).lower().startswith("schedule")
        return cls(row.number("id"), outcome, begun, end, scheduled, counts)

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 while it runs."""
        return max(0.0, (self.ended or self.started) - self.started)


class Schedule(NamedTuple):
    """A cron expression, and since when it stands (None: not known, but surely since the oldest run)."""

    text: str
    since: float | None = None

    def __str__(self) -> str:
        return f"{self.text} UTC"

    def due(self, since: float, until: float) -> float | None:
        """The last time in between at which it should have fired; None: there was none. Raises Failure (content)."""
        try:
            fired = cron.parse(self.text).previous(until)
        except ValueError as error:
            raise Failure(CONTENT, f"the schedule is not understood: {error}") from None
        return fired if fired is not None and fired > since else None


class History:
    """The newest runs of one thing, judged at `now` (the server's clock, seconds since 1970).

    `runs` are the newest of all of them, `finished` of those that count and have ended: KEPT of each.
    """

    def __init__(self, runs: Iterable[Run], now: float, schedule: Schedule | None = None, grace: float = 0.0) -> None:
        self.now = now
        self.schedule = schedule
        known = sorted(runs, key=lambda run: (run.started, run.number), reverse=True)
        finished = [run for run in known if run.counts and run.outcome != RUNNING]
        self.runs, self.finished = known[:KEPT], finished[:KEPT]
        self.newest = finished[0] if finished else None
        self.oldest = finished[-1] if finished else None
        self.success = next((run for run in finished if run.outcome == SUCCEEDED), None)
        newer = [run for run in known if run.outcome == RUNNING and run.started >= self._begun(self.newest)]
        self.running = min(newer, key=lambda run: run.started, default=None)
        self.missed = self._missed(known, grace)

    @staticmethod
    def _begun(run: Run | None) -> float:
        return run.started if run else 0.0

    def _missed(self, runs: Sequence[Run], grace: float) -> float | None:
        """When the schedule should have fired and did not, as far as that is longer ago than the grace."""
        if self.schedule is None:
            return None
        oldest = runs[-1].started if runs else self.now
        since = oldest if self.schedule.since is None else self.schedule.since
        due = self.schedule.due(since, self.now - grace)
        if due is None or any(run.scheduled and run.started >= due - SLACK for run in runs):
            return None
        return due

    def ago(self, moment: float) -> float:
        """Seconds from then to now."""
        return max(0.0, self.now - moment)

    @property
    def age(self) -> float | None:
        """Seconds since the last success ended; None where there is none."""
        return self.ago(self.success.ended or 0.0) if self.success else None

    @property
    def fruitless(self) -> float | None:
        """Seconds for which, at least, there was no success although there should have been one; None: all in order."""
        if self.success:
            return None
        if self.oldest:
            return self.ago(self.oldest.started)
        return self.ago(self.schedule.since) if self.missed and self.schedule and self.schedule.since else None

    @property
    def problem(self) -> str:
        """What was wrong with the newest finished run, or ""."""
        run = self.newest
        if run is None or run.outcome == SUCCEEDED:
            return ""
        ended = f"{words.span(self.ago(run.ended or 0.0))} ago, {words.moment(run.ended or 0.0)}"
        return f"the last run {'failed' if run.outcome == FAILED else 'was stopped'} {ended} (run {run.number})"

    @property
    def told(self) -> str:
        """The state of affairs in a few words, for when all is well."""
        if self.newest and self.newest.outcome == SUCCEEDED:
            took = words.span(self.newest.duration)
            text = f"last run succeeded {words.span(self.ago(self.newest.ended or 0.0))} ago, took {took}"
        else:
            text = "no run yet" if self.newest is None else "last run did not succeed"
        return text + (f", one runs for {words.span(self.ago(self.running.started))}" if self.running else "")

    def metrics(self, name: str = "", unscheduled: str = "") -> Iterator[nagiosplugin.Metric]:
        """What `contexts` judge.

        `name` is that of one thing among many; `unscheduled` is the problem that it is to have no schedule, or "".
        """
        for aspect, text in self.troubles(unscheduled):
            yield nagiosplugin.Metric(named(aspect, name), text, context=aspect)
        for aspect, measure, seconds in self.spans():
            yield nagiosplugin.Metric(named(measure, name), round(seconds), "s", min=0, context=aspect)

    def spans(self) -> Iterator[tuple[str, str, float]]:
        """The times that are judged: the context, what it is called in the perfdata, and seconds."""
        if self.age is not None:
            yield "age", "age", self.age
        if self.fruitless is not None:
            yield "fruitless", "age", self.fruitless
        if self.running:
            yield "running", "running", self.ago(self.running.started)
        else:
            yield "idle", "running", 0.0

    def troubles(self, unscheduled: str) -> Iterator[tuple[str, str]]:
        """What is wrong, in words: the context that judges it, and the text."""
        if self.problem:
            yield "last", self.problem
        if unscheduled and not self.schedule:
            yield "unscheduled", unscheduled
        if self.missed and self.schedule:
            yield "schedule", f"the schedule {self.schedule} did not fire at {words.moment(self.missed)}"


def totals(histories: Iterable[History]) -> Iterator[nagiosplugin.Metric]:
    """The largest of the times of many things, which `contexts` show and do not judge."""
    spans = [span for history in histories for span in history.spans()]
    for context, measure in (("oldest", "age"), ("longest", "running")):
        largest = max((seconds for _, name, seconds in spans if name == measure), default=0.0)
        yield nagiosplugin.Metric(measure, round(largest), "s", min=0, context=context)


def declare(parser: argparse.ArgumentParser) -> None:
    """The options of a probe that judges runs."""
    options.thresholds(parser, "", "age of the last success", "8d", "15d", units.SECONDS)
    options.thresholds(parser, "running", "how long a run takes", "12h", "24h", units.SECONDS)
    parser.add_argument("--schedule-grace", metavar="TIME", type=units.duration, default=3600.0,
                        help="how late a scheduled run may begin (default 1h)")  # fmt: skip


def contexts(
    args: argparse.Namespace, next_step: str, selection: Selection | None = None
) -> list[nagiosplugin.Context]:
    """The judgement of `History.metrics` by the options of `declare`."""
    return judged_by((args.warning, args.critical), (args.running_warning, args.running_critical), next_step, selection)


def judged_by(
    age: Limits, running: Limits, next_step: str, selection: Selection | None = None, kind: str = isolation.FINDING
) -> list[nagiosplugin.Context]:
    """The judgement of `History.metrics`: a failure and a schedule that stands still are warnings.

    What keeps a run from beginning or from ending can be the job service: isolation hands those to it. `kind` is that
    of a failure.
    """
    again = "save the schedule anew in the UI, so that the job service learns of it; " + next_step
    still = isolation.STANDSTILL
    return [
        Finding("last", Warn, next_step, selection=selection, kind=kind),
        Finding("unscheduled", Warn, "set a schedule in Harbor's UI", selection=selection),
        Finding("schedule", Warn, again, selection=selection, kind=still),
        Threshold("age", *age, "last success {value} ago", words.span, next_step, selection=selection),
        Threshold("fruitless", *age, "no success for {value} or longer", words.span, next_step, selection=selection,
                 measure="age"),
        Threshold("running", *running, "a run takes {value} already", words.span, next_step, selection=selection,
                 kind=still),
        Threshold("idle", *running, "", selection=selection, measure="running"),
        Shown("oldest", *age),
        Shown("longest", *running),
    ]  # fmt: skip
