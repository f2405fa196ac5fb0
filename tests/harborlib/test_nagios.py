"""What an engine reads: whole screens, and the grammar whatever a report holds."""

from __future__ import annotations

from harborlib.judge.isolation import caused_by
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary, cleaning, nagios
from harborlib.text.cleaning import sanitised
from harborlib.text.finding import Finding
from harborlib.text.report import Measure, Report

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract import grammar
from support import runner
from support.reports import MANY, REPORTS, SECRETS, holding


def finding(state: str, text: str, **more: object) -> Finding:
    return Finding("test.problem", state, text, **more)  # type: ignore[arg-type]


def report(probe: str, *findings: Finding, fine: str = "", **more: object) -> Report:
    return Report(probe, findings, Summary(fine), **more)  # type: ignore[arg-type]


WELL = finding(OK, "")


def test_a_healthy_one() -> None:
    found = report("v2", WELL, fine="it answers", measures=[Measure("time", 0.25, "s", "1", "5", 0)])
    assert nagios.text(found, 0) == "HARBOR V2 OK - it answers | time=0.25s;1;5;0\n"


def test_several_problems() -> None:
    """Each on a line; who asks for details sees their ids too, and what is well."""
    redis = finding(CRITICAL, "redis is unhealthy", next_step="look at redis")
    measures = [Measure("time", 2, "s", "1", "5", 0), Measure("free space", 10**12, "B", "", "", 0, 2 * 10**12)]
    found = report("health", redis, finding(WARNING, "slow"), finding(OK, "the answer took 2s"), measures=measures,
                   notes=("not verified",))  # fmt: skip
    first = "HARBOR HEALTH CRITICAL - redis is unhealthy | time=2s;1;5;0 'free space'=1000000000000B;;;0;2000000000000"
    problems = ["CRITICAL: redis is unhealthy", "WARNING: slow"]
    end = ["Note: not verified", "Next: look at redis", ""]
    assert nagios.text(found, 0).split("\n") == [first, *problems, *end]
    named = [f"{problem} [test.problem]" for problem in problems]
    assert nagios.text(found, 1).split("\n") == [first, *named, "OK: the answer took 2s", *end]


def test_one_problem_is_reported_once() -> None:
    found = report("gc", finding(WARNING, "late", next_step="look"), finding(OK, "well"))
    assert nagios.text(found, 0) == "HARBOR GC WARNING - late\nNext: look\n"


def test_a_part_that_was_left_out_of_the_line_is_a_note() -> None:
    text, number = (
        "502 from the registry for manifest priv/img:1.0",
        "X-Request-Id bb10c12f-b6e4-4a78-915c-1fa4d3035e15",
    )
    found = report("pull", finding(CRITICAL, f"{text}, {'x' * 20}", aside=number, next_step="look"))
    first = f"HARBOR PULL CRITICAL - {text}, {'x' * 20}"
    assert nagios.text(found, 0) == f"{first}\nNote: {number}\nNext: look\n"
    whole = f"CRITICAL: {text}, {'x' * 20} ({number})"
    assert nagios.text(found, 1) == f"{first}\n{whole} [test.problem]\nNext: look\n"
    follows = finding(CRITICAL, text, aside=number).owned_by(caused_by("redis", "redis is unhealthy"))
    assert nagios.text(report("pull", follows), 0).split("\n")[1:] == [f"Next: {follows.next_step}", ""]
    long = report("pull", finding(CRITICAL, "x" * 200, aside=number))
    assert nagios.text(long, 0).split("\n")[1] == f"CRITICAL: {'x' * 200} ({number})"


def test_a_note_of_a_healthy_one_is_in_the_line() -> None:
    found = report("v2", WELL, fine="it answers", notes=("not verified",))
    assert nagios.text(found, 0) == "HARBOR V2 OK - it answers, not verified\n"


def test_a_long_summary_is_shown_below() -> None:
    found = report("gc", finding(CRITICAL, "x" * 200, next_step="look"))
    assert nagios.text(found, 0) == f"HARBOR GC CRITICAL - {'x' * 117}...\nCRITICAL: {'x' * 200}\nNext: look\n"


