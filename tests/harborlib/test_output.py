"""What is printed: whole screens, and the grammar whatever a report holds."""

from __future__ import annotations

import json

from harborlib.judge.isolation import Cause
from harborlib.text.output import Measure, Part, Report, sanitised, shorten

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nagiosplugin import Critical, Warn

import runner
from contract import grammar

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
LONG = ("x" * 5000, " " * 5000 + "x", "\x1b" * 3000, "\u2603 " * 2000, f"x (see {'y' * 500})")
WILD = st.text(alphabet="a b|\n\r\x1b\u2603\ud800'=\\\"(se)_", max_size=30) | st.integers(0, len(LONG) - 1).map(
    lambda number: LONG[number]
)
SAID = WILD.map(lambda text: f"a{text}")
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False, width=32)
RANGES = st.sampled_from(["", "5", "1:", "~:5", "@1:2", "0.5:1.5"])
LIMITS = NUMBERS | st.none()
MEASURES = st.builds(Measure, WILD, NUMBERS, st.sampled_from(["", "s", "B", "c", "%"]), RANGES, RANGES, LIMITS, LIMITS)
CAUSES = st.none() | st.builds(Cause, st.sampled_from(["health", "redis"]), WILD)
REPORTS = st.builds(
    lambda code, **rest: Report("test", STATES[code], code, **rest),
    st.integers(0, 3),
    summary=SAID,
    parts=st.lists(st.builds(Part, st.sampled_from(STATES), SAID, WILD, CAUSES), max_size=4),
    measures=st.lists(MEASURES, max_size=4),
    cause=CAUSES,
    next_step=SAID,
    notes=st.lists(SAID, max_size=3).map(tuple),
    error=st.none() | st.builds(RuntimeError, WILD),
)


def test_a_healthy_one() -> None:
    report = Report("v2", "OK", 0, "it answers", measures=[Measure("time", 0.25, "s", "1", "5", 0)])
    assert report.nagios(0) == "HARBOR V2 OK - it answers | time=0.25s;1;5;0\n"


def test_several_problems() -> None:
    parts = [Part("CRITICAL", "redis is unhealthy"), Part("WARNING", "slow"), Part("OK", "answer after 2s")]
    measures = [Measure("time", 2, "s", "1", "5", 0), Measure("free space", 10**12, "B", "", "", 0, 2 * 10**12)]
    report = Report(
        "health", "CRITICAL", 2, "redis is unhealthy", parts, measures, None, "look at redis", ("not verified",)
    )
    first = "HARBOR HEALTH CRITICAL - redis is unhealthy | time=2s;1;5;0 'free space'=1000000000000B;;;0;2000000000000"
    problems = ["CRITICAL: redis is unhealthy", "WARNING: slow"]
    end = ["Note: not verified", "Next: look at redis", ""]
    assert report.nagios(0).split("\n") == [first, *problems, *end]
    assert report.nagios(1).split("\n") == [first, *problems, "OK: answer after 2s", *end]


def test_a_note_of_a_healthy_one_is_in_the_line() -> None:
    report = Report("v2", "OK", 0, "it answers", notes=("not verified",))
    assert report.nagios(0) == "HARBOR V2 OK - it answers; not verified\n"


def test_a_long_summary_is_told_below() -> None:
    report = Report("gc", "CRITICAL", 2, "x" * 200, [Part("CRITICAL", "x" * 200)], next_step="look")
    assert report.nagios(0) == f"HARBOR GC CRITICAL - {'x' * 117}...\nCRITICAL: {'x' * 200}\nNext: look\n"


def test_only_details_are_cut() -> None:
    parts = [Part("CRITICAL", f"{number} {'x' * 90}") for number in range(100)]
    lines = Report("gc", "CRITICAL", 2, "bad", parts, [Measure("a", 1)], next_step="look").nagios(0).split("\n")
    assert lines[0] == "HARBOR GC CRITICAL - bad | a=1"
    assert lines[-3:] == ["...", "Next: look", ""]
    assert len(lines) > 30


def test_perfdata_beyond_the_limit_goes_as_a_whole() -> None:
    measures = [Measure(f"measure_{number}", number) for number in range(1000)]
    printed = grammar.parse(Report("gc", "OK", 0, "fine", measures=measures).nagios(3))
    assert list(printed.perfdata) == [f"measure_{number}" for number in range(len(printed.perfdata))]
    assert len(printed.perfdata) > 100


def test_traceback_is_shown_at_vvv_alone() -> None:
    report = Report("gc", "UNKNOWN", 3, "broken", next_step="report", error=RuntimeError("odd"))
    assert "Error" not in report.nagios(2)
    assert "RuntimeError: odd\nNext: report\n" in report.nagios(3)


@given(REPORTS, st.integers(0, 3))
def test_any_report_keeps_to_the_grammar(report: Report, verbose: int) -> None:
    printed = grammar.checked(runner.Outcome(report.exit_code, report.nagios(verbose)), traceback=verbose == 3)
    assert printed.probe == "TEST"


@given(REPORTS)
def test_any_report_is_json_as_documented(report: Report) -> None:
    grammar.checked_json(runner.Outcome(report.exit_code, report.json()))


def is_password(text: str) -> bool:
    """Whether it is one that can be found: not a number, and of eight characters or more also on one line."""
    return text == text.strip() and not text.isdigit() and len(sanitised(text)) >= cleaning.LONG


