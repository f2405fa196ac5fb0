"""Reports of every kind, as hypothesis makes them: whatever a server and a probe may have said."""

from __future__ import annotations

from typing import Any

from harborlib.judge.isolation import caused_by
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary
from harborlib.text.cleaning import LONG as LONG_SECRET
from harborlib.text.cleaning import sanitised
from harborlib.text.finding import Cause, Finding
from harborlib.text.report import Measure, Report

from hypothesis import strategies as st

STATES = (OK, WARNING, CRITICAL, UNKNOWN)
LONG = ("x" * 5000, " " * 5000 + "x", "\x1b" * 3000, "\u2603 " * 2000, f"x (see {'y' * 500})")
ODD = st.text(alphabet="a b|\n\r\x1b\u2603\ud800'=\\\"(se)_", max_size=30)
WILD = ODD | st.integers(0, len(LONG) - 1).map(lambda number: LONG[number])
SAID = WILD.map(lambda text: f"a{text}")
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False, width=32)
RANGES = st.sampled_from(["", "5", "1:", "~:5", "@1:2", "0.5:1.5"])
LIMITS = NUMBERS | st.none()
MEASURES = st.builds(Measure, WILD, NUMBERS, st.sampled_from(["", "s", "B", "c", "%"]), RANGES, RANGES, LIMITS, LIMITS)
CAUSES = st.none() | st.builds(caused_by, st.sampled_from(["health", "redis"]), SAID)
VALUES: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.fixed_dictionaries(
    {"value": NUMBERS, "unit": st.just("s"), "limit": RANGES}
)


def finding(known: str, state: str, text: str, cause: Cause | None, follows: bool, **more: str) -> Finding:
    """A finding; a problem of somebody else, if it has a cause and `follows` from it."""
    found = Finding(f"test.{known}", state, text, **more)  # type: ignore[arg-type]
    if cause and follows and found.is_problem:
        return found.owned_by(cause)
    return found._replace(cause=cause if found.is_problem else None)


FINDINGS = st.builds(
    finding,
    st.sampled_from(["one", "two"]),
    st.sampled_from(STATES),
    SAID,
    CAUSES,
    st.booleans(),
    subject=ODD,
    limit=ODD,
    aside=ODD,
    values=VALUES,
    next_step=SAID,
)
INSTEAD = st.lists(FINDINGS.map(lambda found: found._replace(state=CRITICAL, cause=None, follows=False)), max_size=1)
SUMMARIES = st.builds(Summary, SAID, ODD, INSTEAD, st.sampled_from([frozenset(), frozenset({"test.one"})]))
REPORTS = st.builds(
    Report,
    st.just("test"),
    st.lists(FINDINGS, min_size=1, max_size=3),
    summary=SUMMARIES,
    measures=st.lists(MEASURES, max_size=3),
    notes=st.lists(SAID, max_size=3).map(tuple),
    many=st.booleans(),
    error=st.none() | st.builds(RuntimeError, WILD),
)

MANY = 60_000  # of anything, as of a Harbor that never ends


def is_password(text: str) -> bool:
    """Whether it is one that can be found: not a number, and of eight characters or more also on one line."""
    return text == text.strip() and not text.isdigit() and len(sanitised(text)) >= LONG_SECRET


SECRETS = st.text(alphabet="sECRET9%=/ |", min_size=8).filter(is_password)


def holding(report: Report, secret: str) -> Report:
    """The report with the secret in all of its texts."""

    def planted(text: str) -> str:
        return f"{secret}{text}{secret}{secret[:3]}"

    def told(found: Finding) -> Finding:
        texts: dict[str, Any] = {
            name: planted(getattr(found, name)) for name in ("text", "subject", "limit", "aside", "next_step")
        }
        cause = found.cause and found.cause._replace(because=planted(found.cause.because))
        return found._replace(cause=cause, **texts)

    summary = report.summary
    return report._replace(
        findings=[told(found) for found in report.findings],
        summary=Summary(planted(summary.fine), planted(summary.title), list(map(told, summary.instead)), summary.of),
        measures=[measure._replace(name=planted(measure.name)) for measure in report.measures],
        notes=tuple(map(planted, report.notes)),
        error=RuntimeError(planted("x")),
    )
