"""The verdict on many probes at once: root causes in words, what follows from each, what still works."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from harborlib.harbor import components
from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.text import CRITICAL, OK, UNKNOWN, words
from harborlib.text.cleaning import cut, redacted
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.text.states import SEVERITY, worst_of
from harborlib.wire.failure import CONNECT, RESOLVE, TLS, Failure

from .isolation import OWNERS

SENTENCE = 300  # characters of one cause; the table shows all of it
CLOCKS_DIFFER = 60  # seconds; a smaller difference is network delay and harmless

#: The id of the finding about a certificate whose issuer is not trusted here.
UNTRUSTED = "certificate.untrusted"
#: What users lose while this probe gets no answer.
LOSSES = {
    "health": "nobody can log in, pull or push",
    "portal": "the web UI is down",
    "api": "robot accounts cannot log in",
    "signin": "people cannot log in",
    "v2": "docker login, pull and push fail",
    "login": "clients cannot log in",
    "pull": "images cannot be pulled",
    "push": "nothing can be pushed",
}
#: Failures without a connection: then no single loss is named.
NO_CONNECTION = (RESOLVE, CONNECT, TLS)
#: What these probes prove together while they are OK; the first match is shown.
WORKING = (
    (("pull", "push"), "pulls and pushes work"),
    (("pull",), "pulls work"),
    (("push",), "pushes work"),
    (("api", "v2"), "the API works, and the registry answers"),
    (("api",), "the API works"),
    (("registry",), "the registry itself answers"),
    (("portal",), "the static web UI still loads"),
)


class Row(NamedTuple):
    """The result of one probe: its own problem, another owner's problem (`finding.follows`), or none.

    The subject of the finding is the name by which isolation knows the probe: the component's for
    check_harbor_component. `failure` is set if no answer came, `ids` are those of all its findings.
    """

    finding: Finding
    failure: Failure | None = None
    ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, name: str, report: Report, failure: Failure | None = None) -> Row:
        """From a judged run. If it has both kinds of problems, its own counts: the other one has its own row."""
        problems = [finding for finding in report.findings if finding.is_problem]
        own = [finding for finding in problems if not finding.follows]
        ids = frozenset(finding.id for finding in problems)
        if not problems:
            return cls(Finding("", OK, report.headline, name), failure, ids)
        text, aside = report.line.text(aside=False), problems[0].aside
        if not own:
            first = problems[0]
            finding = Finding(first.id, UNKNOWN, text, name, aside=aside, cause=first.cause, follows=True,
                              next_step=first.next_step)  # fmt: skip
            return cls(finding, failure, ids)
        state = worst_of(finding.state for finding in own)
        leading = [finding for finding in own if finding.state == state]
        if len(own) < len(problems):
            text = ", ".join(dict.fromkeys(finding.sentence(aside=False) for finding in leading))
        step = next((finding.next_step for finding in leading if finding.next_step), "")
        return cls(Finding(leading[0].id, state, text, name, aside=leading[0].aside, next_step=step), failure, ids)

    @property
    def name(self) -> str:
        """The probe, or the component that it judges."""
        return self.finding.subject

    @property
    def guilty(self) -> bool:
        """Whether it has a problem of its own."""
        return self.finding.is_problem and not self.finding.follows

    def told(self) -> list[Finding]:
        """The problem for the first line, with what users lose."""
        finding = self.finding
        critical = finding.state == CRITICAL
        if self.name in components.SPOKEN and critical and not self.failure:
            text = f"{components.SPOKEN[self.name]} is down: {components.LOSSES[self.name]}"
            return [spoken(text)]
        text = cut(redacted(finding.text), SENTENCE)
        if self.name not in LOSSES or (self.failure and self.failure.kind is LOGIN_REFUSED):
            return [spoken(f"{self.name}: {text}", finding.aside)]
        lost = critical and self.failure and self.failure.stage not in NO_CONNECTION
        return [spoken(text, finding.aside), *([spoken(LOSSES[self.name])] if lost else [])]


class Verdict:
    """All rows in order: `causes`, the worst and the one that explains most first; `follows`, by root cause."""

    def __init__(self, rows: Iterable[Row], untrusted: bool = False) -> None:
        """`untrusted`: clients refuse the certificate."""
        self.untrusted = untrusted
        self.rows = {row.name: row for row in sorted(rows, key=lambda row: place(row.name))}
        self.follows: dict[str, list[str]] = {}
        for row in self.rows.values():
            if row.finding.follows:
                self.follows.setdefault(self.root(row), []).append(row.name)
        guilty = [row for row in self.rows.values() if row.guilty]
        self.causes = sorted(guilty, key=lambda row: (-severity(row), -len(self.follows.get(row.name, []))))

    def root(self, row: Row) -> str:
        """The name of the root cause, at the end of the chain of causes."""
        seen = set()
        while row.finding.cause and row.name not in seen:
            seen.add(row.name)
            owner = row.finding.cause.owner
            if owner not in self.rows:
                return owner
            row = self.rows[owner]
        return row.name

    def ordered(self) -> list[Row]:
        """The causes, then what follows from each, then what is OK."""
        following = [self._following(name) for names in self.follows.values() for name in names]
        well = [row for row in self.rows.values() if not row.finding.is_problem]
        return [*self.causes, *following, *well]

    def _following(self, name: str) -> Row:
        """A row that follows: no worse than its cause, and with a next step if nobody owns the problem."""
        row = self.rows[name]
        root = self.rows.get(self.root(row))
        if not root or not root.guilty:
            return advised(row, "run this again in half a minute")
        state = row.finding.state if root.finding.state == CRITICAL else root.finding.state
        return row._replace(finding=row.finding._replace(state=state))

    def sentence(self) -> list[Finding]:
        """What is wrong: the worst causes with what users lose, what still works, which other probes complain."""
        worst = [row for row in self.causes if row.finding.state == self.causes[0].finding.state]
        told = [finding for row in worst for finding in self._told(row)] or self._elsewhere()
        if worst and worst[0].finding.state == CRITICAL:
            told += self._working()
        others = [row.name for row in self.causes[len(worst) :]]
        return [*told, *([spoken(f"also: {', '.join(others)}")] if others else [])]

    def _told(self, row: Row) -> list[Finding]:
        if row.name == "certificate" and self.untrusted:
            return [spoken(f"clients refuse the certificate: {cut(redacted(row.finding.text), SENTENCE)}")]
        return row.told()

    def _working(self) -> list[Finding]:
        well = {row.name for row in self.rows.values() if not row.finding.is_problem and not row.failure}
        return next(([spoken(text)] for names, text in WORKING if well.issuperset(names)), [])

    def _elsewhere(self) -> list[Finding]:
        """The causes that are no row's own problem, such as a core that has just started."""
        causes = (row.finding.cause for row in self.rows.values())
        return [spoken(text) for text in dict.fromkeys(cause.because for cause in causes if cause)]

    def explained(self) -> list[str]:
        """A note for each cause that explains something."""
        return [f"follows from {root}: {', '.join(names)}" for root, names in self.follows.items()]


