"""What is printed: whole screens, and the grammar whatever a report holds."""

from __future__ import annotations

import json

from harborlib.judge.isolation import Cause
from harborlib.text.output import Measure, Part, Report, pointer, redacted, sanitised, shorten

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
REPORTS = st.builds(
    lambda code, **rest: Report("test", STATES[code], code, **rest),
    st.integers(0, 3),
    summary=SAID,
    parts=st.lists(st.builds(Part, st.sampled_from(STATES), SAID), max_size=4),
    measures=st.lists(MEASURES, max_size=4),
    cause=st.none() | st.builds(Cause, st.sampled_from(["health", "redis"]), WILD),
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


@given(REPORTS, st.text(alphabet="sECRET9%=/ |", min_size=6).filter(lambda text: not text.isdigit()), st.integers(0, 3))
def test_no_report_holds_a_secret(report: Report, secret: str, verbose: int) -> None:
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
        secrets=(secret,),
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


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a | b", "a / b"),
        (" a\n\tb\r\n", "a b"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("caf\u00e9 \u2603 \U0001f6a2", r"caf\xe9 \u2603 \U0001f6a2"),
        ("\u202e\u200b\ud800", r"\x202e\x200b\xd800"),
        ("\u00a0\u2028", ""),
    ],
)
def test_sanitised(text: str, clean: str) -> None:
    assert sanitised(text) == clean


@given(WILD, st.integers(60, 200))
def test_shortened_texts_fit(text: str, width: int) -> None:
    assert len(shorten(text, width)) <= width
    assert shorten(text, width) == text or shorten(text, width).startswith(text[:10].rstrip())


def test_a_pointer_survives_the_cut() -> None:
    text = shorten("x" * 200 + " (see check_harbor_component redis)", 120)
    assert text == "x" * 82 + "... (see check_harbor_component redis)"
    assert shorten("x" * 200, 120) == "x" * 117 + "..."


def test_what_can_be_spared_goes_before_the_reason_is_cut() -> None:
    number, why, see = " (X-Request-Id 0-1)", "; Harbor says redis is unhealthy", " (see check_harbor_component redis)"
    assert shorten("x" * 30 + number + why + see, 120) == "x" * 30 + number + why + see
    assert shorten("x" * 50 + number + why + see, 120) == "x" * 50 + why + see
    assert shorten("x; y" * 20 + number + why + see, 120) == "x; y" * 20 + see
    assert shorten("x" * 100 + number + why, 120) == "x" * 100 + "; Harbor says red..."


def test_pointer() -> None:
    assert pointer(f"x (see {'y' * 500})") == ""
    assert pointer("x (see check_harbor_health) y") == ""


def test_short_secrets_are_left():  # fmt: skip
    """Blotting out every "a" would make the line unreadable, and tell the password."""
    assert redacted("a banana", ["a"]) == "a banana"
