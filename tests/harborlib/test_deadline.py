"""Time: work that is given up when it is over, and what hung."""

from __future__ import annotations

import re
import signal
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
    assert re.fullmatch(r"timed out after 0\.\d+ s connecting to 192\.0\.2\.1:443", failure.value.detail)


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


def test_a_limit_within_a_task(gate: threading.Event) -> None:
    """It holds for what the call asks of its sockets, and not after it."""

    def work() -> list[float]:
        whole = deadline.remaining()
        own = deadline.in_time(deadline.remaining, 0.5)
        longer = deadline.in_time(deadline.remaining, 100)
        with pytest.raises(ValueError, match="broken"):
            deadline.in_time(lambda: int("broken"), 0.5)
        return [whole, own, longer, deadline.remaining()]

    whole, own, longer, after = deadline.supervised(work, 5)
    assert 4 < whole < 5
    assert 0.3 < own <= 0.5
    assert 4 < after <= longer <= whole


def test_a_limit_outside_of_any_task_is_one_of_a_task(gate: threading.Event) -> None:
    with pytest.raises(Failure) as failure:
        deadline.in_time(lambda: gate.wait(20), 0.2)
    assert failure.value.hung


def test_signals_are_left_to_the_main_thread() -> None:
    """Another thread that gets one would not wake up the main thread, which waits."""

    def blocked() -> set[int]:
        return set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    before = blocked()
    masks = deadline.side_by_side([blocked, lambda: deadline.supervised(blocked, 5)], 5)
    assert all({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGIO} <= mask for mask in masks)
    assert blocked() == before
    assert signal.SIGINT not in before


def test_work_that_has_ended_is_not_the_newest(gate: threading.Event) -> None:
    """A part that is over says nothing about what the whole is doing now."""
    started = threading.Event()

    def whole() -> None:
        deadline.supervised(lambda: deadline.enter(CONNECT, "the part"), 5)
        deadline.enter(BODY, "the whole")
        started.set()
        gate.wait(20)

    thread = threading.Thread(target=lambda: deadline.side_by_side([whole], 1))
    thread.start()
    assert started.wait(5)
    assert deadline.newest().stage == (BODY, "the whole")
    gate.set()
    thread.join()
