"""harborlib.judge.cron: Harbor's schedules, held against croniter where both mean the same."""

from __future__ import annotations

import datetime

from harborlib.judge import cron

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import given
from hypothesis import strategies as st

MONTHS = ("jan", "FEB", "Mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("SUN", "mon", "Tue", "wed", "thu", "fri", "sat")


def moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text + "+00:00").timestamp()


def told(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


@st.composite
def fields(draw: st.DrawFn, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[str, str]:
    """One field, and the same with nothing but numbers or a star."""
    if draw(st.booleans()):
        return draw(st.sampled_from(["*", "?"])), "*"
    texts: list[str] = []
    values: set[int] = set()
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(low, high))
        last = draw(st.integers(first, high))
        step = draw(st.integers(1, high))
        named = bool(names) and draw(st.booleans())
        word = names[first - low] if named else str(first)
        text, numbers = draw(
            st.sampled_from(
                [
                    (word, [first]),
                    (f"{word}-{last}", range(first, last + 1)),
                    (f"{word}-{last}/{step}", range(first, last + 1, step)),
                    (f"{word}/{step}", range(first, high + 1, step)),
                ]
            )
        )
        texts.append(text)
        values.update(numbers)
    return ",".join(texts), ",".join(map(str, sorted(values)))


EXPRESSIONS = st.tuples(
    fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12, MONTHS), fields(0, 6, DAYS)
).map(lambda pairs: tuple(" ".join(words) for words in zip(*pairs)))
MOMENTS = st.integers(int(moment("2001-01-01T00:00:00")), int(moment("2060-01-01T00:00:00")))


@given(EXPRESSIONS, MOMENTS)
def test_the_last_time_is_the_one_that_croniter_finds(expression: tuple[str, str], at: int) -> None:
    ours, plain = expression
    try:
        theirs = croniter(plain, at + 1, second_at_beginning=True, max_years_between_matches=9).get_prev(float)
    except CroniterBadDateError:
        theirs = None
    assert told(cron.parse_cron(ours).previous(at)) == told(theirs)


@given(EXPRESSIONS, MOMENTS)
def test_the_last_time_is_not_later_and_is_its_own_last_time(expression: tuple[str, str], at: int) -> None:
    parsed = cron.parse_cron(expression[0])
    found = parsed.previous(at + 0.75)
    if found is not None:
        assert found <= at
        assert parsed.previous(found) == found
        assert parsed.previous(found + 0.5) == found


@pytest.mark.parametrize(
    ("expression", "at", "expected"),
    [
        ("0 0 0 * * *", "2026-11-22T12:00:00", "2026-11-22T00:00:00"),
        ("0 0 0 * * *", "2026-11-22T00:00:00", "2026-11-22T00:00:00"),
        ("0 0 0 * * *", "2026-11-21T23:59:59", "2026-11-21T00:00:00"),
        ("0 30 2 * * 1-5", "2026-11-22T12:00:00", "2026-11-20T02:30:00"),
        ("0 0 0 * * 0", "2026-11-21T12:00:00", "2026-11-15T00:00:00"),
        ("30 */15 8-10 * * *", "2026-11-22T10:14:00", "2026-11-22T10:00:30"),
        ("0 0 4/6 * * *", "2026-11-22T12:00:00", "2026-11-22T10:00:00"),
        ("0 0 0 29 2 *", "2026-11-22T12:00:00", "2024-02-29T00:00:00"),
        ("0 0 0 29 feb ?", "2104-02-28T12:00:00", "2096-02-29T00:00:00"),
        ("0 0 0 31 * *", "2026-11-22T12:00:00", "2026-10-31T00:00:00"),
        ("0 0 0 30 2 *", "2026-11-22T12:00:00", None),
        # Both kinds of day restricted: one is enough. With a star in one of them, both must fit.
        ("0 0 0 13 * 5", "2026-11-22T12:00:00", "2026-11-20T00:00:00"),
        ("0 0 0 13 * *", "2026-11-22T12:00:00", "2026-11-13T00:00:00"),
        ("0 0 0 */2 * 2", "2026-11-22T12:00:00", "2026-11-21T00:00:00"),
        ("0 0 0 */1 * 2", "2026-11-22T12:00:00", "2026-11-17T00:00:00"),
        ("0 0 0 *,5 * 2", "2026-11-22T12:00:00", "2026-11-17T00:00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:58", "2025-12-31T23:59:59"),
        ("@yearly", "2026-11-22T12:00:00", "2026-01-01T00:00:00"),
        ("@annually", "2026-11-22T12:00:00", "2026-01-01T00:00:00"),
        ("@monthly", "2026-11-22T12:00:00", "2026-11-01T00:00:00"),
        ("@weekly", "2026-11-22T12:00:00", "2026-11-22T00:00:00"),
        ("@daily", "2026-11-22T12:00:00", "2026-11-22T00:00:00"),
        ("@Midnight", "2026-11-22T12:00:00", "2026-11-22T00:00:00"),
        ("@hourly", "2026-11-22T12:34:56", "2026-11-22T12:00:00"),
    ],
)
def test_expressions(expression: str, at: str, expected: str | None) -> None:
    assert told(cron.parse_cron(expression).previous(moment(at))) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "bad",
        "* * * * *",
        "* * * * * * *",
        "@every 1h",
        "@reboot",
        "60 * * * * *",
        "0 0 24 * * *",
        "0 0 0 0 * *",
        "0 0 0 32 * *",
        "0 0 0 1 13 *",
        "0 0 0 * * 7",
        "0 0 0 * * -1",
        "0 0 0 * jan-foo *",
        "0 0 0 * sun *",
        "5-1 * * * * *",
        "*/0 * * * * *",
        "*/-1 * * * * *",
        "*/x * * * * *",
        "1,,2 * * * * *",
        "1//2 * * * * *",
        "\u0665 * * * * *",
        "9" * 5000 + " * * * * *",
        "0," * 100 + "0 * * * * *",
    ],
)
def test_what_is_no_expression(expression: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  it is the only error, whatever its words
        cron.parse_cron(expression)


@given(st.text())
def test_any_text_is_an_expression_or_a_value_error(text: str) -> None:
    try:
        cron.parse_cron(text).previous(moment("2026-11-22T12:00:00"))
    except ValueError:
        return


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 0 * * * *", "hourly at minute 0"),
        ("0 0 0 * * *", "daily at 00:00 UTC"),
        ("0 0 0 * * 0", "weekly on Sunday at 00:00 UTC"),
        ("@weekly", "weekly on Sunday at 00:00 UTC"),
        ("@monthly", "monthly on day 1 at 00:00 UTC"),
        ("30 5 1 ? * *", "daily at 01:05 UTC"),
        ("0 30 22 * * SAT", "weekly on Saturday at 22:30 UTC"),
        ("0 0 1 15 * *", "monthly on day 15 at 01:00 UTC"),
        ("0 0 1 */2 * *", ""),
        ("0 0 1 15 * 1", ""),
        ("0 0 1 * 6 *", ""),
        ("0 0 */6 * * *", ""),
        ("0 0 * * * 1", ""),
        ("0 */5 * * * *", ""),
        ("*/5 0 1 * * *", ""),
        ("@yearly", ""),
    ],
)
def test_in_words(text: str, words: str) -> None:
    assert str(cron.parse_cron(text)) == words
