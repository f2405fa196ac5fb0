"""The outcome of a probe, as data; nagios.py, json_output.py and terminal.py print it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .cleaning import clean, redacted
from .finding import Cause, Finding
from .first_line import Line, Summary
from .states import EXIT_CODES, OK, SEVERITY, UNKNOWN, worst_of
from .units import label, plain

MOST_PARTS = 1000  # findings that are put into words; no output has room for as many


class Measure(NamedTuple):
    """One value of the perfdata, in its base unit; thresholds as Nagios ranges, "" where there is none."""

    name: str
    value: float
    uom: str = ""
    warn: str = ""
    crit: str = ""
    min: float | None = None
    max: float | None = None

    def __str__(self) -> str:
        quoted = self.name if re.fullmatch(r"\w+", self.name) else f"'{self.name}'"
        limits = (
            self.warn,
            self.crit,
            *("" if value is None else plain(value) for value in (self.min, self.max)),
        )
        return f"{quoted}={plain(self.value)}{self.uom}" + f";{';'.join(limits)}".rstrip(";")


class Report(NamedTuple):
    """The outcome of a probe: its findings, what the first line says besides, its perfdata, remarks, the error if any.

    `many`: the probe looks at many of one kind, of which the first line shows as many as fit.
    """

    probe: str
    findings: Sequence[Finding]
    summary: Summary = Summary("")
    measures: Sequence[Measure] = ()
    notes: tuple[str, ...] = ()
    many: bool = False
    error: BaseException | None = None

    @property
    def state(self) -> str:
        """The most severe state of the findings; UNKNOWN where nothing was seen at all."""
        return worst_of(finding.state for finding in self.findings) if self.findings else UNKNOWN

    @property
    def exit_code(self) -> int:
        """What the process leaves with, 0 to 3."""
        return EXIT_CODES[self.state]

    @property
    def leading(self) -> list[Finding]:
        """The findings that make the state."""
        state = self.state
        return [finding for finding in self.findings if finding.state == state]

    @property
    def cause(self) -> Cause | None:
        """Set where all that makes the state is reported by another service."""
        leading = self.leading
        owned = leading and all(finding.follows for finding in leading)
        return leading[0].cleaned().cause if owned else None

    @property
    def next_step(self) -> str:
        """What the person on call should do; "" where all is well."""
        steps = (clean(finding.next_step) for finding in self.leading if finding.next_step)
        return "" if self.state == OK else next(steps, "")

    @property
    def line(self) -> Line:
        """The first line of a problem, uncut."""
        return Line.of(self.findings, self.summary, self.many)

    @property
    def headline(self) -> str:
        """The first line, uncut: what was seen where all is well, else the problems."""
        return clean(self.summary.fine) if self.state == OK else str(self.line)

    def parts(self) -> tuple[list[Finding], int]:
        """The findings that say something, each once: the worst first, otherwise as the probe found them.

        At most MOST_PARTS of them, not cleaned yet; and the number of findings that were not looked at.
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
        """The measures under names that are clean and differ from each other: some come from Harbor."""
        found: set[str] = set()
        times: dict[str, int] = {}
        for measure in self.measures:
            name = wanted = label(redacted(measure.name))
            while name in found:
                times[wanted] = times.get(wanted, 1) + 1
                name = f"{wanted}_{times[wanted]}"
            found.add(name)
            yield measure._replace(name=name)
