"""From a probe to an exit code: the deadline, isolation, the states, the output.

The main thread only waits, so that signals and the deadline find it awake; the work is done in daemon threads
(deadline.py) and the process leaves by `os._exit`, whatever still hangs in them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from harborlib.text import json_output, nagios
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.text.writing import write
from harborlib.text.states import UNKNOWN
from harborlib.wire import deadline
from harborlib.wire.failure import Interrupted

from . import attempt, options
from .probe import Probe

LEAVING = 0.1  # seconds kept for the output


def engine(report: Report, args: argparse.Namespace) -> str:
    """The report as a monitoring engine reads it."""
    return nagios.text(report, args.verbose)


def main(probe: Probe, show: Callable[[Report, argparse.Namespace], str] = engine) -> Callable[[], NoReturn]:
    """The entry point of a probe's plugin, which runs at once where the module is the program.

    `show` makes the text of a report, unless JSON is wanted. The returned function carries the `probe` for those who
    want to use it without a process.
    """

    def run() -> NoReturn:
        started = time.monotonic()
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # stderr would end up in the engine's output
        open_standard_streams()
        args = options.parse(probe.parser())
        on_signals(interrupt)
        try:
            leave(attempt.examine(probe, args, started + args.timeout - LEAVING), args, show)
        except Interrupted as signalled:
            leave(interrupted(probe, signalled), args, show)
        except Exception as error:  # a fault of our own must not exit with 1, which engines read as WARNING
            leave(attempt.fault(probe, args, error), args, engine)

    run.probe = probe  # type: ignore[attr-defined]
    if probe.module == "__main__":
        run()
    return run


def open_standard_streams() -> None:
    """A closed stdout would give its number to the next socket, and our output to whoever is at its other end."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """What to do when the engine, or a person, wants us to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def interrupt(number: int, _frame: object) -> NoReturn:
    """Signal handler; a second signal ends the process as usual."""
    on_signals(signal.SIG_DFL)
    raise Interrupted(number, deadline.newest().stage[1])


def interrupted(probe: Probe, signalled: Interrupted) -> Report:
    """The report of a probe that was told to stop."""
    text = f"interrupted by {signal.Signals(signalled.number).name} while {signalled.doing}"
    step = "give the engine's check timeout more room than -t"
    return Report(probe.name, [Finding("interrupted", UNKNOWN, text, next_step=step)], notes=signalled.notes)


def leave(report: Report, args: argparse.Namespace, show: Callable[[Report, argparse.Namespace], str]) -> NoReturn:
    """Print the report and end the process, threads and all."""
    text = json_output.text(report) if args.output == "json" else show(report, args)
    on_signals(signal.SIG_IGN)  # the answer stands
    write(text)
    os._exit(report.exit_code)
