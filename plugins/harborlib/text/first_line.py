"""The first line of the output: engines and mails show it alone, so it must be enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .cleaning import LIMIT, clean, cut
from .finding import Finding
from .states import worst_of

ROOM = 95  # characters for the findings of many; the rest is for their count, and whose they are


class Summary(NamedTuple):
    """What a probe says of itself in the first line: `fine` when all is well.

    `title` begins the line of a problem. `instead` stands for all findings whose ids are in `of`.
    """

    fine: str
    title: str = ""
    instead: Sequence[Finding] = ()
    of: frozenset[str] = frozenset()


class Line(NamedTuple):
    """Findings in one line, and the number of those that are not shown.

    It ends with whose failure that is, where all of it is another service's (`owned`).
    """

    title: str
    shown: Sequence[Finding]
    rest: int = 0
    owned: bool = False

    @classmethod
    def of(cls, findings: Iterable[Finding], summary: Summary, many: bool = False) -> Line:
        """The most severe findings, each once. Of `many` as many as fit, and how many more there are."""
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
            if shown and len("; ".join(each.sentence() for each in [*shown, clean_one])) > room:
                break
            shown.append(clean_one)
        told = {finding.sentence() for finding in leading}
        lesser = {finding.sentence() for finding in problems if finding.state != state} - told
        rest = len(leading) - len(shown) + len(lesser) if many else 0
        title = f"{clean(summary.title)}: " if summary.title else ""
        return cls(title, shown, rest, all(finding.follows for finding in leading))

    def text(self, aside: bool = True) -> str:
        """The line without whose failure it is; `aside=False` without what can be spared."""
        findings = "; ".join(finding.sentence(aside) for finding in self.shown)
        return self.title + findings + (f" (and {self.rest} more)" if self.rest else "")

    @property
    def ending(self) -> tuple[str, str]:
        """How we know whose failure it is, and where to look; "" twice where it is the probe's own."""
        return (self.shown[0].reason, self.shown[0].pointer) if self.owned else ("", "")

    def __str__(self) -> str:
        return self.text() + "".join(self.ending)

    def within(self, width: int) -> str:
        """The line in at most `width` characters: less what can be spared, then cut before the pointer."""
        reason, pointer = self.ending
        for text in (self.text() + reason, self.text(aside=False) + reason, self.text(aside=False)):
            if len(text) + len(pointer) <= width:
                return text + pointer
        return cut(self.text(aside=False), width - len(pointer)) + pointer


def each_once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that read differently."""
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(finding.sentence(), finding)
    return list(found.values())
