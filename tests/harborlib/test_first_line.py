"""The first line: the worst findings, each once, how many more, whose they are, in the room that there is."""

from __future__ import annotations

from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary
from harborlib.text.finding import Cause, Finding
from harborlib.text.first_line import Line

import pytest

REDIS = Cause("redis", "Harbor says redis is unhealthy", "harbor-component-redis")
SEE = " (see harbor-component-redis)"


def finding(state: str, text: str, **more: object) -> Finding:
    return Finding("test.problem", state, text, **more)  # type: ignore[arg-type]


def line(*findings: Finding, summary: Summary | None = None, many: bool = False) -> Line:
    return Line.of(findings, summary or Summary("fine"), many)


def test_the_worst_once_each() -> None:
    found = [finding(WARNING, "slow"), *(finding(CRITICAL, text) for text in ("down", "gone", "down"))]
    assert str(line(*found)) == "down, gone"


@pytest.mark.parametrize(
    ("problems", "text"),
    [
        ([(WARNING, "a is late")], "a is late"),
        ([(WARNING, "a is late"), (CRITICAL, "b is down"), (OK, "c")], "b is down (and 1 more)"),
        ([(UNKNOWN, "a is unseen"), (WARNING, "b is late"), (WARNING, "c is late")], "a is unseen (and 2 more)"),
        ([(WARNING, "x" * 60), (WARNING, "y" * 60), (WARNING, "z" * 20)], "x" * 60 + " (and 2 more)"),
        ([(WARNING, "a"), (WARNING, "a"), (WARNING, "b")], "a, b"),
        ([(WARNING, "x" * 200), (WARNING, "y")], "x" * 200 + " (and 1 more)"),
    ],
)
def test_of_many_those_that_fit_and_how_many_more(problems: list[tuple[str, str]], text: str) -> None:
    assert str(line(*(finding(state, words) for state, words in problems), many=True)) == text


def test_a_title_begins_it() -> None:
    found = [finding(CRITICAL, "not signed"), finding(CRITICAL, "no SBOM")]
    assert str(line(*found, summary=Summary("fine", title="priv/img:1.0"))) == "priv/img:1.0: not signed, no SBOM"


def test_a_sentence_stands_for_many_findings() -> None:
    sick = [Finding("health.sick", CRITICAL, f"{name} is unhealthy") for name in ("redis", "registry")]
    summary = Summary("fine", instead=[finding(CRITICAL, "2 of 8 unhealthy")], of=frozenset({"health.sick"}))
    assert str(line(*sick, summary=summary)) == "2 of 8 unhealthy"
    assert str(line(*sick, finding(CRITICAL, "slow"), summary=summary)) == "2 of 8 unhealthy, slow"


def test_it_ends_with_the_owner_of_the_failure() -> None:
    theirs = finding(CRITICAL, "502 from core").owned_by(REDIS)
    assert str(line(theirs)) == f"502 from core, Harbor says redis is unhealthy{SEE}"
    both = line(theirs, finding(UNKNOWN, "odd"))
    assert str(both) == "502 from core, odd"  # something of its own is not explained


def test_what_a_server_says_points_nowhere() -> None:
    echoed = line(finding(UNKNOWN, "project gone (see harbor-health)"))
    assert "(see harbor-" not in str(echoed)
    theirs = line(finding(UNKNOWN, "gone (see harbor-health)").owned_by(REDIS))
    assert str(theirs).count("(see harbor-") == 1
    assert str(theirs).endswith(SEE)


def test_a_pointer_survives_the_cut() -> None:
    text = line(finding(CRITICAL, "x" * 200).owned_by(REDIS)).within(120)
    assert text == "x" * (120 - 3 - len(SEE)) + "..." + SEE
    assert line(finding(CRITICAL, "x" * 200)).within(120) == "x" * 117 + "..."


def test_what_can_be_spared_goes_before_the_text_is_cut() -> None:
    number, why = " (X-Request-Id 0-1)", ", Harbor says redis is unhealthy"

    def shown(text: str) -> str:
        return line(finding(CRITICAL, text, aside="X-Request-Id 0-1").owned_by(REDIS)).within(120)

    assert shown("x" * 30) == "x" * 30 + number + why + SEE
    assert shown("x" * 50) == "x" * 50 + why + SEE
    assert shown("x; y" * 20) == "x; y" * 20 + SEE


def test_a_reason_that_no_other_probe_reports_stays() -> None:
    known = finding(CRITICAL, "x" * 100)._replace(cause=REDIS)
    assert line(known).within(120) == "x" * 100 + ", Harbor says red..."
