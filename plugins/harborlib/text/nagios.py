"""A report as the text of a plugin for a monitoring engine."""

from __future__ import annotations

import traceback

from .finding import Finding
from .report import LIMIT, Report
from .safe import cut, fitting
from .states import OK

LINE = 120  # characters of the first line's text; engines show about this much
ASIDE = 400  # characters of a note and of the next step


def text(report: Report, verbose: int) -> str:
    """First line and perfdata whole, details cut so that everything fits 4 KiB."""
    first, notes_told = first_line(report)
    details = [detail(part, verbose) for part in report.parts() if verbose or part.state != OK]
    shown = details if verbose or len(details) > 1 or len(whole(report)) > LINE else []
    tail = [] if notes_told else fitting((f"Note: {cut(note, ASIDE)}" for note in report.remarks), LIMIT // 2)
    tail += [f"Next: {cut(report.next_step, ASIDE)}"] if report.next_step else []
    if verbose >= 3 and report.error:
        trace = traceback.format_exception(type(report.error), report.error, report.error.__traceback__)
        shown = shown + report.clean("".join(trace), keep_lines=True).splitlines()
    room = LIMIT - len(first) - sum(len(line) + 1 for line in tail) - len(" | \n...\n")
    perfdata = " ".join(fitting(map(str, report.labelled()), room))
    first = f"{first} | {perfdata}" if perfdata else first
    room = LIMIT - len(first) - sum(len(line) + 1 for line in tail) - len("\n...\n")
    kept = fitting(shown, room)
    more = ["..."] if len(kept) < len(shown) else []
    return "\n".join([first, *kept, *more, *tail]) + "\n"


def first_line(report: Report) -> tuple[str, bool]:
    """The first line without its perfdata, and whether it tells the notes too."""
    head = f"HARBOR {report.probe.upper()} {report.state} - "
    if report.state != OK:
        return head + report.line().within(LINE), False
    told = "; ".join([report.fine(), *report.remarks])
    return (head + told, True) if len(told) <= LINE else (head + cut(report.fine(), LINE), False)


def whole(report: Report) -> str:
    """The text of the first line, uncut."""
    return report.fine() if report.state == OK else str(report.line())


def detail(part: Finding, verbose: int) -> str:
    """A finding on a line of its own; with its id for those who ask for details."""
    known = f" [{part.id}]" if verbose and part.id and part.state != OK else ""
    return f"{part.state}: {part}{known}"
