"""A report: which finding makes its state, its line and its next step; what it is made of."""

from __future__ import annotations

from harborlib.judge.isolation import caused_by
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary
from harborlib.text.finding import Finding
from harborlib.text.report import MOST_PARTS, Measure, Report
from harborlib.text.states import EXIT_CODES, SEVERITY, worst_of

import pytest

REDIS = caused_by("redis", "Harbor says redis is unhealthy")


def finding(state: str, text: str, **more: object) -> Finding:
    return Finding("test.problem", state, text, **more)  # type: ignore[arg-type]


def report(*findings: Finding, **more: object) -> Report:
    return Report("test", findings, Summary("fine"), **more)  # type: ignore[arg-type]


def test_an_outage_is_worse_than_what_could_not_be_judged() -> None:
    assert SEVERITY == (OK, WARNING, UNKNOWN, CRITICAL)
    assert worst_of([]) == OK
    assert [EXIT_CODES[state] for state in (OK, WARNING, CRITICAL, UNKNOWN)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("states", "state", "code", "headline", "next_step"),
    [
        ([OK, OK], OK, 0, "fine", ""),
        ([OK, WARNING], WARNING, 1, "1 warning", "step 1"),
        ([UNKNOWN, WARNING], UNKNOWN, 3, "0 unknown", "step 0"),
        ([UNKNOWN, CRITICAL, CRITICAL], CRITICAL, 2, "1 critical, 2 critical", "step 1"),
    ],
)
def test_the_worst_finding_makes_it(states: list[str], state: str, code: int, headline: str, next_step: str) -> None:
    found = [
        finding(each, f"{number} {each.lower()}", next_step=f"step {number}") for number, each in enumerate(states)
    ]
    made = report(*found)
    assert (made.state, made.exit_code, made.headline, made.next_step) == (state, code, headline, next_step)


def test_nothing_seen_is_not_fine() -> None:
    assert (report().state, report().exit_code) == (UNKNOWN, 3)


def test_the_first_that_says_what_to_do_is_followed() -> None:
    made = report(
        finding(CRITICAL, "a"), finding(CRITICAL, "b", next_step="do b"), finding(WARNING, "c", next_step="c")
    )
    assert made.next_step == "do b"


def test_another_owner_needs_every_finding_of_the_worst_state() -> None:
    theirs = finding(CRITICAL, "502 from core").owned_by(REDIS)
    assert report(theirs, finding(WARNING, "slow")).cause == REDIS
    assert report(theirs, finding(UNKNOWN, "odd")).cause is None
    assert report(finding(CRITICAL, "down")._replace(cause=REDIS)).cause is None, "known, and reported here"


def test_parts() -> None:
    """Those that say something, each once, the worst first."""
    found = [finding(OK, "well"), finding(WARNING, "slow"), finding(OK, ""), finding(CRITICAL, "down"),
             finding(WARNING, "slow"), finding(WARNING, "late")]  # fmt: skip
    parts, unlooked = report(*found).parts()
    assert [part.text for part in parts] == ["down", "slow", "late", "well"]
    assert unlooked == 0


MANY = 60_000


def test_findings_beyond_count_are_not_put_into_words() -> None:
    found = [finding(WARNING, f"{number}") for number in range(MANY)]
    parts, unlooked = report(*found, finding(CRITICAL, "worst")).parts()
    assert (parts[0].text, len(parts), unlooked) == ("worst", MOST_PARTS, MANY + 1 - MOST_PARTS)


def test_labels_are_unique_and_stable() -> None:
    names = ["time", "a=b", "a'b", "a_b", "a_b_2", "time", "x" * 70 + "1", "x" * 70 + "2", ""]
    made = report(measures=[Measure(name, 1) for name in names])
    assert [measure.name for measure in made.labelled()] == [
        "time", "a_b", "a_b_2", "a_b_3", "a_b_2_2", "time_2", "x" * 60, "x" * 60 + "_2", "_"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure("time", 0.25, "s", "1", "5", 0), "time=0.25s;1;5;0"),
        (Measure("free space", 10**12, "B", "", "", 0, 2 * 10**12), "'free space'=1000000000000B;;;0;2000000000000"),
        (Measure("total", 3), "total=3"),
    ],
)
def test_perfdata(measure: Measure, text: str) -> None:
    assert str(measure) == text
