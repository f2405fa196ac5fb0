"""A report as plugin output for a monitoring engine."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from itertools import chain

from .cleaning import clean, cut
from .finding import Finding
from .report import Report
from .states import OK
from .writing import fitting

LIMIT = 4096  # bytes of the whole output
LINE = 120  # characters of the first line's text; engines show about this much
ASIDE = 400  # characters of a note and of the next step


def text(report: Report, verbose: int, findings: Sequence[Finding] | None = None, each: bool = False) -> str:
    """First line and perfdata complete, details cut to fit 4 KiB; only details of these `findings`, if given.

    `each`: the findings are separate causes, and the first line is a summary of them.
    """
    notes = fitting((cut(said, ASIDE) for said in map(clean, report.notes) if said), LIMIT)
    sentence = ", ".join([report.headline, *notes])
    inline = report.state == OK and len(sentence) <= LINE
    first = first_line(report)
    head = f"HARBOR {report.probe.upper()} {report.state} - {sentence if inline else first}"
    parts, unlooked = (report if findings is None else report._replace(findings=findings)).parts()
    shown = [part for part in parts if verbose or part.is_problem]
    first_tells = len(shown) == 1 and shown[0]._replace(subject="").cleaned().sentence() in report.headline
    if not (verbose or (each and not first_tells) or len(shown) > 1 or len(report.headline) > LINE):
        shown = []
    aside = ""
    if len(shown) == 1 and not (verbose or each) and first == report.line.bare:
        aside, shown = "" if shown[0].follows else shown[0].cleaned().aside, []
    tail = [f"Note: {aside}"] if aside else []
    tail += [] if inline else fitting((f"Note: {note}" for note in notes), LIMIT // 2)
    remark = cut(clean(report.remark), ASIDE) if verbose else ""
    tail += [f"Note: {remark}"] if remark else []
    tail += [f"Next: {cut(report.next_step, ASIDE)}"] if report.next_step else []
    trace = traceback_of(report) if verbose >= 3 else []
    room = LIMIT - len(head) - sum(len(line) + 1 for line in tail) - len(" | \n...\n")
    perfdata = " ".join(fitting(map(str, report.labelled()), room))
    head = f"{head} | {perfdata}" if perfdata else head
    room = LIMIT - len(head) - sum(len(line) + 1 for line in tail) - len("\n...\n")
    details = list(map(Finding.cleaned, shown))
    if each:
        lines = [line for part in details for line in block(part, verbose, report.next_step)]
    else:
        lines = [detail(part, verbose) for part in details]
    kept = fitting(chain(lines, trace), room)
    unsaid = len(kept) < len(lines) + len(trace) or (shown and unlooked)
    return "\n".join([head, *kept, *(["..."] if unsaid else []), *tail]) + "\n"


def first_line(report: Report) -> str:
    """The first line, cut to LINE."""
    return cut(report.headline, LINE) if report.state == OK else report.line.within(LINE)


def detail(part: Finding, verbose: int) -> str:
    """A finding on its own line; with -v, a problem also shows its id."""
    known = f" [{part.id}]" if verbose and part.id and part.is_problem else ""
    return f"{part.state}: {part}{known}"


def block(part: Finding, verbose: int, known: str) -> list[str]:
    """A cause on its own line, and what to do about it; the last line of the output has the step that is `known`."""
    step = part.next_step if not part.follows and part.is_problem and part.next_step != known else ""
    return [detail(part, verbose), *([f"Next for {part.subject or 'this'}: {cut(step, ASIDE)}"] if step else [])]


def traceback_of(report: Report) -> list[str]:
    """The traceback of the run's error."""
    if not report.error:
        return []
    lines = traceback.format_exception(type(report.error), report.error, report.error.__traceback__)
    return [line for line in clean("".join(lines), keep_lines=True).splitlines() if line.strip()]
