"""Harbor's health report about its components."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from harborlib.text.cleaning import begun, redacted
from harborlib.wire.failure import CONTENT, ROUTE
from harborlib.wire.request import SMALL, Answer

from .refusals import good

if TYPE_CHECKING:
    from .run import Run

HEALTH = "/api/v2.0/health"
NOISE = "failed to check health: "
MOST_COMPONENTS = 100  # Harbor has eight
#: What went wrong at last, in plain words, behind what was tried: Go's way to write errors.
WRAPPED = re.compile(r"(.+): ([A-Za-z][A-Za-z ]+(?: \([\w. ]+\))?)(\)*)", re.ASCII | re.DOTALL)
LONGEST_NAME, LONGEST_REASON = 100, 1000  # characters of a component's name and of its error that are kept


class HealthReport(NamedTuple):
    """What `/api/v2.0/health` says: for each component its error text, or None if it is healthy.

    The report is not current: Harbor's checkers run every 10 s, and one that hangs keeps its last result for up to 60 s
    more. `core` is always healthy: any answer at all proves that core is up (src/controller/health/checker.go in
    goharbor/harbor). `elapsed` is the response time in seconds.
    """

    components: dict[str, str | None]
    elapsed: float

    @classmethod
    def ask(cls, run: Run, limit: float | None = None) -> HealthReport:
        """Request it without credentials, for at most `limit` seconds; raises Failure."""
        answer = run.ask(HEALTH, limit=limit, size=SMALL)
        if answer.status == 404:
            raise answer.fail(ROUTE, f"404 for {HEALTH}, which every Harbor since 2.0 has")
        return cls.of(good(answer))

    @classmethod
    def of(cls, answer: Answer) -> HealthReport:
        """From the answer of any Harbor since 2.0; raises Failure (route, content)."""
        report = answer.json()
        try:
            components = {
                begun(str(entry["name"]), LONGEST_NAME): None if entry["status"] == "healthy" else error_text(entry)
                for entry in report["components"]
            }
        except (AttributeError, KeyError, TypeError, RecursionError):
            components = {}
        if not 0 < len(components) <= MOST_COMPONENTS:
            raise answer.fail(CONTENT, f"unexpected answer to GET {answer.path}: not a health report")
        return cls(components, answer.elapsed)

    @property
    def unhealthy(self) -> dict[str, str]:
        """The components that are not healthy, each with Harbor's reason."""
        return {name: error for name, error in self.components.items() if error is not None}

    @property
    def just_started(self) -> bool:
        """Core has just started: no checker has run yet except core's own constant one."""
        others = [error for name, error in self.components.items() if name != "core"]
        return bool(others) and all(error == "unknown status" for error in others)


def is_portal(page: str) -> bool:
    """Whether a page has one of the marks of Harbor's web UI."""
    text = page.lower()
    title = text.partition("<title")[2].partition("</title>")[0]
    return "<harbor-app" in text or "harbor" in title


def error_text(entry: Mapping[str, Any]) -> str:
    """Harbor's error text without the prefix that all of them have, the cause first: lines are cut at their end."""
    text = redacted(str(entry.get("error") or "no reason given")).removeprefix(NOISE)[:LONGEST_REASON]
    wrapped = WRAPPED.fullmatch(text)
    return "{1} ({0}{2})".format(*wrapped.groups()) if wrapped else text
