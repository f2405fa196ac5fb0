"""States and results: the worst one wins, as an outage must."""

from __future__ import annotations

from argparse import Namespace

from harborlib import isolation, judgement, words
from harborlib.judgement import Finding, Judged, ResponseTime, Shown, Threshold, named
from harborlib.summaries import Summary
from harborlib.things import Selection

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
        (2, Warn, "level is 2 s (warning at 1 s)"),
        (9, Critical, "level is 9 s (critical at 5 s)"),
    ],
)
def test_threshold(value: float, state: object, told: str) -> None:
    context = Threshold("level", Range("1"), Range("5"), "{name} is {value}", next_step="look there")
    result = judged(nagiosplugin.Metric("level", value, "s", min=0, context="level"), context)
    assert (result.state, result.kind) == (state, isolation.FINDING)
    assert state == Ok or str(result) == told
    assert result.next_step == ("" if state == Ok else "look there")
    assert str(result.metric.performance()) == f"level={value}s;1;5;0"


def test_a_slow_answer_is_a_symptom_of_its_own() -> None:
    result = judged(judgement.seconds(7.0004), ResponseTime(Range("1"), Range("5")))
    assert (result.state, result.kind, str(result)) == (Critical, isolation.SLOW, "answer after 7 s (critical at 5 s)")


def test_a_finding() -> None:
    context = Finding("order", Warn, "put it right")
    assert judged(nagiosplugin.Metric("order", ""), context).state == Ok
    result = judged(nagiosplugin.Metric("order", "wrong"), context)
    assert (result.state, str(result), result.next_step) == (Warn, "wrong", "put it right")


def test_somebody_else_s() -> None:
    result = Judged(Critical, "502 from the registry", kind=isolation.BAD_GATEWAY)
    cause = isolation.Cause("registry", "Harbor says registry is unhealthy")
    theirs = result.owned_by(cause)
    assert (theirs.state, theirs.kind, theirs.cause) == (Unknown, isolation.BAD_GATEWAY, cause)
    assert str(theirs) == "502 from the registry", "the output says whose it is: text that a server wrote could too"
    assert theirs.next_step == "look at check_harbor_component registry first: this follows from it"


def selection(perfdata_for: str) -> Selection:
    return Selection(Namespace(include=[], exclude=[], perfdata_for=[perfdata_for]), "project")


def results(*contexts: nagiosplugin.Context, metrics: list[nagiosplugin.Metric]) -> list[Judged]:
    by_name = {context.name: context for context in contexts}
    resource = nagiosplugin.Resource()
    ready = [metric.replace(contextobj=by_name[metric.context], resource=resource) for metric in metrics]
    return [metric.evaluate() for metric in ready]


def test_a_threshold_of_many_things() -> None:
    chosen = selection("b")
    context = Threshold(
        "late", Range("60"), Range("120"), "waits {value}", words.span, "look", selection=chosen, measure="wait"
    )
    metrics = [nagiosplugin.Metric(named("wait", name), value, "s", context="late") for name, value in
               (("a", 30), ("b", 90), ("c", 150))]  # fmt: skip
    found = results(context, metrics=metrics)
    assert [(result.state, str(result), result.next_step) for result in found] == [
        (Ok, "a: waits 30 s", ""),
        (Warn, "b: waits 1 min 30 s (warning at 1 min)", "look"),
        (Critical, "c: waits 2 min 30 s (critical at 2 min)", "look"),
    ]
    assert [result.metric.performance() for result in found] == [
        None,
        nagiosplugin.Performance("wait_b", 90, "s", "60", "120"),
        None,
    ]


def test_a_threshold_of_one_thing() -> None:
    context = Threshold("free", Range("10:"), None, "{value} of {resource.name} free", words.size, kind="standstill")
    (found,) = results(context, metrics=[nagiosplugin.Metric("free", 5, "B")])
    assert (found.state, str(found), found.kind) == (Warn, "5 B of Resource free (warning below 10 B)", "standstill")


def test_a_finding_about_one_of_many() -> None:
    context = Finding("pause", Warn, "resume", selection=selection(""), kind=isolation.STANDSTILL)
    metrics = [nagiosplugin.Metric(named("pause", name), text, context="pause") for name, text in
               (("a", ""), ("b", "paused"))]  # fmt: skip
    found = results(context, metrics=metrics)
    assert [(result.state, str(result), result.kind) for result in found] == [
        (Ok, "", isolation.FINDING),
        (Warn, "b: paused", isolation.STANDSTILL),
    ]


def test_what_is_shown_is_not_judged() -> None:
    (found,) = results(Shown("sum", Range("1"), Range("2")), metrics=[nagiosplugin.Metric("sum", 9)])
    assert found.state == Ok
    assert found.metric.performance() == nagiosplugin.Performance("sum", 9, None, "1", "2")
