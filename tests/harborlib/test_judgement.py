"""States and results: the worst one wins, as an outage must."""

from __future__ import annotations

from harborlib import isolation, judgement
from harborlib.judgement import Finding, Judged, ResponseTime, Summary, Threshold

import nagiosplugin
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nagiosplugin import Critical, Ok, Range, Unknown, Warn

STATES = [Ok, Warn, Unknown, Critical]


class Measured(nagiosplugin.Resource):
    fine = "all is well"

    def __init__(self, *metrics: nagiosplugin.Metric) -> None:
        self.metrics = metrics

    def probe(self) -> list[nagiosplugin.Metric]:
        return list(self.metrics)


def judged(metric: nagiosplugin.Metric, *contexts: nagiosplugin.Context) -> Judged:
    resource = Measured(metric)
    check = nagiosplugin.Check(resource, *contexts, Summary(resource))
    check()
    (result,) = check.results.results
    return result


@given(st.lists(st.sampled_from(STATES)))
def test_critical_beats_unknown_beats_warning_beats_ok(states: list) -> None:
    expected = next((state for state in (Critical, Unknown, Warn) if state in states), Ok)
    assert judgement.worst(states) == expected


@pytest.mark.parametrize(
    ("value", "state", "told"),
    [
        (1, Ok, ""),
        (2, Warn, "level is 2s (warning at 1)"),
        (9, Critical, "level is 9s (critical at 5)"),
    ],
)
def test_threshold(value: float, state: object, told: str) -> None:
    context = Threshold("level", Range("1"), Range("5"), "{name} is {valueunit}", "look there")
    result = judged(nagiosplugin.Metric("level", value, "s", min=0, context="level"), context)
    assert (result.state, result.kind) == (state, isolation.FINDING)
    assert state == Ok or str(result) == told
    assert result.next_step == ("" if state == Ok else "look there")
    assert str(result.metric.performance()) == f"level={value}s;1;5;0"


def test_a_slow_answer_is_a_symptom_of_its_own() -> None:
    result = judged(judgement.seconds(7.0004), ResponseTime(Range("1"), Range("5")))
    assert (result.state, result.kind, str(result)) == (Critical, isolation.SLOW, "answer after 7s (critical at 5)")


def test_a_finding() -> None:
    context = Finding("order", Warn, "put it right")
    assert judged(nagiosplugin.Metric("order", ""), context).state == Ok
    result = judged(nagiosplugin.Metric("order", "wrong"), context)
    assert (result.state, str(result), result.next_step) == (Warn, "wrong", "put it right")


def test_somebody_else_s() -> None:
    result = Judged(Critical, "502 from the registry", kind=isolation.BAD_GATEWAY)
    theirs = result.owned_by(isolation.Cause("registry", "Harbor says registry is unhealthy"))
    assert (theirs.state, theirs.kind) == (Unknown, isolation.BAD_GATEWAY)
    assert str(theirs) == (
        "502 from the registry; Harbor says registry is unhealthy (see check_harbor_component registry)"
    )
    assert theirs.next_step == "check_harbor_component registry tells more: this follows from it"


def test_summary_tells_the_worst_once_each() -> None:
    summary = Summary(Measured())
    results = nagiosplugin.Results(
        Judged(Warn, "slow"), Judged(Critical, "down"), Judged(Critical, "gone"), Judged(Critical, "down")
    )
    assert summary.problem(results) == "down; gone"
    assert summary.ok(results) == "all is well"
