"""From measured values to judged results: the nagiosplugin classes that every probe builds on."""

from __future__ import annotations

from collections.abc import Iterable

import nagiosplugin
from nagiosplugin import Critical, Ok, Unknown, Warn
from nagiosplugin.state import ServiceState

from . import isolation, units

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
        """The hint where there is one: it is a whole sentence."""
        return self.hint or super().__str__()

    def in_state(self, state: ServiceState) -> Judged:
        """The same in another state."""
        return Judged(state, self.hint, self.metric, self.next_step, self.kind, self.cause)

    def owned_by(self, cause: isolation.Cause) -> Judged:
        """The same as somebody else's: UNKNOWN, and the line names the owner."""
        hint = f"{self}; {cause.because} (see {cause.see})"
        return Judged(Unknown, hint, self.metric, f"{cause.see} tells more: this follows from it", self.kind, cause)


class Threshold(nagiosplugin.ScalarContext):
    """A number against a warning and a critical range. `words` says what it is: `"answer after {valueunit}"`."""

    kind = isolation.FINDING

    def __init__(
        self,
        name: str,
        warning: nagiosplugin.Range | None,
        critical: nagiosplugin.Range | None,
        words: str,
        next_step: str = "",
    ) -> None:
        super().__init__(name, warning, critical, fmt_metric=words)
        self.next_step = next_step

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """Critical, then warning, then ok, with the range that was left."""
        for state, limit in ((Critical, self.critical), (Warn, self.warning)):
            if not limit.match(metric.value):
                hint = f"{self.describe(metric)} ({state} at {limit})"
                return Judged(state, hint, metric, self.next_step, self.kind)
        return Judged(Ok, None, metric)

    def performance(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> nagiosplugin.Performance:
        """Numbers without exponents; the label is cleaned on output."""
        limits = (str(self.warning), str(self.critical))
        return nagiosplugin.Performance(
            units.label(metric.name), metric.value, metric.uom, *limits, metric.min, metric.max
        )


class ResponseTime(Threshold):
    """The time a server took; slowness is a symptom that another probe may explain."""

    kind = isolation.SLOW

    def __init__(self, warning: nagiosplugin.Range, critical: nagiosplugin.Range) -> None:
        step = "look at the load of the Harbor host, then at docker logs harbor-core and harbor-db"
        super().__init__("time", warning, critical, "answer after {valueunit}", step)


class Finding(nagiosplugin.Context):
    """A value that is a problem in words, or "" where all is well."""

    def __init__(self, name: str, state: ServiceState = Critical, next_step: str = "") -> None:
        super().__init__(name)
        self.state = state
        self.next_step = next_step

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """The problem in its state, or ok."""
        return Judged(self.state, metric.value, metric, self.next_step) if metric.value else Judged(Ok, None, metric)


def seconds(value: float) -> nagiosplugin.Metric:
    """The metric `time`, to the millisecond, which every probe yields."""
    return nagiosplugin.Metric("time", round(value, 3), "s", min=0)


class Summary(nagiosplugin.Summary):
    """The first line: what the resource says when all is well, else the problems, worst first.

    The resource needs an attribute `fine`: the sentence for OK.
    """

    def __init__(self, resource: nagiosplugin.Resource) -> None:
        self.resource = resource

    def ok(self, results: nagiosplugin.Results) -> str:
        """What was seen."""
        return self.resource.fine

    def problem(self, results: nagiosplugin.Results) -> str:
        """The most severe problems; the others stand in the lines below."""
        state = worst(result.state for result in results)
        texts = list(dict.fromkeys(str(result) for result in results if result.state == state))
        return "; ".join(texts)
