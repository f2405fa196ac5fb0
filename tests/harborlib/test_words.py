"""harborlib.text.words: numbers as people read them."""

from __future__ import annotations

import time

from harborlib.text import words

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nagiosplugin import Range


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.25, "0.2 s"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (100, "1 min 40 s"),
        (4 * 60 + 59, "4 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (47 * 3600, "1 d 23 h"),
        (4 * 86400 - 1, "3 d 23 h"),
        (400 * 86400, "400 d"),
    ],
)
def test_span(seconds: float, told: str) -> None:
    assert words.span(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (75463, "73.7 KiB"), (2**40, "1 TiB"), (2**70, "1024 EiB")],
)
def test_size(count: float, told: str) -> None:
    assert words.size(count) == told


@pytest.mark.parametrize(("value", "told"), [(0, "0%"), (99.99, "99.9%"), (100, "100%"), (120.04, "120%")])
def test_percent_never_rounds_up(value: float, told: str) -> None:
    assert words.percent(value) == told


@pytest.mark.parametrize(
    ("count", "noun", "told"), [(1, "queue", "1 queue"), (2, "queue", "2 queues"), (0, "policy", "0 policies")]
)
def test_number(count: int, noun: str, told: str) -> None:
    assert words.number(count, noun) == told


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("90", "at 1 min 30 s"),
        ("~:90", "at 1 min 30 s"),
        ("60:", "below 1 min"),
        ("60:120", "outside 1 min to 2 min"),
        ("@60:120", "within 1 min to 2 min"),
        ("@60:", "from 1 min"),
    ],
)
def test_limit(limits: str, told: str) -> None:
    assert words.limit(Range(limits), words.span) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "1970-01-01 00:00 UTC"),
        (1795348800, "2026-11-22 12:00 UTC"),
        (253402300799, "9999-12-31 23:59 UTC"),
        (2**63 - 1, "9999-12-31 23:59 UTC"),
        (-62135596800, time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(-62135596800))),
    ],
)
def test_moment(seconds: float, told: str) -> None:
    assert words.moment(seconds) == told


@given(st.integers(-(2**64), 2**64) | st.floats())
def test_every_number_has_its_words(value: float) -> None:
    for say in (words.span, words.moment, words.size, words.percent):
        assert say(value)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 7, 0), (-1, 7, 0), (1, 5000, 0.1), (7537, 10000, 75.3), (4999, 5000, 99.9), (5, 5, 100), (3, 2, 150)],
)
def test_share(part: float, whole: float, percent: float) -> None:
    assert words.share(part, whole) == percent


@given(st.integers(0, 2**63), st.integers(1, 2**63))
def test_a_share_is_shown_as_it_is_judged(part: int, whole: int) -> None:
    part = min(part, whole)
    share = words.share(part, whole)
    assert words.percent(share) == f"{share:g}%"
    assert (share == 0, share == 100) == (part == 0, part == whole)
