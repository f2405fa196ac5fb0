"""harborlib.harbor.fields: what is missing, what is never, what is of another type."""

from __future__ import annotations

import contextlib
import datetime
import json
from typing import Any

from harborlib.harbor.fields import Fields, parse_moment
from harborlib.wire.failure import CONTENT, Failure
from harborlib.wire.request import Answer

import pytest
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
READERS = ("number", "count", "end", "text", "name", "key", "flag", "moment", "inner", "packed", "rows")


def answer(body: str) -> Answer:
    return Answer("/api/v2.0/thing", True, 200, {"Content-Type": "application/json"}, body.encode(), 0.1)


def fields(value: Any) -> Fields:
    return Fields.of(answer(json.dumps(value)))


def refused(call: Any) -> str:
    with pytest.raises(Failure) as raised:
        call()
    assert (raised.value.stage, raised.value.path, raised.value.login) == (CONTENT, "/api/v2.0/thing", True)
    return raised.value.detail.removeprefix("unexpected answer to GET /api/v2.0/thing: ")


@pytest.mark.parametrize("row", [{}, {"x": None}])
def test_missing_means_zero(row: dict[str, None]) -> None:
    found = fields(row)
    assert "x" not in found
    assert (found.number("x"), found.text("x"), found.key("x"), found.flag("x")) == (0, "", "", False)
    assert (found.moment("x"), found.rows("x")) == (None, [])
    assert found.inner("x").number("y") == 0
    assert found.packed("x").text("y") == ""


def test_what_is_there() -> None:
    found = fields(
        {
            "n": -(2**63),
            "c": 2**63 - 1,
            "t": "text",
            "k": "17",
            "f": True,
            "m": "2026-11-22T12:00:00.5Z",
            "i": {"a": {"b": 2}},
            "p": '{"dry_run":true}',
            "r": [{"a": 1}, {"a": 2}],
        }
    )
    assert (found.number("n"), found.text("t"), found.key("k"), found.flag("f")) == (-(2**63), "text", "17", True)
    assert found.count("c") == 2**63 - 1
    assert found.moment("m") == 1795348800.5
    assert found.inner("i").inner("a").number("b") == 2
    assert found.packed("p").flag("dry_run")
    assert [row.number("a") for row in found.rows("r")] == [1, 2]
    assert fields({"a": 1, "b": 2}).counts() == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("reader", "value", "problem"),
    [
        ("number", "1", "x is not a number"),
        ("number", True, "x is not a number"),
        ("number", [1], "x is not a number"),
        ("number", 1e300, "x is not a number"),
        ("number", 2**63, "x is not a number"),
        ("number", 1.0, "x is not a whole number"),
        ("number", 1e-320, "x is not a whole number"),
        ("count", -1, "x is -1"),
        ("end", None, "x is missing"),
        ("end", -2, "x is -2"),
        ("end", 2**63 - 1, "x is not a time"),
        ("key", "1" * 20, "x is not a number"),
        ("moment", f"2026-11-22T12:00:00.{'5' * 1_000_000}Z", "x is not a time"),
        ("text", 1, "x is not a text"),
        ("key", "1a", "x is not a number"),
        ("key", "\u0661", "x is not a number"),
        ("key", "../robots", "x is not a number"),
        ("flag", "true", "x is neither true nor false"),
        ("flag", 1, "x is neither true nor false"),
        ("moment", 5, "x is not a text"),
        ("moment", "yesterday", "x is not a time"),
        ("moment", "2026-02-30T00:00:00Z", "x is not a time"),
        ("inner", [], "an object is expected"),
        ("packed", "{", "x does not hold JSON"),
        ("packed", "[]", "an object is expected"),
        ("packed", "[" * 10_000, "x does not hold JSON"),
        ("packed", "[" * 65 + "]" * 65, "x holds more than 64 levels"),
        ("rows", {}, "x is not a list"),
    ],
)
def test_other_types(reader: str, value: object, problem: str) -> None:
    assert refused(lambda: getattr(fields({"x": value}), reader)("x")) == problem


def test_bodies() -> None:
    assert Fields.rows_of(answer("null"), 1) == []
    assert len(Fields.rows_of(answer("[{},{}]"), 2)) == 2
    assert refused(lambda: Fields.rows_of(answer("[{},{}]"), 1)) == "2 rows instead of at most 1"
    assert refused(lambda: Fields.rows_of(answer("[{},{}]"), 2, 3)) == "more than 3 values"
    assert refused(lambda: Fields.of(answer('{"a":1,"b":2}'), 1)) == "more than 1 values"
    assert refused(lambda: Fields.rows_of(answer("{}"), 1)) == "the body is not a list"
    assert refused(lambda: Fields.of(answer("[]"))) == "an object is expected"
    assert refused(lambda: fields({}).rows("x", needed=True)) == "x is missing"


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T01:00:00+01:00",
        "0000-00-00T00:00:00Z",
    ],
)
def test_never(text: str) -> None:
    if text.startswith("0000"):
        assert parse_moment(text) is None
    else:
        assert fields({"x": text}).moment("x") is None


@given(
    st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(9999, 1, 1)),  # noqa: DTZ001  the offset is separate
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
)
def test_moments_are_those_of_the_standard_library(at: datetime.datetime, minutes: int, digits: int) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    fraction = f".{at.microsecond * 1000:09d}"[: digits + 1] if digits else ""
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    offset = f"{sign}{hours:02d}:{rest:02d}" if minutes else "Z"
    found = parse_moment(at.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + fraction + offset)
    assert found is not None
    expected = at.replace(tzinfo=zone, microsecond=0).timestamp() + float(f"0{fraction}" if fraction else 0)
    assert abs(found - expected) < 0.001


def test_names_are_short() -> None:
    assert fields({"x": "a" * 301}).name("x") == "a" * 300
    assert len(fields({"x": "a" * 301}).text("x")) == 301


def test_the_last_end_that_a_harbor_can_write() -> None:
    last = 253402300799 + (2**31 - 1) * 86400  # of an account of the year 9999, for as long as Harbor takes
    assert fields({"x": last}).end("x") == last
    assert fields({"x": 0}).end("x") == 0
    assert fields({"x": -1}).end("x") is None


def test_rows_do_not_keep_the_body() -> None:
    held = answer('{"x":"' + "a" * 1_000_000 + '"}')
    row = Fields.of(held)
    assert row.fail.__self__.body == b""  # type: ignore[attr-defined]


@given(st.text())
def test_any_text_is_a_moment_or_none(text: str) -> None:
    parse_moment(text)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    for reader in READERS:
        with contextlib.suppress(Failure):
            getattr(fields({"x": value}), reader)("x")


def test_a_row_that_is_no_object_hides_no_other() -> None:
    odd, good = fields({"x": [None, {"name": "good"}]}).rows("x")
    assert good.name("name") == "good"
    assert odd.called("row") == ""
    assert refused(lambda: odd.name("name")) == "an object is expected"
    assert refused(lambda: "name" in odd) == "an object is expected"
