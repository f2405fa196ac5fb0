"""harborlib.things: which of many things are looked at, and how they are told."""

from __future__ import annotations

import argparse

from harborlib import isolation, things, words
from harborlib.failure import CONTENT, Failure
from harborlib.judgement import Judged
from harborlib.things import Quantity, Selection, Total, Trouble, named

import nagiosplugin
import pytest
from nagiosplugin import Critical, Ok, Range, Unknown, Warn


def selection(*argv: str) -> Selection:
    parser = argparse.ArgumentParser()
    things.declare(parser, "projects", "--project")
    return Selection(parser.parse_args(argv), "project")


@pytest.mark.parametrize(
    ("argv", "taken"),
    [
        ((), ["a", "ab", "b", "[x]"]),
        (("--include", "a"), ["a"]),
        (("--project", "a*"), ["a", "ab"]),
        (("--include", "a, b"), ["a", "b"]),
        (("--exclude", "a?,b"), ["a", "[x]"]),
        (("--include", "a*", "--exclude", "ab"), ["a"]),
        (("--include", "[x]"), ["[x]"]),
        (("--include", "A"), []),
    ],
)
def test_taken(argv: tuple[str, ...], taken: list[str]) -> None:
    chosen = selection(*argv)
    assert [name for name in ("a", "ab", "b", "[x]") if chosen.takes(name)] == taken
    assert chosen.left_out == 4 - len(taken)


@pytest.mark.parametrize(
    ("argv", "exact"),
    [((), None), (("--include", "a,b"), ["a", "b"]), (("--include", "a,b*"), None), (("--exclude", "a"), None)],
)
def test_exact(argv: tuple[str, ...], exact: list[str] | None) -> None:
    assert selection(*argv).exact == exact


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ((), ""),
        (("--include", "a,n*"), ""),
        (("--include", "a,nosuch,neither"), "no project is named nosuch, neither"),
        (("--include", "n*,m*"), "no project matches n*, m*"),
        (("--exclude", "nosuch"), ""),
    ],
)
def test_what_is_not_there_cannot_be_fine(argv: tuple[str, ...], problem: str) -> None:
    chosen = selection(*argv)
    for name in ("a", "b"):
        chosen.takes(name)
    if not problem:
        chosen.confirm()
        return
    with pytest.raises(Failure, match=f"^{problem.replace('*', '[*]')}$") as raised:
        chosen.confirm()
    assert raised.value.stage == CONTENT


def results(*contexts: nagiosplugin.Context, metrics: list[nagiosplugin.Metric]) -> list[Judged]:
    by_name = {context.name: context for context in contexts}
    resource = nagiosplugin.Resource()
    ready = [metric.replace(contextobj=by_name[metric.context], resource=resource) for metric in metrics]
    return [metric.evaluate() for metric in ready]


def test_a_quantity_of_many_things() -> None:
    chosen = selection("--perfdata-for", "b")
    context = Quantity(
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


def test_a_quantity_of_one_thing() -> None:
    context = Quantity("free", Range("10:"), None, "{value} of {resource.name} free", words.size, kind="standstill")
    (found,) = results(context, metrics=[nagiosplugin.Metric("free", 5, "B")])
    assert (found.state, str(found), found.kind) == (Warn, "5 B of Resource free (warning below 10 B)", "standstill")


def test_a_trouble() -> None:
    context = Trouble("pause", Warn, "resume", selection=selection(), kind=isolation.STANDSTILL)
    metrics = [nagiosplugin.Metric(named("pause", name), text, context="pause") for name, text in
               (("a", ""), ("b", "paused"))]  # fmt: skip
    found = results(context, metrics=metrics)
    assert [(result.state, str(result), result.kind) for result in found] == [
        (Ok, "", isolation.FINDING),
        (Warn, "b: paused", isolation.STANDSTILL),
    ]


def test_a_total_is_not_judged() -> None:
    (found,) = results(Total("sum", Range("1"), Range("2")), metrics=[nagiosplugin.Metric("sum", 9)])
    assert found.state == Ok
    assert found.metric.performance() == nagiosplugin.Performance("sum", 9, None, "1", "2")


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        ([(Warn, "a is late")], "a is late"),
        ([(Warn, "a is late"), (Critical, "b is down"), (Ok, "c")], "b is down (and 1 more)"),
        ([(Unknown, "a is unseen"), (Warn, "b is late"), (Warn, "c is late")], "a is unseen (and 2 more)"),
        ([(Warn, "x" * 60), (Warn, "y" * 60), (Warn, "z" * 20)], "x" * 60 + " (and 2 more)"),
        ([(Warn, "a"), (Warn, "a"), (Warn, "b")], "a; b"),
        ([(Warn, "x" * 200), (Warn, "y")], "x" * 200 + " (and 1 more)"),
    ],
)
def test_the_summary_counts_what_it_does_not_show(problems: list, told: str) -> None:
    found = nagiosplugin.Results(*(Judged(state, hint) for state, hint in problems))
    assert things.Summary(nagiosplugin.Resource()).problem(found) == told


def test_worst_first() -> None:
    metrics = [nagiosplugin.Metric(name, value) for name, value in (("a", 1), ("b", 3), ("c", 2))]
    assert [metric.name for metric in things.worst_first(metrics)] == ["b", "c", "a"]
