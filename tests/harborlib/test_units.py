"""Numbers with units, ranges and labels: examples, and whatever text there is."""

from __future__ import annotations

import argparse
import contextlib
import math
import re

from harborlib.text import units

import nagiosplugin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.grammar import LABEL

TABLES = {"seconds": units.SECONDS, "days": units.DAYS, "percent": units.PERCENT, "bytes": units.BYTES}
WRITTEN = st.text(alphabet="0123456789.-+:~@ smhdwkKMGTPiBx%e\u0663") | st.text()


@pytest.mark.parametrize(
    ("text", "table", "value"),
    [
        ("15", "seconds", 15),
        ("1.5s", "seconds", 1.5),
        ("500ms", "seconds", 0.5),
        ("2 min", "seconds", 120),
        ("1w", "seconds", 604800),
        (".5h", "seconds", 1800),
        ("-3d", "days", -3),
        ("80%", "percent", 80),
        ("10GiB", "bytes", 10 * 1024**3),
        ("10GB", "bytes", 10 * 1000**3),
        ("10G", "bytes", 10 * 1024**3),
        (" 1kB ", "bytes", 1000),
        ("123456789012345", "bytes", 123456789012345),
    ],
)
def test_number(text: str, table: str, value: float) -> None:
    found = units.number(text, TABLES[table])
    assert found == value
    assert isinstance(found, int) or found != int(found), "a whole number stays one in perfdata"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a number: ''"),
        ("ten", "not a number: 'ten'"),
        ("1,5", "not a number: '1,5'"),
        ("1e3", "not a number: '1e3'"),
        ("nan", "not a number: 'nan'"),
        ("0x10", "not a number: '0x10'"),
        ("\u0663", "not a number: '\u0663'"),
        ("9" * 16, f"not a number: '{'9' * 16}'"),
        ("5 years", "unknown unit 'years' (known: ms, s, m, min, h, d, w)"),
        ("1S", "unknown unit 'S' (known: ms, s, m, min, h, d, w)"),
    ],
)
def test_no_number(text: str, problem: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refusal:
        units.number(text, units.SECONDS)
    assert str(refusal.value) == problem


@given(WRITTEN, st.sampled_from(sorted(TABLES)))
def test_any_text_is_a_finite_number_or_refused(text: str, table: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert math.isfinite(units.number(text, TABLES[table]))


@given(WRITTEN)
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert 0 < units.duration(text) <= 86400


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_plain_has_no_exponent_and_keeps_the_value(value: float) -> None:
    text = units.plain(value)
    assert re.fullmatch(r"-?\d+(\.\d{1,6})?", text)
    assert math.isclose(float(text) if isinstance(value, float) else int(text), value, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_plain_refuses_what_is_no_number(value: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        units.plain(value)


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        ("10", (0, 10), (-1, 11)),
        ("~:10", (-(10**9), 10), (11,)),
        ("10:20", (10, 20), (9, 21)),
        ("@10:20", (9, 21), (10, 15, 20)),
        ("~:", (-(10**9), 0, 10**9), ()),
        ("2min:1h", (120, 3600), (119, 3601)),
        ("-5:5", (-5, 5), (-6, 6)),
        ("0", (0,), (1, -1)),
    ],
)
def test_range(text: str, matching: tuple[float, ...], others: tuple[float, ...]) -> None:
    found = units.RangeType(units.SECONDS)(text)
    assert all(found.match(value) for value in matching)
    assert not any(found.match(value) for value in others)


@pytest.mark.parametrize(
    ("bad", "text", "same"),
    [
        (units.LOW, "30", "30:"),
        (units.LOW, "30d", "2592000:"),
        (units.LOW, "30:", "30:"),
        (units.LOW, "-7:", "-7:"),
        (units.LOW, "10:90", "10:90"),
        (units.LOW, "@30", "@30"),
        (units.LOW, "~:", "~:"),
        (units.HIGH, "30", "30"),
        (units.HIGH, "~:30", "~:30"),
        (units.HIGH, "10:90", "10:90"),
        (units.HIGH, "@30:", "@30:"),
        (units.HIGH, "~:", "~:"),
    ],
)
def test_a_number_is_meant_as_the_measure_is(bad: str, text: str, same: str) -> None:
    assert str(units.RangeType(units.SECONDS, bad)(text)) == same


@pytest.mark.parametrize(
    ("bad", "text", "right"),
    [
        (units.LOW, "0:30d", "30d:"),
        (units.LOW, ":30", "30:"),
        (units.LOW, "~:30", "30:"),
        (units.HIGH, "30:", "30"),
        (units.HIGH, "30d:", "30d"),
        (units.HIGH, "-1:", "-1"),
    ],
)
def test_a_range_that_alerts_on_good_values_alone(bad: str, text: str, right: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refusal:
        units.RangeType(units.SECONDS, bad)(text)
    assert str(refusal.value) == f"{text} alerts only on good values, use {right}"


def test_a_path_is_a_range_that_the_shell_expanded() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="quote '~:', which a shell expands"):
        units.RangeType(units.SECONDS)("/root:10")


@pytest.mark.parametrize("text", ["101", "85:101", "101:", "~:100.5%", "@90:110"])
@pytest.mark.parametrize("bad", [units.HIGH, units.LOW])
def test_percent_above_100(bad: str, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="above 100%: "):
        units.RangeType(units.PERCENT, bad)(text)
    assert units.RangeType(units.SECONDS, bad)("@90:110")


BOUNDS = st.integers(-(10**6), 10**6)


@given(BOUNDS, BOUNDS, st.booleans(), BOUNDS)
def test_a_range_means_what_the_guidelines_say(start: int, end: int, inverted: bool, value: int) -> None:
    text = f"{'@' if inverted else ''}{start}:{end}"
    if start > end:
        with pytest.raises(argparse.ArgumentTypeError):
            units.RangeType(units.COUNT)(text)
    else:
        assert units.RangeType(units.COUNT)(text).match(value) is ((start <= value <= end) is not inverted)


@given(WRITTEN)
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        found = units.RangeType(units.BYTES)(text)
    except argparse.ArgumentTypeError:
        return
    again = nagiosplugin.Range(str(found))
    assert (again.start, again.end, again.invert) == (found.start, found.end, found.invert)


@given(st.text() | st.text(alphabet="'=|\\\" a:\x1b\u2603\ud800"))
def test_any_text_makes_a_label(text: str) -> None:
    found = units.label(text)
    assert LABEL.fullmatch(f"'{found}'")
    assert found == units.label(text) == units.label(found)
    assert len(found) <= 60
    assert "::" not in found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fra::hub", "fra__hub"),
        ("::hub", "__hub"),
        ("fra::", "fra__"),
        ("a:::b::::c", "a___b____c"),
        ("a: :b", "a: :b"),
        ("registry:5000/library", "registry:5000/library"),
        ("x" * 58 + "::y", "x" * 58 + "__"),
        ("x" * 59 + "::y", "x" * 59 + ":"),
    ],
)
def test_no_label_looks_like_a_prefix_to_icinga(name: str, expected: str) -> None:
    assert units.label(name) == expected
