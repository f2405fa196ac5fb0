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
from pathlib import Path
from types import FrameType
from typing import NoReturn

from harborlib.harbor import api
from harborlib.text.output import Report, write
from harborlib.wire import deadline
from harborlib.wire.failure import Interrupted

import nagiosplugin

from . import attempt, options
from .probes import Probe

LEAVING = 0.1  # seconds kept for the output


def engine(report: Report, args: argparse.Namespace) -> str:
    """The report as a monitoring engine reads it."""
    return report.nagios(args.verbose)


def main(
    name: str,
    declare: Callable[[options.Parser], None],
    check: Callable[[argparse.Namespace, api.Harbor], nagiosplugin.Check],
    show: Callable[[Report, argparse.Namespace], str] = engine,
) -> Callable[[], NoReturn]:
    """The plugin's entry point, which runs at once when `name` is `__main__`.

    `show` makes the text of a report, unless JSON is wanted. The returned function carries the `probe` for those who
    want to use it without a process.
    """
    module = sys.modules[name]
    probe = Probe(Path(module.__file__ or "").stem.replace("check_harbor_", ""), module.__doc__ or "", declare, check)

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
    if name == "__main__":
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
    return Report(probe.name, "UNKNOWN", 3, text, next_step=step, notes=signalled.notes)


def leave(report: Report, args: argparse.Namespace, show: Callable[[Report, argparse.Namespace], str]) -> NoReturn:
    """Print the report and end the process, threads and all."""
    text = report.json() if args.output == "json" else show(report, args)
    on_signals(signal.SIG_IGN)  # the answer stands
    write(text)
    os._exit(report.exit_code)
