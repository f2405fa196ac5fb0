"""A small parent process that answers for the probe, whatever happens to it.

The probe works in a forked child. C code that keeps the interpreter lock, a crash, the kernel's out-of-memory killer:
all of these affect only the child. The parent only waits. It needs none of the child's locks, it ends the child at the
deadline, and it alone prints and exits.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import mmap
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import NamedTuple, NoReturn

from harborlib import LIMITS, ROOM
from harborlib.text.cleaning import redacted
from harborlib.wire import deadline
from harborlib.wire.failure import Interrupted

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
HANDLED = (*STOP_SIGNALS, signal.SIGALRM)
GRACE = 2.5  # seconds from such a signal to the end: clean-up may need two
OVERTIME = 0.15  # seconds after the deadline; then a probe that cannot report a hang itself is ended
LAST_RESORT = 0.5  # seconds after the deadline; then the kernel ends a probe whose guard is gone
NOTED = 1024  # bytes for the description of the current work
ANSWER = 0  # the child's end of the pipe replaces stdin, which nobody reads: some hosts allow only a few descriptors
END = b"\0"  # ends an answer, which is text: an answer without it is incomplete

LOAD = "check the load of this monitoring host; if it is low, report a check_harbor bug and attach Harbor's answer"
CRASH = "report this check_harbor bug, and try another build of Python or OpenSSL"


class Ending(NamedTuple):
    """The output of a process, and its exit code."""

    text: str
    code: int


class Lost(Exception):
    """The probe ended, or had to be ended, before it had an answer; the text says how, `next_step` what to do."""

    def __init__(self, text: str, next_step: str) -> None:
        super().__init__(text)
        self.next_step = next_step


def guarded(work: Callable[[], Ending], until: float, _args: object = None) -> Ending:
    """The result of `work`, done in a child; raises Lost if there is none by `until` (of `time.monotonic`).

    Call it before any thread is started. If no process can be forked, the work is done here, without a guard. `work`
    receives a signal as Interrupted, once.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)  # until a handler is installed
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # if it is ignored, the parent cannot learn how a child ended
    pipe: tuple[int, ...] = ()
    try:
        pipe = os.pipe()
        doing = mmap.mmap(-1, NOTED)
        gc.freeze()  # a collection in the child would touch, and so copy, all of our objects
        child = os.fork()
    except OSError:
        gc.enable()
        for descriptor in pipe:
            os.close(descriptor)
        enough = obey(until)
        ending = work()
        enough()
        return ending
    reader, writer = pipe
    if child == 0:
        gc.enable()
        os.close(reader)
        os.dup2(writer, ANSWER)
        os.close(writer)
        be_guarded(until, doing)
        answer(work)
    os.close(writer)
    return Guard(child, reader, until, doing).wait()


def obey(until: float, guard: select.poll | None = None) -> Callable[[], None]:
    """End by Interrupted when told to stop, once; and be killed by the kernel long after the deadline.

    `guard` shows whether the pipe to it is broken, which causes a SIGIO. Call the returned function when there is an
    answer: later signals are ignored.
    """
    interrupted = False

    def interrupt(number: int, _frame: object) -> None:
        nonlocal interrupted
        if interrupted or (guard and number == signal.SIGIO and not guard.poll(0)):
            return
        interrupted = True  # a process group receives the same signal twice
        raise Interrupted(number, deadline.newest().stage[1])

    for number in (*STOP_SIGNALS, *([signal.SIGIO] if guard else [])):
        signal.signal(number, interrupt)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(0.01, until + LAST_RESORT - time.monotonic()))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)

    def enough() -> None:
        nonlocal interrupted
        interrupted = True

    return enough


