"""From a probe to an exit code: the command line, the guarded run, the single exit.

The probe works in a child process (guard.py), there in daemon threads (deadline.py). Whatever ends a run, including
help and usage errors, becomes an Ending, and only `leave` prints one.
"""

from __future__ import annotations

import harbor_preloaded

import argparse
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from typing import NoReturn, Protocol, cast

from harborlib import ROOM
from harborlib.judge import measured
from harborlib.text import UNKNOWN, json_output, nagios
from harborlib.text.cleaning import cut, redacted
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.text.writing import write
from harborlib.wire.failure import Interrupted

from . import faults, guard, judging, options
from .guard import Ending
from .probe import Probe

AGAIN = "run it again and wait: it ends by itself after the time limit (-t)"
LEAVING = 0.1  # seconds reserved for the output
Show = Callable[[Report, argparse.Namespace], str]
Work = Callable[[], Ending]
Guarded = Callable[[Work, float, argparse.Namespace], Ending]


def engine(report: Report, args: argparse.Namespace) -> str:
    """The report in the form for a monitoring engine."""
    return nagios.text(report, args.verbose)


class Entry(Protocol):
    """The entry point of a plugin; it carries the `probe` for use without a process."""

    probe: Probe
    show: Show

    def __call__(self) -> NoReturn:
        """One run."""


def main(probe: Probe, show: Show = engine) -> Entry:
    """The entry point of a probe's plugin; it runs at once if the module is the main program.

    `show` makes the text of a report, unless JSON is requested.
    """

    def run() -> NoReturn:
        started = harbor_preloaded.asked or time.monotonic()
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # warnings on stderr would appear in the engine's output
        open_standard_streams()
        leave(outcome(probe, show, started))

    entry = cast(Entry, run)
    entry.probe = probe
    entry.show = show
    if probe.module == "__main__":
        run()
    return entry


def open_standard_streams() -> None:
    """Open closed standard streams: else the next socket would get stdout's number, and its peer our output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def outcome(
    probe: Probe,
    show: Show,
    started: float,
    guarded: Guarded = guard.guarded,
    parser: options.Parser | None = None,
) -> Ending:
    """The command line, then the guarded run, however it ends. `parser` is given if it was made ahead."""
    try:
        parser = parser or probe.parser()
        args = parser.parse_args()
        until = started + args.timeout
        try:
            return guarded(lambda: judged(probe, parser, args, show, until - LEAVING), until, args)
        except guard.Lost as lost:
            return lost_ending(probe.name, lost, args, show)
    except options.ParserExit as ended:
        return Ending(ended.text, 3)
    except Interrupted as signalled:  # without a guard, when the answer was almost complete
        return Ending(nagios.text(interrupted(probe, signalled), 0), 3)
    except Exception as error:  # our own error must not exit with 1, which engines read as WARNING
        return Ending(nagios.text(faults.fault(probe.name, error), 0), 3)


def judged(probe: Probe, parser: options.Parser, args: argparse.Namespace, show: Show, until: float) -> Ending:
    """One run with these arguments, before `until`; when told to stop, it reports what it was doing."""
    try:
        try:
            options.finish(parser, args)
            return ending(judging.examine(probe, args, until)._replace(remark=cold()), args, show)
        except options.ParserExit as ended:
            return Ending(ended.text, 3)
        except Exception as error:
            return ending(faults.fault(probe.name, error), args, engine)
    except Interrupted as signalled:
        return ending(interrupted(probe, signalled, args), args, show)


def cold() -> str:
    """Why this process runs the check itself, where a preloaded server was expected to."""
    reason = harbor_preloaded.unused
    return f"the preloaded server did not run this check: {reason} (docs/preloaded.md)" if reason else ""


def interrupted(probe: Probe, signalled: Interrupted, args: argparse.Namespace | None = None) -> Report:
    """The report of a probe that was told to stop, with what is known so far."""
    step = AGAIN if signalled.number == signal.SIGINT and os.isatty(1) else ROOM  # a user, or an engine
    text = f"interrupted by {signal.Signals(signalled.number).name} while {signalled.doing}"
    finding = Finding("interrupted", UNKNOWN, cut(redacted(text), nagios.LINE), next_step=step)
    if not (signalled.known and args):
        return Report(probe.name, [finding], notes=tuple(signalled.notes))
    resource = measured.Measured(signalled.known, args, lambda: None)
    check = measured.check(resource)
    check()
    findings = [*(result.finding for result in measured.results(check)), finding]
    return Report(probe.name, findings, resource.summary, measured.perfdata(check), tuple(signalled.notes))


def lost_ending(name: str, lost: guard.Lost, args: argparse.Namespace, show: Show = engine) -> Ending:
    """The output for a probe that was lost."""
    return ending(Report(name, [Finding("lost", UNKNOWN, str(lost), next_step=lost.next_step)]), args, show)


def ending(report: Report, args: argparse.Namespace, show: Show) -> Ending:
    """The output for a report, in the requested format."""
    return Ending(json_output.text(report) if args.output == "json" else show(report, args), report.exit_code)


def leave(ending: Ending) -> NoReturn:
    """Print and end the process with all its threads: the single exit."""
    write(ending.text)
    os._exit(ending.code)
