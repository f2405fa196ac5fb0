"""Answers: JSON as Harbor writes it, dates as anybody does."""

from __future__ import annotations

import json
import math
import time

from harborlib.wire.failure import CONTENT, ROUTE, Failure
from harborlib.wire.request import VALUES, Answer, Request, parsed

import pytest
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def answer(body: bytes = b"", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("/api/v2.0/x", True, 200, names, body, 0.1)


def read(body: bytes, **headers: str) -> object:
    """The JSON of an answer, or the stage of the Failure and what it knows of the answer."""
    try:
        return answer(body, **headers).json()
    except Failure as failure:
        return failure.stage, failure.status, failure.path, failure.login


@given(JSON)
def test_json_comes_back(value: object) -> None:
    assert answer(json.dumps(value).encode()).json() == value
    assert answer(b"\xef\xbb\xbf" + json.dumps(value).encode()).json() == value


@given(st.binary() | st.text(alphabet='{}[]"0123456789.eE+-,: truefalsnINaity').map(str.encode))
def test_any_body_is_json_or_a_failure(body: bytes) -> None:
    read(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"NaN", b"[Infinity]", b"-Infinity", b"1e999", b"-1e999", b"9" * 19 + b"9", b"-9" + b"9" * 19,
     b"9" * 100_000, b"[" * 10_000, b'{"a":' * 10_000, b"[" * 100_000, b'"' * 100_000, b"]" * 100_000, b"\xff",
     b'"\xff"', b"\x00", "{}".encode("utf-16")],
)  # fmt: skip
def test_what_is_not_json(body: bytes) -> None:
    assert read(body) == (CONTENT, 200, "/api/v2.0/x", True)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[" * 65 + b"]" * 65, "more than 64 levels"),
        (b'[{"a":' * 33 + b"0" + b"}]" * 33, "more than 64 levels"),
        (b"[" * 10_000 + b"]" * 10_000, "more than 64 levels"),
        (b"[" + b"1," * 20_000 + b"1]", "more than 20000 values"),
        (b"[" + b"{}," * 10_000 + b"{}]", "more than 20000 values"),
        (b" " * (4 * 1024 * 1024) + b"1", "more than 4194304 characters"),
    ],
)
def test_more_than_any_harbor_sends(body: bytes, problem: str) -> None:
    with pytest.raises(Failure, match=f"unexpected answer to GET /api/v2.0/x: {problem}") as raised:
        answer(body).json()
    assert raised.value.stage == CONTENT


@pytest.mark.parametrize(
    "value",
    [
        [[]] * 6_000,
        {"a": ["[[[[" * 20, '"{{{{' * 20, "\\" * 20, '\\"[' * 20, "]]]]"]},
        json.loads("[" * 64 + "]" * 64),
        [{"cve_id": "CVE-2026-12345"}] * 9_999,
    ],
)
def test_brackets_in_texts_are_no_levels(value: object) -> None:
    assert answer(json.dumps(value).encode()).json() == value
    assert answer(json.dumps(json.dumps(value)).encode()).json() == json.dumps(value)


#: Bodies at the limits, and past them: whatever is done with them in C must not hold the interpreter for long.
WORST = {
    "objects": "{}," * (VALUES // 2),
    "lists": "[]," * (VALUES // 2),
    "keys": ",".join(f'{{"{number:06x}":0}}' for number in range(VALUES // 2)),
    "floats": "1.7777777777777777e300," * VALUES,
    "nests": '{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}},' * (VALUES // 8),
    "escapes": '"' + '\\"' * 500_000 + '"',
    "escapes without an end": '"' + 'x\\"' * 350_000,
    "backslashes": '"' + "\\" * 1_000_000 + '"',
    "quotes": '"' * 1_000_000,
    "quotes at the limit": '"",' * (VALUES - 1),
    "closing brackets": "]" * 1_000_000,
    "opening brackets": "[" * (VALUES - 1),
    "brackets": "[" * (VALUES - 1) + "]" * (VALUES - 1),
    "digits": "7" * 1_000_000,
    "a long float": "0." + "7" * 1_000_000,
    "letters": '"' + "\u00e4" * 500_000 + '"',
    "blanks": " " * 1_000_000,
}


@pytest.mark.parametrize("case", sorted(WORST))
def test_no_body_holds_the_interpreter(case: str) -> None:
    body = f"[{WORST[case].rstrip(',')}]".encode()
    spent = []
    for _ in range(3):  # the machine may be busy with other things
        started = time.process_time()
        read(body)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.1


@pytest.mark.parametrize(
    ("text", "value"), [("9223372036854775807", 2**63 - 1), ("-9223372036854775808", -(2**63)), ("1e300", 1e300)]
)
def test_numbers_of_64_bits(text: str, value: float) -> None:
    assert parsed(text) == value


def test_a_page_is_not_json() -> None:
    assert read(b"{}", Content_Type="TEXT/HTML; charset=utf-8") == (ROUTE, 200, "/api/v2.0/x", True)
    assert read(b"{}", Content_Type="text/plain") == {}


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Sun, 22 Nov 2026 06:24:17 GMT", 1795328657),
        ("Sun, 22 Nov 2026 07:24:17 +0100", 1795328657),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_date(date: str, seconds: float) -> None:
    assert answer(Date=date).date == seconds


@given(
    st.text() | st.text(alphabet="Sun, 2Nov06:4+-9GMT\x00") | st.from_regex(r"\w{3}, \d+ Nov \d+ \d+:\d+:\d+ [+-]?\w+")
)
def test_any_date_is_a_time(date: str) -> None:
    """The server's, or ours where it does not tell."""
    found = answer(Date=date).date
    assert math.isfinite(found)
    time.gmtime(found)


def test_without_a_date_it_is_now() -> None:
    assert abs(answer().date - time.time()) < 5


def test_a_request_is_named_without_its_query() -> None:
    request = Request("PATCH", "/v2/p/r/blobs/uploads/1?_state=secret", {"Authorization": "Bearer x"})
    assert str(request) == "PATCH /v2/p/r/blobs/uploads/1"
    assert request.login
    assert not Request("GET", "/", {}).login
