"""The report on many probes for a user at a terminal: verdict, table, next steps, and progress while they run."""

from __future__ import annotations

import argparse
import os
import shutil
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from . import nagios
from .cleaning import clean, cut
from .finding import Finding
from .nagios import ASIDE
from .report import Report
from .states import OK
from .writing import write

COLOURS = {"OK": "32", "WARNING": "33", "CRITICAL": "1;31", "UNKNOWN": "35", "follows": "2"}
NARROWEST, WIDEST = 60, 140  # columns: a table needs a minimum, and longer lines are hard to read
CLEAR = "\r\x1b[K"


def show(report: Report, args: argparse.Namespace, section: Callable[[str], str]) -> str:
    """The report for a user, or if stdout is not a terminal, for an engine.

    `section` returns the runbook section of each probe.
    """
    if not os.isatty(1):
        return brief(report, args.verbose)
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    page = Page(report, width, coloured(args), args.verbose, section)
    blocks = [page.verdict(), page.table(), page.remarks(), page.next_steps()]
    text = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
    return CLEAR + text if animated(args) else text


def brief(report: Report, verbose: int) -> str:
    """The text for an engine: only the root causes; with -v, all probes."""
    kept = [finding for finding in report.findings if verbose or not finding.follows]
    return nagios.text(report, verbose, kept)


def animated(args: argparse.Namespace) -> bool:
    """Whether this is a terminal where a line can be rewritten."""
    return os.isatty(1) and not args.plain and os.environ.get("TERM", "") not in ("", "dumb")


def coloured(args: argparse.Namespace) -> bool:
    """Whether colours are wanted (https://no-color.org)."""
    return animated(args) and not os.environ.get("NO_COLOR")


class Page:
    """A report in lines of at most `width` columns, with or without colors."""

    def __init__(self, report: Report, width: int, colours: bool, verbose: int, section: Callable[[str], str]) -> None:
        self.report = report
        self.width = width
        self.colours = colours
        self.verbose = verbose
        self.section = section
        self.parts = [part.cleaned() for part in report.parts()[0]]
        self.seconds = {measure.name: measure.value for measure in report.measures}

    def verdict(self) -> list[str]:
        """The state and the sentence."""
        state = self.report.state
        return self._painted(state, self._wrapped(f"{state} - {self.report.headline}"))

    def table(self) -> list[str]:
        """State, name, seconds and line of each probe. A root cause shows its whole line; the others get one row."""
        lines = []
        rows = {part.subject: part for part in self.parts if part.subject}
        names = [name for name in self.seconds if name in rows]
        broad = max(map(len, names), default=0)
        for name in names:
            part = rows[name]
            state = "follows" if part.follows else part.state
            head = f"{state:8}  {name:{broad}}  {self.seconds[name]:6.2f} s  "
            # Its root cause is named below the table.
            ending = part.reason + part.pointer if part.follows and self.verbose else ""
            whole = self.verbose or state not in (OK, "follows")
            said = part._replace(subject="").sentence()  # its name is already in the row
            text = cut(said + ending, ASIDE if whole else self.width - len(head))
            lines += self._painted(state, self._wrapped(text, head, " " * len(head)))
        return lines

    def remarks(self) -> list[str]:
        """The notes."""
        notes = [cut(clean(note), ASIDE) for note in self.report.notes]
        return [line for note in notes for line in self._wrapped(note, rest="  ")]

    def next_steps(self) -> list[str]:
        """What to do about each cause, and the runbook section with more detail."""
        causes = [part for part in self.parts if part.is_problem and not part.follows]
        steps = list(filter(None, map(self._next_step, causes)))
        steps = steps or [self.report.next_step] * (self.report.state != OK)
        lines = [line for step in steps for line in self._wrapped(cut(step, ASIDE), "  ", "    ")]
        return ["Next:", *lines] if lines else []

    def _next_step(self, part: Finding) -> str:
        if not part.subject:
            return part.next_step
        return f"{part.subject}: {part.next_step} (runbook: {self.section(part.subject)})"

    def _wrapped(self, text: str, first: str = "", rest: str = "") -> list[str]:
        """The text wrapped: `first` is the prefix of the first line, `rest` that of the others."""
        return textwrap.wrap(text, self.width, initial_indent=first, subsequent_indent=rest) or [first.rstrip()]

    def _painted(self, state: str, lines: Sequence[str]) -> list[str]:
        """The lines, with the state at the beginning of the first one in its color."""
        first = lines[0]
        if self.colours:
            first = f"\x1b[{COLOURS[state]}m{state}\x1b[0m{first[len(state) :]}"
        return [first, *lines[1:]]


@contextmanager
def progress(args: argparse.Namespace, names: Sequence[str]) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Show in one transient line which probes are still running; yields the function that makes a call by name."""
    visible = animated(args) and args.output == "nagios"
    waiting = dict.fromkeys(names)
    lock = threading.Lock()

    def watched(name: str, call: Callable[[], object]) -> None:
        call()
        with lock:
            waiting.pop(name)
            tell()

    def tell() -> None:
        if visible:
            done = f"{len(names) - len(waiting)} of {len(names)} probes done"
            text = f"{done}, waiting for {', '.join(waiting)}" if waiting else done
            write(CLEAR + cut(text, shutil.get_terminal_size().columns - 1))

    with lock:
        tell()
    yield watched
    with lock:
        visible = False  # late probes no longer show progress
