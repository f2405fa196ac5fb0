"""The first line of the output: engines and mails show it alone, so it must be enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .finding import Finding
from .states import OK, worst_of

ROOM = 95  # characters for the findings of many; the rest is for their count and a pointer


class Summary(NamedTuple):
    """What a probe says of itself in the first line: `fine` when all is well.

    `title` begins the line of a problem. `instead` stands for all findings whose ids are in `of`.
    """

    fine: str
    title: str = ""
    instead: str = ""
    of: frozenset[str] = frozenset()


class Line(NamedTuple):
    """Findings in one line, with the number of those that are not shown, and the pointer of the last one at its end."""

    title: str
    shown: Sequence[Finding]
    rest: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding], summary: Summary, many: bool = False) -> Line:
        """The most severe findings, each once. Of `many` as many as fit, and how many more there are."""
        problems = [finding for finding in findings if finding.state != OK]
        state = worst_of(finding.state for finding in problems)
        leading = unique(finding for finding in problems if finding.state == state)
        if summary.instead:
            others = [finding for finding in leading if finding.id not in summary.of]
            leading = [Finding("", state, summary.instead), *others]
        if not many:
            return cls(summary.title, leading)
        shown = leading[:1]
        for finding in leading[1:]:
            if len("; ".join(map(str, [*shown, finding]))) > ROOM:
                break
            shown.append(finding)
        lesser = {str(finding) for finding in problems if finding.state != state} - {
            str(finding) for finding in leading
        }
        return cls(summary.title, shown, len(leading) - len(shown) + len(lesser))

    def __str__(self) -> str:
        return self._text(aside=True, reason=True) + self._pointer

    def within(self, width: int) -> str:
        """The line in at most `width` characters: less what can be spared, then cut before the pointer."""
        room = width - len(self._pointer)
        for spared in ({}, {"aside": False}, {"aside": False, "reason": False}):
            text = self._text(**{"aside": True, "reason": True, **spared})
            if len(text) <= room:
                return text + self._pointer
        return text[: room - 3].rstrip() + "..." + self._pointer

    def _text(self, aside: bool, reason: bool) -> str:
        """All but the pointer. The reason of a finding that is not another's stays: nobody else tells it."""
        *before, last = self.shown
        texts = [finding.sentence(aside) + finding.pointer for finding in before]
        texts.append(last.sentence(aside, reason or not last.follows))
        return (
            (f"{self.title}: " if self.title else "")
            + "; ".join(texts)
            + (f" (and {self.rest} more)" if self.rest else "")
        )

    @property
    def _pointer(self) -> str:
        return self.shown[-1].pointer


def unique(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that read differently."""
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(str(finding), finding)
    return list(found.values())