@given(REPORTS, st.text(alphabet="sECRET9%=/ |", min_size=8).filter(is_password), st.integers(0, 3))
def test_no_report_holds_a_secret(report: Report, secret: str, verbose: int) -> None:
    cleaning.forget()
    cleaning.conceal(secret)

    def planted(text: str) -> str:
        return f"{secret}{text}{secret}{secret[:3]}"

    holding = report._replace(
        summary=planted(report.summary),
        parts=[part._replace(text=planted(part.text)) for part in report.parts],
        measures=[measure._replace(name=planted(measure.name)) for measure in report.measures],
        notes=tuple(map(planted, report.notes)),
        next_step=planted(report.next_step),
        error=RuntimeError(planted("x")),
        cause=report.cause and report.cause._replace(because=planted(report.cause.because)),
    )
    for shown in (holding.nagios(verbose), json.dumps(json.loads(holding.json()), ensure_ascii=False)):
        assert secret not in shown
        assert sanitised(secret) not in shown


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    """The plugin turns that into a fault of its own; it never reaches an engine."""
    report = Report("gc", "OK", 0, "fine", measures=[Measure("a", value)])
    for show in (report.json, lambda: report.nagios(0)):
        with pytest.raises(ValueError):  # noqa: PT011  in the words of two libraries
            show()


def test_labels_are_unique_and_stable() -> None:
    names = ["time", "a=b", "a'b", "a_b", "a_b_2", "time", "x" * 70 + "1", "x" * 70 + "2", ""]
    report = Report("gc", "OK", 0, "fine", measures=[Measure(name, 1) for name in names])
    assert [measure.name for measure in report.labelled()] == [
        "time", "a_b", "a_b_2", "a_b_3", "a_b_2_2", "time_2", "x" * 60, "x" * 60 + "_2", "_"
    ]  # fmt: skip


@given(WILD, st.integers(60, 200))
def test_shortened_texts_fit(text: str, width: int) -> None:
    assert len(shorten(text, width)) <= width
    assert shorten(text, width) == text or shorten(text, width).startswith(text[:10].rstrip())


def test_a_pointer_survives_the_cut() -> None:
    see = " (see check_harbor_component redis)"
    assert shorten("x" * 200, 120, "", see) == "x" * 82 + "..." + see
    assert shorten("x" * 200, 120) == "x" * 117 + "..."


def test_what_can_be_spared_goes_before_the_reason_is_cut() -> None:
    number, why, see = " (X-Request-Id 0-1)", "; Harbor says redis is unhealthy", " (see check_harbor_component redis)"
    assert shorten("x" * 30 + number, 120, why, see) == "x" * 30 + number + why + see
    assert shorten("x" * 50 + number, 120, why, see) == "x" * 50 + why + see
    assert shorten("x; y" * 20 + number, 120, why, see) == "x; y" * 20 + see
    assert shorten("x" * 100 + number, 120, why) == "x" * 100


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_failure_of_somebody_else_s_ends_with_whose(verbose: int) -> None:
    """In the first line, in the finding's own, and as JSON; but for a report that points at nobody, as triage's."""
    redis = Cause("redis", "Harbor says redis is unhealthy")
    told = "500 for /v2/; Harbor says redis is unhealthy (see check_harbor_component redis)"
    report = Report("v2", "UNKNOWN", 3, "500 for /v2/", [Part("UNKNOWN", "500 for /v2/", "look", redis)], (), redis)
    lines = report.nagios(verbose).splitlines()
    assert lines == [f"HARBOR V2 UNKNOWN - {told}", f"UNKNOWN: {told}"][: verbose + 1]
    found = json.loads(report.json())
    assert (found["summary"], found["parts"][0]["text"]) == (told, told)
    assert report._replace(points=False).nagios(0) == "HARBOR V2 UNKNOWN - 500 for /v2/\n"


MANY = 60_000


@pytest.mark.parametrize("text", ["a finding", "\x1b" * 5000, '\u2603\\"' * 1000])
def test_an_output_has_a_limit_and_says_so(text: str) -> None:
    parts = [Part("CRITICAL", f"{number} {text}", text) for number in range(1000)]
    measures = [Measure(f"{text}{number}", number) for number in range(MANY)]
    notes = tuple(f"{number} {text}" for number in range(MANY))
    report = Report("gc", "CRITICAL", 2, text, parts, measures, Cause("redis", text), text, notes, unsaid=MANY)
    assert len(report.nagios(3)) <= LIMIT
    printed = report.json()
    assert len(printed) <= JSON_LIMIT
    found = grammar.checked_json(runner.Outcome(2, printed))
    kept = {name: len(found[name]) for name in ("parts", "metrics", "notes")}
    assert all(kept.values())
    assert found["left_out"] == {
        "parts": 1000 + MANY - kept["parts"],
        "metrics": MANY - kept["metrics"],
        "notes": MANY - kept["notes"],
    }


def test_findings_beyond_count_are_not_put_into_words() -> None:
    results = [Judged(Warn, f"{number}") for number in range(MANY)] + [Judged(Critical, "worst")]
    found, unsaid = output.parts(results)
    assert (found[0].text, len(found), unsaid) == ("worst", output.MOST_PARTS, MANY + 1 - output.MOST_PARTS)
    report = Report("gc", "WARNING", 1, "late", found[:2], unsaid=unsaid)
    assert report.nagios(0).splitlines()[1:] == ["CRITICAL: worst", "WARNING: 0", "..."]
