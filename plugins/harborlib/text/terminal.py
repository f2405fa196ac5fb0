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

COLORS = {"OK": "32", "WARNING": "33", "CRITICAL": "1;31", "UNKNOWN": "35", "follows": "2"}
NARROWEST, WIDEST = 60, 140  # columns: a table needs a minimum, and longer lines are hard to read
CLEAR = "\r\x1b[K"


def show(report: Report, args: argparse.Namespace, section: Callable[[str], str]) -> str:
    """The report for a user, or if stdout is not a terminal, for an engine.

    `section` returns where the runbook describes each probe.
    """
    if not os.isatty(1):
        return brief(report, args.verbose)
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    page = Page(report, width, colored(args), args.verbose, section)
    blocks = [page.verdict(), *page.causes(), page.table(), page.remarks(), page.next_step()]
    text = "\n\n".join("\n".join(block) for block in blocks if block) + "\n"
    return CLEAR + text if animated(args) else text


def brief(report: Report, verbose: int) -> str:
    """The text for an engine: only the root causes, with what was seen; with -v, all probes."""
    kept = [finding for finding in report.findings if verbose or not finding.follows]
    return nagios.text(report, verbose, kept, each=True)


def animated(args: argparse.Namespace) -> bool:
    """Whether this is a terminal where a line can be rewritten."""
    return os.isatty(1) and not args.plain and os.environ.get("TERM", "") not in ("", "dumb")


def colored(args: argparse.Namespace) -> bool:
    """Whether colors are wanted (https://no-color.org)."""
    return animated(args) and not os.environ.get("NO_COLOR")


class Page:
    """A report in lines of at most `width` columns, with or without colors."""

    def __init__(self, report: Report, width: int, colors: bool, verbose: int, section: Callable[[str], str]) -> None:
        self.report = report
        self.width = width
        self.colors = colors
        self.verbose = verbose
        self.section = section
        self.parts = [part.cleaned() for part in report.parts()[0]]
        self.seconds = {measure.name: measure.value for measure in report.measures}
        rows = {part.subject: part for part in self.parts if part.subject}
        self.rows = [rows[name] for name in self.seconds if name in rows]
        self.broad = max((len(row.subject) for row in self.rows), default=0)

    def verdict(self) -> list[str]:
        """The state and the sentence."""
        state = self.report.state
        return self._painted(state, self._wrapped(f"{state} - {self.report.headline}"))

    def causes(self) -> list[list[str]]:
        """A block for each root cause: its whole line, what to do about it, and where the runbook describes it."""
        return [self._cause(row) for row in self.rows if row.is_problem and not row.follows]

    def _cause(self, row: Finding) -> list[str]:
        step = f"Next: {row.next_step}" if row.next_step else ""
        book = f"Runbook: {self.section(row.subject)}"
        further = [line for text in (step, book) if text for line in self._wrapped(cut(text, ASIDE), "  ", "    ")]
        return [*self._row(row), *further]

    def table(self) -> list[str]:
        """The other probes: if all is well or with -v each in a row, else one line for those that are OK."""
        well = [row for row in self.rows if not row.is_problem]
        if self.verbose or self.report.state == OK:
            others = [row for row in self.rows if row.follows or not row.is_problem]
            return [line for row in others for line in self._row(row)]
        if not well:
            return []
        return self._painted(OK, self._wrapped(", ".join(row.subject for row in well), f"{OK:8}  ", " " * 10))

    def _row(self, row: Finding) -> list[str]:
        """State, name, seconds and line of a probe. A root cause shows its whole line; the others get one row."""
        state = "follows" if row.follows else row.state
        head = f"{state:8}  {row.subject:{self.broad}}  {self.seconds[row.subject]:6.2f} s  "
        # Its root cause is named below the table.
        ending = row.reason + row.pointer if row.follows and self.verbose else ""
        whole = self.verbose or state not in (OK, "follows")
        said = row._replace(subject="").sentence()  # its name is already in the row
        text = cut(said + ending, ASIDE if whole else self.width - len(head))
        return self._painted(state, self._wrapped(text, head, " " * len(head)))

    def remarks(self) -> list[str]:
        """The notes."""
        notes = [cut(clean(note), ASIDE) for note in self.report.notes]
        return [line for note in notes for line in self._wrapped(note, rest="  ")]

    def next_step(self) -> list[str]:
        """What to do if no probe has a problem of its own."""
        if self.report.state == OK or any(row.is_problem and not row.follows for row in self.rows):
            return []
        return self._wrapped(cut(f"Next: {self.report.next_step}", ASIDE), rest="  ")

    def _wrapped(self, text: str, first: str = "", rest: str = "") -> list[str]:
        """The text wrapped: `first` is the prefix of the first line, `rest` that of the others."""
        return textwrap.wrap(text, self.width, initial_indent=first, subsequent_indent=rest) or [first.rstrip()]

    def _painted(self, state: str, lines: Sequence[str]) -> list[str]:
        """The lines, with the state at the beginning of the first one in its color."""
        first = lines[0]
        if self.colors:
            first = f"\x1b[{COLORS[state]}m{state}\x1b[0m{first[len(state) :]}"
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
            show_progress()

    def show_progress() -> None:
        if visible:
            done = f"{len(names) - len(waiting)} of {len(names)} probes done"
            text = f"{done}, waiting for {', '.join(waiting)}" if waiting else done
            write(CLEAR + cut(text, shutil.get_terminal_size().columns - 1))

    with lock:
        show_progress()
    yield watched
    with lock:
        visible = False  # late probes no longer show progress