def be_guarded(until: float, doing: mmap.mmap) -> None:
    """Be the child: report the current work, and notice when nobody reads any more."""

    def note(text: str) -> None:
        data = redacted(text).encode("ascii", "backslashreplace")[: NOTED - 1]
        doing[: len(data) + 1] = data + END

    be_quiet()
    guard = select.poll()
    guard.register(ANSWER, 0)  # reports nothing except that the other end was closed
    deadline.listener = note
    obey(until, guard)
    fcntl.fcntl(ANSWER, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(ANSWER, fcntl.F_SETFL, os.O_ASYNC)  # SIGIO when the other end is closed


def be_quiet() -> None:
    """Leave stdout (except a terminal that shows progress) and stderr to the guard: C libraries write there too."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        for number in (1, 2):
            if not (number == 1 and os.isatty(1)) and not sys._xoptions:  # the output of -X is for developers
                os.dup2(null, number)
        os.close(null)


def encoded(ending: Ending) -> bytes:
    """An answer as it is sent."""
    return b"%d %b" % (ending.code, ending.text.encode("ascii", "backslashreplace")) + END


def answer(work: Callable[[], Ending]) -> NoReturn:
    """Work, pass the answer to the guard, and end with all threads."""
    with contextlib.suppress(BaseException):  # if there is no answer, the guard gives one
        data = encoded(work())
        while data:
            data = data[os.write(ANSWER, data) :]
    os._exit(0)


class Guard:
    """The parent's side: it waits for the answer, forwards signals, and ends the child when time is up."""

    def __init__(self, child: int, reader: int, until: float, doing: mmap.mmap) -> None:
        self.child = child
        self.reader = reader
        self.started = time.monotonic()
        self.until = until + OVERTIME
        self.doing = doing
        self.stop_signal = 0  # the signal that requested the stop
        self.over = False
        self.heard = bytearray()

    def wait(self) -> Ending:
        """The child's answer; raises Lost."""
        try:
            for number in STOP_SIGNALS:
                signal.signal(number, self.hand_on)
            signal.signal(signal.SIGALRM, self.give_up)
            signal.setitimer(signal.ITIMER_REAL, max(0.01, self.until - time.monotonic()))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            while piece := os.read(self.reader, 65536):
                self.heard += piece
            status: int | None = os.waitpid(self.child, 0)[1]
            self.over = True
        except TimeoutError:
            status = None
            self.end()
        if self.heard.endswith(END):
            code, _, text = self.heard[:-1].decode("ascii").partition(" ")
            return Ending(text, int(code))
        raise self.lost(status)

    def hand_on(self, number: int, _frame: object) -> None:
        """Signal handler: the child must stop and report what it was doing. Later signals add nothing."""
        if self.over or self.stop_signal:
            return
        self.stop_signal = number
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, number)
        left = min(GRACE, self.until - time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, max(0.01, left))

    def give_up(self, _number: int, _frame: object) -> None:
        """Signal handler: time is up. Only what the child has sent so far counts."""
        if not self.over:
            self.over = True
            raise TimeoutError

    def end(self) -> None:
        """Kill the child; one that hangs in the kernel is left behind."""
        with contextlib.suppress(OSError):
            os.kill(self.child, signal.SIGKILL)
            for _ in range(20):
                if os.waitpid(self.child, os.WNOHANG)[0]:
                    return
                time.sleep(0.002)

    def lost(self, status: int | None) -> Lost:
        """How the child ended, by its exit status; None: we ended it."""
        while_doing = f"while {self.doing[:].partition(END)[0].decode() or deadline.GETTING_READY[1]}"
        if self.stop_signal:
            return Lost(f"interrupted by {signal.Signals(self.stop_signal).name} {while_doing}", ROOM)
        if status is None:
            return Lost(f"stuck {while_doing}: ended by force after {time.monotonic() - self.started:.1f} s", LOAD)
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            step = LIMITS if number in (signal.SIGKILL, signal.SIGXCPU) else CRASH
            return Lost(f"killed by {signal.Signals(number).name} {while_doing}", step)
        return Lost(f"ended without an answer {while_doing}", CRASH)