def spoken(text: str, aside: str = "") -> Finding:
    """A clause of the first line."""
    return Finding("", CRITICAL, text, aside=aside)


def advised(row: Row, next_step: str) -> Row:
    """The same row with another next step."""
    return row._replace(finding=row.finding._replace(next_step=next_step))


def severity(row: Row) -> int:
    """The severity of a row's state."""
    return SEVERITY.index(row.finding.state)


def place(name: str) -> tuple[int, str]:
    """The owners of others' failures first, in the order of isolation, then by name."""
    return (OWNERS.index(name) if name in OWNERS else len(OWNERS), name)


def seen_from_here(args: argparse.Namespace, verdict: Verdict, skew: float) -> list[str]:
    """Notes on faults that may be this host's and not Harbor's; `skew`: seconds by which Harbor's clock is ahead."""
    found = []
    health, certificate = verdict.rows.get("health"), verdict.rows.get("certificate")
    stage = health.failure.stage if health and health.failure else ""
    through = f"the proxy {args.proxy.where}" if args.proxy else "a firewall or a route of its own"
    if stage == RESOLVE:
        found.append("other hosts may have name servers that know it")
    elif stage == CONNECT:
        found.append(f"{through} may be in the way here and nowhere else: try from another host")
    if certificate and certificate.finding.state == CRITICAL and UNTRUSTED in certificate.ids:
        known = f"the CAs in {args.ca_file}" if args.ca_file else "the system's CAs"
        found.append(f"{known} are trusted, clients may have others: compare --ca-file")
    if abs(skew) > CLOCKS_DIFFER:
        apart, side = words.span(round(abs(skew), -1)), "behind" if skew > 0 else "ahead of"
        found.append(f"this host's clock is {apart} {side} Harbor's, certificates are judged by this host's")
    return [f"as seen from here: {text}" for text in found]
