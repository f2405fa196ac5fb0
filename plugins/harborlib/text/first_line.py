"""The first line of the output. Engines and mails show only this line, so it must be sufficient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .cleaning import LIMIT, clean, cut
from .finding import Finding
from .states import worst_of

ROOM = 95  # characters for the findings of a `many` report; the rest is for their count and the owner


class Summary(NamedTuple):
    """A probe's own wording for the first line: `fine` is used if all is well.

    `title` begins the line of a problem. `instead` replaces all findings whose ids are in `of`.
    """

    fine: str
    title: str = ""
    instead: Sequence[Finding] = ()
    of: frozenset[str] = frozenset()


class Line(NamedTuple):
    """Findings in one line, and the number of those that are not shown.

    If another service reports all of them (`owned`), the line ends with that owner.
    """

    title: str
    shown: Sequence[Finding]
    rest: int = 0
    owned: bool = False

    @classmethod
    def of(cls, findings: Iterable[Finding], summary: Summary, many: bool = False) -> Line:
        """The most severe findings, each once. With `many`: as many as fit, and the number of the others."""
        problems = [finding for finding in findings if finding.is_problem]
        state = worst_of(finding.state for finding in problems)
        leading = each_once(finding for finding in problems if finding.state == state)
        if summary.instead:
            others = [finding for finding in leading if finding.id not in summary.of]
            leading = [*summary.instead, *others]
        room = ROOM if many else LIMIT
        shown: list[Finding] = []
        for finding in leading:
            clean_one = finding.cleaned()
            if shown and len(", ".join(each.sentence() for each in [*shown, clean_one])) > room:
                break
            shown.append(clean_one)
        leading_sentences = {finding.sentence() for finding in leading}
        lesser = {finding.sentence() for finding in problems if finding.state != state} - leading_sentences
        rest = len(leading) - len(shown) + len(lesser) if many else 0
        title = f"{clean(summary.title)}: " if summary.title else ""
        return cls(title, shown, rest, all(finding.follows for finding in leading))

    def text(self, aside: bool = True) -> str:
        """The line without its owner; `aside=False`: also without the parts that can be left out."""
        findings = ", ".join(finding.sentence(aside) for finding in self.shown)
        return self.title + findings + (f" (and {self.rest} more)" if self.rest else "")

    @property
    def ending(self) -> tuple[str, str]:
        """The evidence for the owner, and where to look; "" twice if the problem is the probe's own."""
        return (self.shown[0].reason, self.shown[0].pointer) if self.owned else ("", "")

    @property
    def bare(self) -> str:
        """The line without the parts that can be left out."""
        return self.text(aside=False) + "".join(self.ending)

    def __str__(self) -> str:
        return self.text() + "".join(self.ending)

    def within(self, width: int) -> str:
        """The line in at most `width` characters: first without the optional parts, then cut before the pointer."""
        reason, pointer = self.ending
        for text in (self.text() + reason, self.text(aside=False) + reason, self.text(aside=False)):
            if len(text) + len(pointer) <= width:
                return text + pointer
        return cut(self.text(aside=False), width - len(pointer)) + pointer


def each_once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, without those that read the same."""
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(finding.sentence(), finding)
    return list(found.values())
