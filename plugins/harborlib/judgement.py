"""From measured values to judged results: the nagiosplugin classes that every probe builds on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import nagiosplugin
from nagiosplugin import Critical, Ok, Unknown, Warn
from nagiosplugin.state import ServiceState

from . import isolation, units, words

if TYPE_CHECKING:
    from .things import Selection

#: An outage is not hidden by something that could not be judged (nagiosplugin's own order lets UNKNOWN win).
SEVERITY = (Ok, Warn, Unknown, Critical)


def worst(states: Iterable[ServiceState]) -> ServiceState:
    """The most severe of the states; OK for none."""
    return max(states, key=SEVERITY.index, default=Ok)


class Judged(nagiosplugin.Result):
    """A result that knows what kind of symptom it is (isolation.py), whose it is, and the next step.

    `cause` is None while it is the probe's own.
    """

    next_step: str
    kind: str
    cause: isolation.Cause | None

    def __new__(  # type: ignore[no-untyped-def]
        cls, state, hint=None, metric=None, next_step="", kind=isolation.FINDING, cause=None
    ):
        result = super().__new__(cls, state, hint, metric)
        result.next_step, result.kind, result.cause = next_step, kind, cause
        return result

    def __str__(self) -> str:
        """The hint where there is one: it is a whole sentence. Whose failure it is stands in `cause` alone."""
        return self.hint or super().__str__()

    def in_state(self, state: ServiceState) -> Judged:
        """The same in another state."""
        return Judged(state, self.hint, self.metric, self.next_step, self.kind, self.cause)

    def owned_by(self, cause: isolation.Cause) -> Judged:
        """The same as somebody else's: UNKNOWN, and the line will end with the owner."""
        step = f"look at {cause.see} first: this follows from it"
        return Judged(Unknown, str(self), self.metric, step, self.kind, cause)


def named(measure: str, name: str) -> str:
    """The name of a metric, which is its perfdata label, for one measure of one thing; "" is the only one."""
    return f"{measure}_{name}" if name else measure


def thing(metric: nagiosplugin.Metric, measure: str) -> str:
    """Which of many things a metric is about."""
    return metric.name[len(measure) + 1 :]


class Shown(nagiosplugin.ScalarContext):
    """A number that is shown and not judged: its limits, if any, are a hint for graphs.

    `sentence` tells it to people ("": not at all). It may hold `{value}`, which `show` turns into text (words.span,
    words.size ...; None: the number with its unit), `{name}` of the metric, and what the resource knows, as
    `{resource.job}`.
    """

    def __init__(
        self,
        name: str,
        warning: nagiosplugin.Range | None = None,
        critical: nagiosplugin.Range | None = None,
        sentence: str = "",
        show: Callable[[float], str] | None = None,
    ) -> None:
        super().__init__(name, warning, critical, sentence)
        self.sentence = sentence
        self.show = show

    def describe(self, metric: nagiosplugin.Metric) -> str:
        """The sentence."""
        value = self.shown(metric)(metric.value)
        return self.sentence.format(value=value, name=metric.name, resource=metric.resource)

    def shown(self, metric: nagiosplugin.Metric) -> Callable[[float], str]:
        """How numbers of this metric are shown, its limits among them."""
        return self.show or (lambda value: f"{units.plain(value)} {metric.uom or ''}".rstrip())

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """Always ok."""
        return Judged(Ok, None, metric)

    def performance(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> nagiosplugin.Performance:
        """Numbers without exponents; the label is cleaned on output."""
        limits = (str(self.warning), str(self.critical))
        return nagiosplugin.Performance(
            units.label(metric.name), metric.value, metric.uom, *limits, metric.min, metric.max
        )


class Threshold(Shown):
    """A number against a warning and a critical range.

    With a `selection` there is a metric for each of many things, to which `named` gave its name (`measure` is the first
    part of that): the text begins with the thing, and only those chosen by `--perfdata-for` have perfdata. `kind` is
    that of isolation.
    """

    def __init__(
        self,
        name: str,
        warning: nagiosplugin.Range | None,
        critical: nagiosplugin.Range | None,
        sentence: str,
        show: Callable[[float], str] | None = None,
        next_step: str = "",
        *,
        selection: Selection | None = None,
        measure: str = "",
        kind: str = isolation.FINDING,
    ) -> None:
        super().__init__(name, warning, critical, sentence, show)
        self.next_step = next_step
        self.selection = selection
        self.measure = measure or name
        self.kind = kind

    def describe(self, metric: nagiosplugin.Metric) -> str:
        """The sentence, and which thing it is about."""
        before = f"{thing(metric, self.measure)}: " if self.selection and self.sentence else ""
        return before + super().describe(metric)

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """Critical, then warning, then ok; a problem names the limit that was left."""
        for state, allowed in ((Critical, self.critical), (Warn, self.warning)):
            if not allowed.match(metric.value):
                limit = words.limit(allowed, self.shown(metric))
                return Judged(state, f"{self.describe(metric)} ({state} {limit})", metric, self.next_step, self.kind)
        return Judged(Ok, None, metric)

    def performance(
        self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource
    ) -> nagiosplugin.Performance | None:
        """That of the one thing, or of each that is asked for."""
        if self.selection and not self.selection.measures(thing(metric, self.measure)):
            return None
        return super().performance(metric, resource)


class ResponseTime(Threshold):
    """The time a server took; slowness is a symptom that another probe may explain."""

    def __init__(
        self, warning: nagiosplugin.Range, critical: nagiosplugin.Range, sentence: str = "answer after {value}"
    ) -> None:
        step = "look at the load of the Harbor host, then at docker logs harbor-core and harbor-db"
        super().__init__("time", warning, critical, sentence, next_step=step, kind=isolation.SLOW)


class Finding(nagiosplugin.Context):
    """A value that is a problem in words, or "" where all is well; `selection` and `kind` as in Threshold."""

    def __init__(
        self,
        name: str,
        state: ServiceState = Critical,
        next_step: str = "",
        *,
        selection: Selection | None = None,
        kind: str = isolation.FINDING,
    ) -> None:
        super().__init__(name)
        self.state = state
        self.next_step = next_step
        self.selection = selection
        self.kind = kind

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """The problem in its state, or ok."""
        if not metric.value:
            return Judged(Ok, None, metric)
        before = f"{thing(metric, self.name)}: " if self.selection else ""
        return Judged(self.state, before + metric.value, metric, self.next_step, self.kind)


def seconds(value: float) -> nagiosplugin.Metric:
    """The metric `time`, to the millisecond, which every probe yields."""
    return nagiosplugin.Metric("time", round(value, 3), "s", min=0)
