"""Time: work that is given up when it is over, and what hung."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from harborlib.wire import deadline
from harborlib.wire.failure import BODY, CONNECT, CONTENT, Failure

import pytest


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What hanging work waits for; opened after the test."""
    event = threading.Event()
    yield event
    event.set()


def test_the_result_comes_back() -> None:
    assert deadline.supervised(lambda: 42, 5) == 42


def test_an_exception_comes_back() -> None:
    def broken() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        deadline.supervised(broken, 5)


def test_a_hang_is_given_up_and_named(gate: threading.Event) -> None:
    def hang() -> None:
        deadline.begin("GET /v2/", "/v2/", True)
        deadline.enter(BODY, "reading the answer to GET /v2/")
        gate.wait(20)

    started = time.monotonic()
    with pytest.raises(Failure) as failure:
        deadline.supervised(hang, 0.2)
    assert 0.2 <= time.monotonic() - started < 2
    found = failure.value
    assert (found.stage, found.detail) == (BODY, "timed out after 0.2 s reading the answer to GET /v2/")
    assert (found.hung, found.path, found.login) == (True, "/v2/", True)


def test_what_a_part_does_counts_for_the_whole(gate: threading.Event) -> None:
    """The whole can find its time over before the part has told: both tell the same."""

    def part() -> None:
        deadline.begin("GET /", "/", False)
        deadline.enter(CONNECT, "connecting to 192.0.2.1:443")
        gate.wait(20)

    def whole() -> None:
        try:
            deadline.supervised(part)
        except Failure:
            gate.wait(20)

    with pytest.raises(Failure) as failure:
        deadline.supervised(whole, 0.2)
    assert (failure.value.stage, failure.value.path) == (CONNECT, "/")
    assert failure.value.detail == "timed out after 0.2 s connecting to 192.0.2.1:443"


def test_a_part_ends_before_the_whole(gate: threading.Event) -> None:
    def whole() -> str:
        with pytest.raises(Failure):
            deadline.supervised(lambda: gate.wait(20))
        return "told in time"

    assert deadline.supervised(whole, 0.4) == "told in time"


def test_a_part_may_not_take_longer_than_the_whole() -> None:
    def whole() -> float:
        return deadline.supervised(deadline.remaining, 60)

    assert deadline.supervised(whole, 2) <= 2 - deadline.MARGIN


def test_nobody_supervises() -> None:
    assert deadline.remaining() == 86400
    assert deadline.task() == "the probe"
    deadline.enter(BODY, "ignored")
    assert deadline.stage() == (CONTENT, "getting ready")


def test_side_by_side(gate: threading.Event) -> None:
    """In the order of the calls, each with its own end, at the same time."""
    barrier = threading.Barrier(2, timeout=20)

    def broken() -> None:
        barrier.wait()
        raise ValueError("broken")

    def fine() -> str:
        barrier.wait()
        return "fine"

    first, second, third = deadline.side_by_side([broken, fine, lambda: gate.wait(20)], 0.5)
    assert isinstance(first, ValueError)
    assert second == "fine"
    assert isinstance(third, Failure)
    assert third.hung


def test_nothing_to_do() -> None:
    assert deadline.side_by_side([], 5) == []


def test_no_time_left() -> None:
    (outcome,) = deadline.side_by_side([lambda: time.sleep(0.2)], 0)  # longer than no time at all
    assert isinstance(outcome, Failure)
    assert outcome.detail == "timed out after 0.1 s getting ready"
    assert outcome.next_step == "check the load of this monitoring host, or raise -t"
    assert not outcome.unreachable, "Harbor was not even asked"


def test_the_newest_work_is_known() -> None:
    """For a program that is asked to stop."""

    def work() -> str:
        deadline.enter(CONNECT, "connecting")
        return deadline.newest().stage[1]

    assert deadline.supervised(work, 5) == "connecting"
