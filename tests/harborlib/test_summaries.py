"""The first line: the worst, each once, and how many more."""

from __future__ import annotations

from harborlib.judge.judgement import Judged
from harborlib.text import summaries

import nagiosplugin
import pytest
from nagiosplugin import Critical, Ok, Unknown, Warn


def test_summary_tells_the_worst_once_each() -> None:
    subject = nagiosplugin.Resource()
    subject.fine = "all is well"
    summary = summaries.Summary(subject)
    results = nagiosplugin.Results(
        Judged(Warn, "slow"), Judged(Critical, "down"), Judged(Critical, "gone"), Judged(Critical, "down")
    )
    assert summary.problem(results) == "down; gone"
    assert summary.ok(results) == "all is well"


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
    assert summaries.OfMany(nagiosplugin.Resource()).problem(found) == told
