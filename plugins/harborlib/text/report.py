"""The outcome of a probe, as data; nagios.py, json_output.py and terminal.py print it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .cleaning import clean, redacted
from .finding import Cause, Finding
from .first_line import Line, Summary
from .states import EXIT_CODES, OK, SEVERITY, UNKNOWN, worst_of
from .units import HIGH, label, plain

MOST_PARTS = 1000  # findings that are formatted; no output has room for more


class Measure(NamedTuple):
    """One value of the perfdata, in its base unit. Thresholds are Nagios ranges, or "" if there is none.

    `bad` says which values are bad, HIGH or LOW ones.
    """

    name: str
    value: float
    uom: str = ""
    warn: str = ""
    crit: str = ""
    min: float | None = None
    max: float | None = None
    bad: str = HIGH

    def __str__(self) -> str:
        quoted = self.name if re.fullmatch(r"\w+", self.name) else f"'{self.name}'"
        limits = (
            self.warn,
            self.crit,
            *("" if value is None else plain(value) for value in (self.min, self.max)),
        )
        return f"{quoted}={plain(self.value)}{self.uom}" + f";{';'.join(limits)}".rstrip(";")


class Report(NamedTuple):
    """The outcome of a probe: its findings, extra words for the first line, its perfdata, notes, and the error if any.

    `many`: the probe checks many items of one kind, and the first line shows as many as fit. `remark`: a note on the
    run, which does not concern Harbor, for -v.
    """

    probe: str
    findings: Sequence[Finding]
    summary: Summary = Summary("")
    measures: Sequence[Measure] = ()
    notes: tuple[str, ...] = ()
    many: bool = False
    error: BaseException | None = None
    remark: str = ""

    @property
    def state(self) -> str:
        """The most severe state of the findings; UNKNOWN if there are none."""
        return worst_of(finding.state for finding in self.findings) if self.findings else UNKNOWN

    @property
    def exit_code(self) -> int:
        """The exit code of the process, 0 to 3."""
        return EXIT_CODES[self.state]

    @property
    def leading(self) -> list[Finding]:
        """The findings that determine the state."""
        state = self.state
        return [finding for finding in self.findings if finding.state == state]

    @property
    def cause(self) -> Cause | None:
        """The cause, if another service reports everything that determines the state; else None."""
        leading = self.leading
        owned = leading and all(finding.follows for finding in leading)
        return leading[0].cleaned().cause if owned else None

    @property
    def next_step(self) -> str:
        """What the person on call should do; "" if all is well."""
        steps = (clean(finding.next_step) for finding in self.leading if finding.next_step)
        return "" if self.state == OK else next(steps, "")

    @property
    def line(self) -> Line:
        """The first line of a problem, uncut."""
        return Line.of(self.findings, self.summary, self.many)

    @property
    def headline(self) -> str:
        """The first line, uncut: the probe's own sentence if all is well, else the problems."""
        return clean(self.summary.fine) if self.state == OK else str(self.line)

    def parts(self) -> tuple[list[Finding], int]:
        """The findings that have a text, each once: the worst first, otherwise in the probe's order.

        At most MOST_PARTS of them, not yet cleaned; and the number of findings that were not reached.
        """
        found: dict[tuple[str, str], Finding] = {}
        worst_first = sorted(self.findings, key=lambda finding: SEVERITY.index(finding.state), reverse=True)
        for position, finding in enumerate(worst_first):
            if len(found) == MOST_PARTS:
                return list(found.values()), len(worst_first) - position
            if finding.text:
                found.setdefault((finding.state, finding.sentence()), finding)
        return list(found.values()), 0

    def labelled(self) -> Iterator[Measure]:
        """The measures with clean and unique names: some names come from Harbor."""
        found: set[str] = set()
        times: dict[str, int] = {}
        for measure in self.measures:
            name = wanted = label(redacted(measure.name))
            while name in found:
                times[wanted] = times.get(wanted, 1) + 1
                name = f"{wanted}_{times[wanted]}"
            found.add(name)
            yield measure._replace(name=name)
