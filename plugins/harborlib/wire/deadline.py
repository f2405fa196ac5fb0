"""Deadlines: every task runs in a daemon thread and is abandoned when its time is up.

A signal cannot interrupt `getaddrinfo` or a library's handshake. So the wait happens outside the thread: the thread is
abandoned, and the process ends with `os._exit`. A request needs no thread of its own, because its sockets (sockets.py)
keep the deadline of the task that makes it.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from .failure import CONTENT, Failure, Kind, Starved

Outcome = TypeVar("Outcome")

MARGIN = 0.05  # seconds that inner work ends before the outer work, so that the inner failure is the one reported

#: Signals that a thread leaves to the main thread: if the kernel gives one to another thread, the main thread, which
#: alone can react, does not wake up.
FOR_MAIN = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGIO)
#: Before any request was sent: not Harbor's fault, and no basis for a verdict on Harbor.
GETTING_READY = (CONTENT, "getting ready")
BUSY = "check the load of this monitoring host, or raise -t"


class Worker(threading.Thread):
    """One task with a time limit. It knows its stage and its request, so that a hang can be reported precisely.

    A subtask (a worker that this one started) sets the stage of the whole as well: on a busy machine the outer task can
    run out of time before the subtask has reported.
    """

    def __init__(self, call: Callable[[], Any], until: float) -> None:
        super().__init__(daemon=True)
        self.whole = threading.current_thread()
        self.call = call
        self.until = until
        self.limit = until - MARGIN  # of what it is doing now
        self.since = time.monotonic()  # of its current request, or of the start
        self.task = "the probe"
        self.path = ""
        self.login = False
        self.stage = GETTING_READY
        self.outcome: Any = None
        self.finished = threading.Event()

    def run(self) -> None:
        """Do the work and keep its outcome."""
        global _newest  # noqa: PLW0603  only the main thread reads it
        _newest = self
        try:
            self.outcome = self.call()
        except BaseException as error:  # passed to the waiting thread, which raises or reports it
            self.outcome = error
        if _newest is self and isinstance(self.whole, Worker):
            _newest = self.whole
        self.finished.set()

    def wait(self) -> Any:
        """The result, the exception that ended the work, or a Failure that names the stage in which it hangs."""
        return self.outcome if self.finished.wait(max(0.0, self.until - time.monotonic())) else self.hang(self.until)

    def hang(self, until: float) -> Failure:
        """The Failure that names what it has been doing, in vain, `until` now."""
        stage, doing = self.stage
        seconds = max(0.1, until - self.since)
        step = BUSY if self.stage is GETTING_READY else ""
        text = f"timed out after {seconds:.2g} s {doing}"
        return Failure(stage, text, hung=True, waited=seconds, path=self.path, login=self.login, next_step=step)


_newest = Worker(lambda: None, 0.0)


def unheard(doing: str) -> None:
    """The listener when nobody needs progress."""


#: Called with what any task is about to do.
listener: Callable[[str], None] = unheard


def side_by_side(calls: Sequence[Callable[[], Any]], seconds: float | None = None) -> list[Any]:
    """Run the calls at the same time and wait at most `seconds` (never longer than the caller's own limit).

    Returns for each call its result, the exception it raised, or a Failure with `hung` set. An exception that is not an
    Exception (SystemExit) is raised here. If no thread can be started, Starved is raised.
    """
    until = time.monotonic() + (remaining() if seconds is None else min(seconds, remaining()))
    workers = [Worker(call, until) for call in calls]
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, FOR_MAIN)
    try:
        for worker in workers:
            worker.start()
    except RuntimeError:
        raise Starved("threads") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    outcomes = [worker.wait() for worker in workers]
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
            raise outcome
    return outcomes


def supervised(call: Callable[[], Outcome], seconds: float | None = None) -> Outcome:
    """Run one call under a limit. Returns its result; raises its exception, or a Failure if it hangs."""
    (outcome,) = side_by_side([call], seconds)
    if isinstance(outcome, Exception):
        raise outcome
    result: Outcome = outcome
    return result


def in_time(call: Callable[[], Outcome], seconds: float | None = None) -> Outcome:
    """Run one call of the current task under a limit, which its sockets keep (sockets.py).

    Returns its result; raises its exception, or a Failure if a socket hangs. A hang elsewhere is one of the whole task.
    """
    task = threading.current_thread()
    if not isinstance(task, Worker):
        return supervised(call, seconds)
    before = task.limit
    if seconds is not None:
        task.limit = min(before, time.monotonic() + seconds)
    try:
        return call()
    finally:
        task.limit = before


def newest() -> Worker:
    """The latest task that is still running: what a plugin is doing when it is interrupted."""
    return _newest


def current() -> Iterator[Worker]:
    """The current task and the tasks that contain it, innermost first."""
    thread = threading.current_thread()
    while isinstance(thread, Worker):
        yield thread
        thread = thread.whole


def remaining() -> float:
    """Seconds that the current task still has; a day outside of any task."""
    thread = threading.current_thread()
    return max(0.0, thread.limit - time.monotonic()) if isinstance(thread, Worker) else 86400.0


def hang() -> Failure:
    """The Failure for a socket that has used up the time of the current task."""
    thread = threading.current_thread()
    return thread.hang(thread.limit) if isinstance(thread, Worker) else Failure(*GETTING_READY, hung=True)


def begin(task: str, path: str, login: bool) -> None:
    """Set what the current task is for, such as `GET /v2/`, and the request (as in Failure)."""
    for worker in current():
        worker.task, worker.path, worker.login, worker.since = task, path, login, time.monotonic()


def task() -> str:
    """What the current task is for."""
    thread = threading.current_thread()
    return thread.task if isinstance(thread, Worker) else "the probe"


def enter(stage: Kind, doing: str) -> None:
    """Record what the current task is about to do: as a stage of failure.STAGES, and in words."""
    listener(doing)
    for worker in current():
        if worker.stage is GETTING_READY:
            worker.since = time.monotonic()
        worker.stage = (stage, doing)


def stage() -> tuple[Kind, str]:
    """The stage that the current task entered last."""
    thread = threading.current_thread()
    return thread.stage if isinstance(thread, Worker) else GETTING_READY
