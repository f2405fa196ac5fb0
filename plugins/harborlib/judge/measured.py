"""The only adapter to nagiosplugin: a probe's readings as metrics of a Resource, judged by a Context."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterator

from harborlib.text import units
from harborlib.text.cleaning import redacted
from harborlib.text.finding import Finding
from harborlib.text.first_line import Summary
from harborlib.text.report import Measure

import nagiosplugin

from .readings import Reading
from .selection import matches

#: What a probe yields while it measures; it returns the sentence that is shown when all is well.
Readings = Generator[Reading, None, "str | Summary"]
#: Our states as nagiosplugin's.
STATES = {
    "OK": nagiosplugin.Ok,
    "WARNING": nagiosplugin.Warn,
    "CRITICAL": nagiosplugin.Critical,
    "UNKNOWN": nagiosplugin.Unknown,
}


class Judged(nagiosplugin.Result):
    """A result with its finding, and with the kind of symptom that it is for isolation."""

    finding: Finding
    symptom: str

    @classmethod
    def of(cls, finding: Finding, symptom: str, metric: nagiosplugin.Metric | None = None) -> Judged:
        """From a finding; `metric` is what it was judged by."""
        result: Judged = cls(STATES[finding.state], None, metric)
        result.finding, result.symptom = finding, symptom
        return result


class Measured(nagiosplugin.Resource):
    """The readings of one run. `time` is added to them, unless they include their own or there is none.

    After the measurement, `summary` is what was seen, and `added` is the reading of the time.
    """

    def __init__(self, readings: Readings, args: argparse.Namespace, time: Callable[[], Reading | None]) -> None:
        self.readings = readings
        self.args = args
        self.time = time
        self.summary = Summary("")
        self.added: Reading | None = None

    def probe(self) -> Iterator[nagiosplugin.Metric]:
        """The readings as metrics, each as soon as it is available: those before a failure or a hang count."""
        labels = set()
        failure = None
        while True:
            try:
                reading = next(self.readings)
            except StopIteration as end:
                self.summary = end.value if isinstance(end.value, Summary) else Summary(end.value)
                break
            except Exception as error:  # raised below, after the time is judged
                failure = error
                break
            labels.add(reading.label)
            yield self._metric(reading)
        time = self.time() if labels or not failure else None
        if time and time.label not in labels:
            self.added = time
            yield self._metric(time)
        if failure:
            raise failure

    def _metric(self, reading: Reading) -> nagiosplugin.Metric:
        return nagiosplugin.Metric(reading.label or reading.measure.id, reading, context=Judge.NAME)


class Judge(nagiosplugin.Context):
    """Lets each reading's own measure judge it."""

    NAME = "reading"

    def __init__(self) -> None:
        super().__init__(self.NAME)

    def evaluate(self, metric: nagiosplugin.Metric, resource: Measured) -> Judged:
        """The judgment of a reading."""
        reading: Reading = metric.value
        return Judged.of(reading.measure.judge(reading, resource.args), reading.measure.symptom, metric)

    def performance(self, metric: nagiosplugin.Metric, resource: Measured) -> nagiosplugin.Performance | None:
        """Its perfdata; for one item among many only if --perfdata-for asks for it."""
        reading: Reading = metric.value
        if not reading.label or (reading.of and not matches(reading.of, resource.args.perfdata_for)):
            return None
        measure = reading.measure
        limits = ("" if limit is None else str(limit) for limit in measure.limits(reading, resource.args))
        return nagiosplugin.Performance(
            units.label(redacted(reading.label)), reading.value, measure.unit.uom, *limits, measure.low, reading.high
        )


def check(resource: Measured) -> nagiosplugin.Check:
    """A check that measures and judges when it is called."""
    return nagiosplugin.Check(resource, Judge())


def results(judged: nagiosplugin.Check) -> list[Judged]:
    """What a called check has found so far, in the order of reading; the added time comes first."""
    return sorted(judged.results.results, key=lambda result: result.metric.value is not result.resource.added)


def perfdata(judged: nagiosplugin.Check) -> list[Measure]:
    """The perfdata of a called check."""
    found = ((result.metric.performance(), result.metric.value.measure.bad) for result in results(judged))
    return [
        Measure(label, value, uom, warn, crit, None if low == "" else low, None if high == "" else high, bad)
        for (label, value, uom, warn, crit, low, high), bad in (each for each in found if each[0])
    ]
