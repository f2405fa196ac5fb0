"""What a probe measures and how each value is judged.

A declaration that is called with a value is a reading:

    waiting = Limit("queue.waiting", "latency", SECONDS, "the oldest job waits {value}", "15min", "60min", ...)
    paused = Problem("queue.paused", WARNING, next_step=RESUME)

    def measure(run):
        yield waiting(840, of="REPLICATION")
        yield paused("paused, 3 jobs waiting", of="WEBHOOK")
        return "12 queues, 3 jobs waiting"           # what an operator reads when all is well

No measurement can miss its judgment, and a limit brings its own options. `measured` passes readings to nagiosplugin.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from harborlib.text import units, words
from harborlib.text.finding import Finding
from harborlib.text.states import CRITICAL, OK, WARNING
from harborlib.text.units import Unit
from harborlib.wire.failure import CONTENT, Failure

import nagiosplugin

from . import isolation

Options = argparse.Namespace
Range = Optional[nagiosplugin.Range]


class Reading(NamedTuple):
    """One measurement.

    `value` is a number in the unit of the measure, None for a problem in words (`text`). `of` names the item among many
    (a queue, a project). `label` is its name in the perfdata, `high` the greatest possible value. `words` fill in the
    sentence of the measure. `state` and `next_step` override those of a problem.
    """

    measure: Measure
    value: float | None = None
    text: str = ""
    of: str = ""
    label: str = ""
    high: float | None = None
    words: Mapping[str, Any] = {}
    state: str = ""
    next_step: str = ""


class Measure:
    """What all measures have in common: they are shown, and judged OK.

    `id` is the stable id of its problems ("" if it never is one), `symptom` their kind for isolation, `low` the
    smallest possible value, `bad` says which values are bad, HIGH or LOW ones.
    """

    id = ""
    low: float | None = None
    bad = units.HIGH
    unit: Unit = units.COUNT
    symptom = isolation.FINDING

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options that the judgment needs."""

    @property
    def measures(self) -> Sequence[Measure]:
        """The measure itself: a probe can also judge by several measures that belong together."""
        return (self,)

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """The warning and the critical range; None if there is none."""
        return None, None

    def judge(self, reading: Reading, args: Options) -> Finding:
        """The judgment of one reading."""
        return Finding(self.id, OK, "", reading.of)


class Shown(Measure):
    """A number in the perfdata that is not judged.

    `sentence` is shown to users who ask for details (`{value}`, `{label}`), `low` is the smallest possible value. An
    impossible value is an unexpected answer, unless the measure is `clamped`: then the nearest possible value is used.
    That is for numbers that are known to deviate, such as a duration between two clocks.
    """

    def __init__(self, label: str, unit: Unit = units.COUNT, sentence: str = "", low: float | None = 0,
                 clamped: bool = False, bad: str = units.HIGH) -> None:  # fmt: skip
        self.label = label
        self.unit = unit
        self.sentence = sentence
        self.low = low
        self.clamped = clamped
        self.bad = bad
        self.show: Callable[[float], str] = lambda value: f"{units.plain(value)} {unit.uom}".rstrip()

    def __call__(self, value: float, of: str = "", high: float | None = None, label: str = "", **words: Any) -> Reading:
        """The reading of this value, `of` one item among many; `words` fill in its sentence. Raises Failure."""
        name = label or self.label
        value = self.possible(value, self.low, high)
        return Reading(self, value, of=of, label=f"{name}_{of}" if of else name, high=high, words=words)

    def possible(self, value: float, low: float | None, high: float | None) -> float:
        """The value, within the smallest and the greatest possible one; raises Failure (content)."""
        nearest = value if low is None else max(low, value)
        nearest = nearest if high is None else min(high, nearest)
        if nearest != value and not self.clamped:
            raise Failure(CONTENT, f"unexpected answer: {self.label} cannot be {units.plain(value)}")
        return nearest

    def say(self, reading: Reading) -> str:
        """The sentence about a reading."""
        value = self.show(reading.value or 0)
        return self.sentence.format(value=value, label=reading.label, **reading.words)

    def judge(self, reading: Reading, args: Options) -> Finding:
        """OK."""
        text = self.say(reading)
        return Finding(self.id, OK, text, reading.of if text else "")