def test_only_details_are_cut() -> None:
    parts = [finding(CRITICAL, f"{number} {'x' * 90}", next_step="look") for number in range(100)]
    summary = Summary("", instead=[finding(CRITICAL, "bad")], of=frozenset({"test.problem"}))
    lines = nagios.text(Report("gc", parts, summary, [Measure("a", 1)]), 0).split("\n")
    assert lines[0] == "HARBOR GC CRITICAL - bad | a=1"
    assert lines[-3:] == ["...", "Next: look", ""]
    assert len(lines) > 30


def test_perfdata_beyond_the_limit_goes_as_a_whole() -> None:
    measures = [Measure(f"measure_{number}", number) for number in range(1000)]
    printed = grammar.parse(nagios.text(report("gc", WELL, fine="fine", measures=measures), 3))
    assert list(printed.perfdata) == [f"measure_{number}" for number in range(len(printed.perfdata))]
    assert len(printed.perfdata) > 100


def test_traceback_is_shown_at_vvv_alone() -> None:
    found = report("gc", finding(UNKNOWN, "broken", next_step="report"), error=RuntimeError("odd"))
    assert "Error" not in nagios.text(found, 2)
    assert "RuntimeError: odd\nNext: report\n" in nagios.text(found, 3)


@example(report("test", WELL, fine="fine", error=RuntimeError("\n\n=")), 3)
@example(report("test", WELL, fine="fine")._replace(remark="\r", notes=("\r",)), 1)
@given(REPORTS, st.integers(0, 3))
def test_any_report_keeps_to_the_grammar(found: Report, verbose: int) -> None:
    outcome = runner.Outcome(found.exit_code, nagios.text(found, verbose))
    assert grammar.checked(outcome, traceback=verbose == 3).probe == "TEST"


@settings(max_examples=50)  # a secret is looked for in every text, and that takes a while
@given(REPORTS, SECRETS, st.integers(0, 3))
def test_no_report_holds_a_secret(found: Report, secret: str, verbose: int) -> None:
    cleaning.forget()
    cleaning.conceal(secret)
    shown = nagios.text(holding(found, secret), verbose)
    assert secret not in shown
    assert sanitised(secret) not in shown


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    """The plugin turns that into a fault of its own; it never reaches an engine."""
    with pytest.raises(ValueError, match="not a finite number"):
        nagios.text(report("gc", WELL, fine="fine", measures=[Measure("a", value)]), 0)


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_failure_of_another_owner_ends_with_the_owner(verbose: int) -> None:
    """In the first line, and in the finding's own."""
    redis = caused_by("redis", "Harbor says redis is unhealthy")
    told = "500 for /v2/, Harbor says redis is unhealthy (see harbor-component-redis)"
    lines = nagios.text(report("v2", finding(CRITICAL, "500 for /v2/").owned_by(redis)), verbose).splitlines()
    step = "Next: look at harbor-component-redis first: this follows from it"
    details = [f"UNKNOWN: {told} [test.problem]"] if verbose else []
    assert lines == [f"HARBOR V2 UNKNOWN - {told}", *details, step]


@pytest.mark.parametrize("text", ["a finding", "\x1b" * 5000, '\u2603\\"' * 1000])
def test_an_output_has_a_limit_and_says_so(text: str) -> None:
    parts = [finding(CRITICAL, f"{number} {text}", next_step=text) for number in range(1000)]
    measures = [Measure(f"{text}{number}", number) for number in range(MANY)]
    notes = tuple(f"{number} {text}" for number in range(MANY))
    printed = nagios.text(report("gc", *parts, measures=measures, notes=notes), 3)
    assert len(printed) <= nagios.LIMIT
    assert "\n...\n" in printed
    assert grammar.parse(printed).next_step


def test_the_worst_of_too_many_findings_is_shown() -> None:
    found = [finding(WARNING, f"{number}") for number in range(MANY)]
    lines = nagios.text(report("gc", *found, finding(CRITICAL, "worst", next_step="look")), 0).splitlines()
    assert lines[:3] == ["HARBOR GC CRITICAL - worst", "CRITICAL: worst", "WARNING: 0"]
    assert lines[-2:] == ["...", "Next: look"]
