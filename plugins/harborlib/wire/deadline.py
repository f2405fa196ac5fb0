"""Time: every piece of work runs in a daemon thread and is given up when its time is over.

A signal cannot interrupt `getaddrinfo`, and a slow server can feed a socket one byte at a time below any socket
timeout. So whoever waits does so from outside: the thread is left behind, and the process ends by `os._exit`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from .failure import CONTENT, Failure, Kind, Starved

Outcome = TypeVar("Outcome")

MARGIN = 0.05  # seconds by which work ends before the work that waits for it, so that the inner failure is told

#: Before anything was asked: no fault of Harbor's, and nothing to judge it by.
GETTING_READY = (CONTENT, "getting ready")
BUSY = "look at the load of this monitoring host, or give -t more time"


class Worker(threading.Thread):
    """One piece of work with a limit; knows its stage and request, so that a hang can be named.

    What a part of it (a worker begun by this one) enters counts for the whole: on a busy machine the whole can find its
    time over before the part has told.
    """

    def __init__(self, call: Callable[[], Any], until: float) -> None:
        super().__init__(daemon=True)
        self.whole = threading.current_thread()
        self.call = call
        self.until = until
        self.started = time.monotonic()
        self.task = "the probe"
        self.path = ""
        self.login = False
        self.stage = GETTING_READY
        self.outcome: Any = None
        self.finished = threading.Event()

    def run(self) -> None:
        """Do the work, and keep what comes of it."""
        global _newest  # noqa: PLW0603  there is one main thread that wants to know
        _newest = self
        try:
            self.outcome = self.call()
        except BaseException as error:  # handed to whoever waits, who raises or reports it
            self.outcome = error
        self.finished.set()

    def wait(self) -> Any:
        """The result, the exception that ended the work, or a Failure that names the stage in which it hangs."""
        if self.finished.wait(max(0.0, self.until - time.monotonic())):
            return self.outcome
        stage, doing = self.stage
        seconds = max(0.1, self.until - self.started)
        step = BUSY if self.stage is GETTING_READY else ""
        text = f"timed out after {seconds:.2g} s {doing}"
        return Failure(stage, text, hung=True, waited=seconds, path=self.path, login=self.login, next_step=step)


_newest = Worker(lambda: None, 0.0)


def unheard(doing: str) -> None:
    """Where nobody wants to know what is being done."""


#: Told what any piece of work is about to do.
listener: Callable[[str], None] = unheard


def side_by_side(calls: Sequence[Callable[[], Any]], seconds: float | None = None) -> list[Any]:
    """Run the calls at the same time and wait at most `seconds` (never longer than the caller itself may).

    Returns for each call its result, the exception it raised, or a Failure with `hung` set. What is no Exception
    (SystemExit) is raised here, and so is Starved where no thread can be started.
    """
    left = max(0.0, remaining() - MARGIN)
    until = time.monotonic() + (left if seconds is None else min(seconds, left))
    workers = [Worker(call, until) for call in calls]
    for worker in workers:
        try:
            worker.start()
        except RuntimeError:
            raise Starved("threads") from None
    outcomes = [worker.wait() for worker in workers]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
            raise outcome
    return outcomes


def supervised(call: Callable[[], Outcome], seconds: float | None = None) -> Outcome:
    """Run one call under a limit: its result, or raises what it raised, or the Failure of a hang."""
    (outcome,) = side_by_side([call], seconds)
    if isinstance(outcome, Exception):
        raise outcome
    result: Outcome = outcome
    return result


def newest() -> Worker:
    """The piece of work that was begun last: what a plugin is busy with when it is interrupted."""
    return _newest


def current() -> Iterator[Worker]:
    """The current piece of work, and what it is a part of."""
    thread = threading.current_thread()
    while isinstance(thread, Worker):
        yield thread
        thread = thread.whole


def remaining() -> float:
    """Seconds that the current piece of work still has; a day where nobody supervises."""
    thread = threading.current_thread()
    return max(0.0, thread.until - time.monotonic()) if isinstance(thread, Worker) else 86400.0


def begin(task: str, path: str, login: bool) -> None:
    """Name what the current piece of work is for, as `GET /v2/`, and the request (as in Failure)."""
    for worker in current():
        worker.task, worker.path, worker.login = task, path, login


def task() -> str:
    """What the current piece of work is for."""
    thread = threading.current_thread()
    return thread.task if isinstance(thread, Worker) else "the probe"


def enter(stage: Kind, doing: str) -> None:
    """Note what the current piece of work is about to do, as a stage of failure.STAGES and in words."""
    listener(doing)
    for worker in current():
        worker.stage = (stage, doing)


def stage() -> tuple[Kind, str]:
    """The stage last entered by the current piece of work."""
    thread = threading.current_thread()
    return thread.stage if isinstance(thread, Worker) else GETTING_READY