class Limit(Shown):
    """A number compared with a warning and a critical range, which are options of the probe.

    `warning` and `critical` are the defaults in the operator's notation, `computed` describes those that the probe
    computes. `option` names the options: "" is -w and -c, "job" is --job-warning and --job-critical. `bad` says which
    values are bad, HIGH or LOW ones; thresholds are validated by it. `help` says in --help what is measured. `show`
    formats numbers if the unit's own format does not fit.
    """

    def __init__(
        self,
        id: str,  # noqa: A002  the name used everywhere else
        label: str,
        unit: Unit,
        sentence: str,
        warning: str | None = None,
        critical: str | None = None,
        *,
        option: str = "",
        bad: str = units.HIGH,
        help: str = "",  # noqa: A002  argparse's name
        next_step: str = "",
        show: Callable[[float], str] | None = None,
        low: float | None = 0,
        clamped: bool = False,
        symptom: str = isolation.FINDING,
        computed: tuple[str, str] = ("", ""),
    ) -> None:
        super().__init__(label, unit, sentence, low, clamped, bad)
        self.id = id
        self.defaults = (warning, critical)
        self.computed = computed
        self.option = option
        self.help = help
        self.next_step = next_step
        self.show = show or unit.show
        self.symptom = symptom

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare -w and -c, or --NAME-warning and --NAME-critical."""
        units.declare(parser, self.option, self.help, *self.defaults, self.unit, self.bad, self.computed)

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """The ranges of the options."""
        stem = f"{self.option.replace('-', '_')}_" if self.option else ""
        return getattr(args, f"{stem}warning"), getattr(args, f"{stem}critical")

    def worst(self, value: float, low: float | None = None, high: float | None = None) -> Reading:
        """The worst of many as one number: shown in the perfdata with these limits; each of the many is judged itself.

        `low` and `high` are the smallest and the greatest possible value, if the single readings do not define them.
        """
        smallest = self.low if low is None else low
        return Reading(Worst(self, smallest), self.possible(value, smallest, high), label=self.label, high=high)

    def judge(self, reading: Reading, args: Options) -> Finding:
        """Critical, then warning, then OK; a problem names the limit that was violated."""
        text, value = self.say(reading), reading.value or 0
        warning, critical = self.limits(reading, args)
        for state, allowed in ((CRITICAL, critical), (WARNING, warning)):
            if allowed and not allowed.match(value):
                limit = f"{state.lower()} {words.limit(allowed, self.show)}"
                values = {"value": value, "unit": self.unit.uom, "limit": str(allowed)}
                return Finding(self.id, state, text, reading.of, limit, values=values, next_step=self.next_step)
        return Finding(self.id, OK, text, reading.of if text else "")


class Worst(Measure):
    """The worst value of a limit over many items."""

    def __init__(self, limit: Limit, low: float | None) -> None:
        self.limit = limit
        self.unit = limit.unit
        self.bad = limit.bad
        self.low = low

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """Those of the limit: a hint for graphs."""
        return self.limit.limits(reading, args)


class Problem(Measure):
    """A problem described in words. It is called only if the problem exists."""

    def __init__(self, id: str, state: str, next_step: str = "", symptom: str = isolation.FINDING) -> None:  # noqa: A002
        self.id = id
        self.state = state
        self.next_step = next_step
        self.symptom = symptom

    def __call__(self, text: str, of: str = "", state: str = "", next_step: str = "") -> Reading:
        """The reading that this problem exists; without a text it does not."""
        return Reading(self, text=text, of=of, state=state, next_step=next_step)

    def judge(self, reading: Reading, args: Options) -> Finding:
        """The problem with its state."""
        step = reading.next_step or self.next_step
        return Finding(self.id, reading.state or self.state, reading.text, reading.of, next_step=step)


class ResponseTime(Limit):
    """The time that a server took. Slowness is a symptom that another probe may explain."""

    def __init__(self, id: str, warning: str, critical: str, sentence: str = "the answer took {value}",  # noqa: A002
                 help: str = "response time") -> None:  # noqa: A002  # fmt: skip
        step = "check the load with {load}, then slow statements in the database (pg_stat_activity)"
        super().__init__(id, "time", units.SECONDS, sentence, warning, critical, help=help, next_step=step,
                         show=lambda value: f"{units.plain(value)} s", symptom=isolation.SLOW)  # fmt: skip

    def __call__(self, value: float, *args: Any, **more: Any) -> Reading:
        """The reading of a response time in seconds."""
        return super().__call__(round(value, 3), *args, **more)
