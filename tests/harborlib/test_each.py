"""harborlib.harbor.each: one request for each item, several at once if that saves time."""

from __future__ import annotations

import time

from harborlib.harbor import each, refusals
from harborlib.harbor.each import AT_ONCE, Each
from harborlib.harbor.refusals import LOGIN_REFUSED, PERMISSION_MISSING
from harborlib.wire import deadline
from harborlib.wire.failure import CONTENT, STATUS, Failure

import pytest


def test_all_in_their_order() -> None:
    asked = Each(list(range(10)), lambda number: number * number, "number")
    assert list(asked) == [(number, number * number) for number in range(10)]
    assert asked.unseen == ""


def test_a_failure_ends_it() -> None:
    def ask(number: int) -> int:
        if number == 5:
            raise Failure(STATUS, "five")
        return number

    found: list[object] = []
    with pytest.raises(Failure, match="five"):
        found.extend(Each(list(range(10)), ask, "number"))


def test_what_is_the_trouble_of_single_ones_is_kept() -> None:
    trouble = {
        2: Failure(STATUS, "an answer of Harbor", status=500),
        5: Failure(refusals.ABSENT, "gone", status=404),
        6: Failure(CONTENT, "unexpected", status=200),
        9: Failure(PERMISSION_MISSING, "not ours", status=403),
    }

    def ask(number: int) -> int:
        if number in trouble:
            raise trouble[number]
        return number

    asked = Each(list(range(10)), ask, "number", lambda number: f"number {number}")
    assert [number for number, _ in asked] == [0, 1, 3, 4, 7, 8]
    assert asked.failed == {f"number {number}": failure for number, failure in trouble.items()}


@pytest.mark.parametrize(
    "failure",
    [
        Failure(STATUS, "core is away", status=502),
        Failure(STATUS, "hangs", hung=True),
        Failure(LOGIN_REFUSED, "who?", status=401),
        Failure(refusals.TOO_OLD, "unknown path", status=404),
    ],
)
def test_what_is_the_trouble_of_all_ends_it(failure: Failure) -> None:
    def ask(number: int) -> int:
        if number == 5:
            raise failure
        return number

    with pytest.raises(Failure, match=failure.detail):
        list(Each(list(range(10)), ask, "number"))


def test_single_ones_are_no_excuse_where_none_is_answered() -> None:
    asked = []

    def ask(number: int) -> int:
        asked.append(number)
        raise Failure(STATUS, "an answer of Harbor", status=500)

    with pytest.raises(Failure, match=r"^number 0: an answer of Harbor$"):
        list(Each(list(range(100)), ask, "number", lambda number: f"number {number}"))
    assert each.MOST_FAILED <= len(asked) < each.MOST_FAILED + AT_ONCE


def test_time_runs_out() -> None:
    asked = Each(list(range(100)), lambda _: time.sleep(0.2), "policy")  # as a slow Harbor would take
    seen = deadline.supervised(lambda: len(list(asked)), 1.5)
    assert 0 < seen < 100
    assert seen % AT_ONCE == 1  # the first one alone
    assert asked.unseen == f"only {seen} of 100 policies checked: time ran out"


@pytest.mark.parametrize(("seconds", "most"), [(0.0, 1), (0.2, AT_ONCE)])
def test_at_once_only_if_it_saves_time(seconds: float, most: int) -> None:
    working, seen = [], []

    def ask(number: int) -> None:
        working.append(number)
        seen.append(len(working))
        time.sleep(seconds)
        working.remove(number)

    asked = Each(list(range(9)), ask, "policy")
    assert len(list(asked)) == 9
    assert seen[0] == 1
    assert max(seen) == most


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(each, "MOST_ASKED", 10)
    asked = Each(list(range(11)), lambda number: number, "policy")
    assert len(list(asked)) == 10
    assert asked.unseen == "only 10 of 11 policies checked: more are too many"
    assert len(list(Each(list(range(10)), lambda number: number, "policy"))) == 10
