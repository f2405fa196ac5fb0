"""The outcome of a probe, as data; nagios.py, json_output.py and terminal.py print it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .finding import Cause, Finding
from .first_line import Line, Summary, unique
from .safe import redacted, sanitised
from .states import EXIT_CODES, OK, SEVERITY, UNKNOWN, worst_of
from .units import label, plain

LIMIT = 4096  # bytes of the whole output, and characters of any one text


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
    error: Exception | None = None
    secrets: tuple[str, ...] = ()

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
        return [finding for finding in self.findings if finding.state == self.state]

    @property
    def cause(self) -> Cause | None:
        """Set where another service reports what is behind the state."""
        return next((finding.cause for finding in self.leading if finding.follows), None)

    @property
    def next_step(self) -> str:
        """What the person on call should do; "" where all is well."""
        steps = (self.clean(finding.next_step) for finding in self.leading if finding.next_step)
        return "" if self.state == OK else next(steps, "")

    @property
    def remarks(self) -> list[str]:
        """The notes, clean."""
        return list(map(self.clean, self.notes))

    def parts(self) -> list[Finding]:
        """The findings that say something, clean, each once: the worst first, otherwise as the probe found them."""
        worst_first = sorted(self.findings, key=lambda finding: SEVERITY.index(finding.state), reverse=True)
        return [finding for finding in unique(map(self._cleaned, worst_first)) if str(finding)]

    def line(self) -> Line:
        """The first line, uncut."""
        return Line.of(map(self._cleaned, self.findings), self._clean_summary(), self.many)

    def fine(self) -> str:
        """What was seen, for when all is well."""
        return self.clean(self.summary.fine)

    def labelled(self) -> list[Measure]:
        """The measures under names that are clean and differ from each other: some come from Harbor."""
        found: dict[str, Measure] = {}
        times: dict[str, int] = {}
        for measure in self.measures:
            name = wanted = label(redacted(measure.name, self.secrets))
            while name in found:
                times[wanted] = times.get(wanted, 1) + 1
                name = f"{wanted}_{times[wanted]}"
            found[name] = measure._replace(name=name)
        return list(found.values())

    def clean(self, text: str, keep_lines: bool = False) -> str:
        """Text that is safe in an engine, a terminal and a ticket, whatever Harbor sent, and that holds no secret."""
        # Cut before the slow part, but not before the secrets are out: half a secret would not be found.
        return sanitised(redacted(text, self.secrets)[:LIMIT], keep_lines)

    def _cleaned(self, finding: Finding) -> Finding:
        """A finding whose every text is safe."""
        cause = finding.cause and finding.cause._replace(because=self.clean(finding.cause.because))
        texts = {
            name: self.clean(getattr(finding, name)) for name in ("text", "subject", "limit", "aside", "next_step")
        }
        return finding._replace(cause=cause, **texts)  # type: ignore[arg-type]

    def _clean_summary(self) -> Summary:
        title, instead = map(self.clean, (self.summary.title, self.summary.instead))
        return self.summary._replace(title=title, instead=instead)
