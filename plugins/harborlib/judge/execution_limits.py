"""How a probe judges executions (executions.History).

Each probe defines its limits and states; this module applies them, the same way for all probes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator

from harborlib.text import units, words

from .executions import History
from .isolation import STANDSTILL
from .readings import Limit, Measure, Problem, Reading
from .unread import NotRead


class SuccessAge(Limit):
    """Seconds since the last success ended, or for how long there has been no success at all."""

    def __init__(self, id: str, warning: str | None, critical: str | None, next_step: str) -> None:  # noqa: A002
        super().__init__(id, "age", units.SECONDS, "last success {value} ago", warning, critical,
                         help="age of the last success", next_step=next_step)  # fmt: skip

    def say(self, reading: Reading) -> str:
        """The sentence, which is different if no success is known."""
        value = self.show(reading.value or 0)
        return (
            f"no successful execution for at least {value}"
            if reading.words.get("never")
            else f"last success {value} ago"
        )


class RunningTime(Limit):
    """Seconds that the current execution has been running. One that never ends can be the job service's fault."""

    def __init__(self, id: str, warning: str, critical: str, next_step: str, *, option: str = "running",  # noqa: A002
                 help: str = "how long an execution has been running") -> None:  # noqa: A002  # fmt: skip
        super().__init__(id, "running", units.SECONDS, "an execution has been running for {value}", warning, critical,
                         option=option, help=help, next_step=next_step, symptom=STANDSTILL)  # fmt: skip

    def say(self, reading: Reading) -> str:
        """The sentence; empty if nothing is running."""
        return super().say(reading) if reading.value else ""


class Executions:
    """The judgment of executions by these limits and problems; `grace` is the default of --schedule-grace.

    `unscheduled` is omitted if an item needs no schedule, `lost` if Harbor does not count the tasks.
    """

    def __init__(
        self, *, success: Limit, running: Limit, failed: Problem, missed: Problem, grace: str,
        not_read: NotRead, unscheduled: Problem | None = None, lost: Problem | None = None, what: str = "execution",
    ) -> None:  # fmt: skip
        self.success = success
        self.running = running
        self.failed = failed
        self.missed = missed
        self.not_read = not_read
        self.unscheduled = unscheduled
        self.lost = lost
        self.grace = grace
        self.what = what

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Everything that can become a problem."""
        found = (self.success, self.running, self.failed, self.missed, self.unscheduled, self.lost, self.not_read)
        return tuple(measure for measure in found if measure)

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of the limits, and --schedule-grace."""
        self.success.declare(parser)
        self.running.declare(parser)
        parser.add_argument("--schedule-grace", metavar="TIME", type=units.duration, default=self.grace,
                            help=f"how late a scheduled {self.what} may begin (default {self.grace})")  # fmt: skip

    def readings(self, history: History, of: str = "", unscheduled: str = "") -> Iterator[Reading]:
        """The readings of one history; `unscheduled` is the text of the problem that it has no schedule."""
        if history.problem:
            yield self.failed(history.problem, of)
        if self.unscheduled and unscheduled and not history.schedule:
            yield self.unscheduled(unscheduled, of)
        if history.missed:
            text = f"the schedule ({history.schedule}) did not fire at {words.moment(history.missed)}"
            yield self.missed(text, of)
        if self.lost and history.lost:
            yield self.lost(history.lost_track, of)
        yield from self.not_read.readings(history.unread, of)
        if history.age is not None:
            yield self.success(round(history.age), of)
        elif history.fruitless is not None:
            yield self.success(round(history.fruitless), of, never=True)
        yield self.running(round(history.elapsed), of)

    def worst(self, histories: Iterable[History]) -> Iterator[Reading]:
        """The largest of the times of many histories."""
        found = list(histories)
        ages = [history.age if history.age is not None else history.fruitless or 0 for history in found]
        yield self.success.worst(round(max(ages, default=0)))
        yield self.running.worst(round(max((history.elapsed for history in found), default=0)))
