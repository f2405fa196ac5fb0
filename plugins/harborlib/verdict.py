"""The verdict on many probes at once: root causes in words, what follows from each, what still works."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from nagiosplugin import Critical, Ok, Unknown
from nagiosplugin.state import ServiceState

from . import components, judgement, output, words
from .attempt import Attempt
from .cleaning import redacted
from .failure import CONNECT, RESOLVE, TLS, Failure
from .isolation import OWNERS, Cause

SENTENCE = 300  # characters of one cause; the table has all of it
CLOCKS_DIFFER = 60  # seconds; less is the way of the answer, and nobody's trouble

#: What users lose while this probe has no answer.
LOSSES = {
    "health": "nobody can log in, pull or push",
    "portal": "the web UI is gone",
    "api": "whatever needs a login fails",
    "v2": "docker login, pull and push fail",
    "login": "clients cannot log in",
    "pull": "images cannot be pulled",
    "push": "nothing can be pushed",
}
#: Where Harbor calls itself healthy and no login passes.
LOCKED = "look for locks and for free connections in the database: select * from pg_stat_activity"
#: Without a connection there is nothing to lose in particular.
NO_CONNECTION = (RESOLVE, CONNECT, TLS)
#: What these probes prove together while they are OK; the first that holds is told.
WORKING = (
    (("pull", "push"), "pulls and pushes work"),
    (("pull",), "pulls work"),
    (("push",), "pushes work"),
    (("api", "v2"), "the API works, and the registry answers"),
    (("api",), "the API works"),
    (("registry",), "the registry itself answers"),
    (("portal",), "the web UI's page still comes"),
)


class Row(NamedTuple):
    """What one probe came to: a problem of its own, or of somebody else (`cause`), or none.

    `name` is the one by which isolation knows it: the component's for check_harbor_component. `failure` is set where no
    answer came.
    """

    name: str
    state: ServiceState
    text: str
    next_step: str = ""
    cause: Cause | None = None
    failure: Failure | None = None

    @classmethod
    def of(cls, name: str, attempt: Attempt) -> Row:
        """From a run that is judged. Where it holds both, its own problem counts: the other one has its own row."""
        report = attempt.report()
        causes = [result.cause for result in attempt.results if result.cause]
        own = [result for result in attempt.results if result.state != Ok and not result.cause]
        if not causes:
            return cls(name, attempt.state, report.summary, report.next_step, None, attempt.failure)
        if not own:
            return cls(name, Unknown, report.summary, report.next_step, causes[0], attempt.failure)
        state = judgement.worst(result.state for result in own)
        leading = [result for result in own if result.state == state]
        text = "; ".join(dict.fromkeys(map(str, leading)))
        return cls(name, state, text, leading[0].next_step, None, attempt.failure)

    @property
    def guilty(self) -> bool:
        """Whether it has a problem that is nobody else's."""
        return self.state != Ok and not self.cause

    def told(self) -> str:
        """The problem in a sentence, with what users lose."""
        if self.name in components.SPOKEN and self.state == Critical and not self.failure:
            return f"{components.SPOKEN[self.name]} is down: {components.CONTAINERS[self.name][0]}"
        text = output.shorten(redacted(self.text), SENTENCE)
        if self.name not in LOSSES or (self.failure and self.failure.refused_login):
            return f"{self.name}: {text}"
        lost = self.state == Critical and self.failure and self.failure.stage not in NO_CONNECTION
        return f"{text}; {LOSSES[self.name]}" if lost else text


class Verdict:
    """All rows, put into order: `causes`, the worst and the one that explains most first; who `follows` from whom."""

    def __init__(self, rows: Iterable[Row], untrusted: bool = False) -> None:
        """`untrusted`: clients refuse the certificate."""
        self.untrusted = untrusted
        self.rows = {row.name: row for row in sorted(rows, key=lambda row: place(row.name))}
        self.follows: dict[str, list[str]] = {}
        for row in self.rows.values():
            if row.cause:
                self.follows.setdefault(self.root(row), []).append(row.name)
        guilty = [row for row in self.rows.values() if row.guilty]
        self.causes = sorted(guilty, key=lambda row: (-severity(row.state), -len(self.follows.get(row.name, []))))

    def root(self, row: Row) -> str:
        """The name at the end of the chain of causes."""
        seen = set()
        while row.cause and row.name not in seen:
            seen.add(row.name)
            if row.cause.owner not in self.rows:
                return row.cause.owner
            row = self.rows[row.cause.owner]
        return row.name

    def ordered(self) -> list[Row]:
        """The causes, then what follows from each, then what is well."""
        following = [self._following(name) for names in self.follows.values() for name in names]
        well = [row for row in self.rows.values() if row.state == Ok]
        return [*map(self._advised, self.causes), *following, *well]

    def _advised(self, row: Row) -> Row:
        """The row of a cause. That Harbor calls itself healthy meanwhile is known here alone."""
        no_answer = row.failure and (row.failure.hung or row.failure.status >= 500)
        return row._replace(next_step=LOCKED) if row.name == "api" and no_answer else row

    def _following(self, name: str) -> Row:
        """The row of what follows: no worse than its cause, and with something to do where that is nobody's problem."""
        row = self.rows[name]
        root = self.rows.get(self.root(row))
        if not root or not root.guilty:
            return row._replace(next_step="run this again in half a minute")
        return row if root.state == Critical else row._replace(state=root.state)

    def sentence(self) -> str:
        """What is wrong: each of the worst causes with what users lose, what still works, which probes complain too."""
        worst = [row for row in self.causes if row.state == self.causes[0].state]
        told = list(map(self._told, worst)) or self._elsewhere()
        if worst and worst[0].state == Critical:
            told += self._working()
        others = [row.name for row in self.causes[len(worst) :]]
        return "; ".join([*told, *([f"also: {', '.join(others)}"] if others else [])])

    def _told(self, row: Row) -> str:
        if row.name == "certificate" and self.untrusted:
            return f"clients refuse Harbor: {output.shorten(redacted(row.text), SENTENCE)}"
        return row.told()

    def _working(self) -> list[str]:
        well = {row.name for row in self.rows.values() if row.state == Ok and not row.failure}
        return next(([told] for names, told in WORKING if well.issuperset(names)), [])

    def _elsewhere(self) -> list[str]:
        """The causes that are no row's own problem, as a core that has just started."""
        return list(dict.fromkeys(row.cause.because for row in self.rows.values() if row.cause))

    def explained(self) -> list[str]:
        """A remark for each cause that explains something."""
        return [f"follows from {root}: {', '.join(names)}" for root, names in self.follows.items()]


def severity(state: ServiceState) -> int:
    return judgement.SEVERITY.index(state)


def place(name: str) -> tuple[int, str]:
    """The owners of others' failures first, in the order of isolation, then by name."""
    return (OWNERS.index(name) if name in OWNERS else len(OWNERS), name)


def seen_from_here(args: argparse.Namespace, verdict: Verdict, skew: float) -> list[str]:
    """Remarks where the fault may be this host's and not Harbor's; `skew`: seconds by which Harbor's clock is ahead."""
    found = []
    health, certificate = verdict.rows.get("health"), verdict.rows.get("certificate")
    stage = health.failure.stage if health and health.failure else ""
    through = f"the proxy {args.proxy.where}" if args.proxy else "a firewall or a route of its own"
    if stage == RESOLVE:
        found.append("other hosts may have name servers that know it")
    elif stage == CONNECT:
        found.append(f"{through} may be in the way here and nowhere else: try from another host")
    if certificate and certificate.state == Critical and "trusted here" in certificate.text:
        known = f"the CAs in {args.ca_file}" if args.ca_file else "the system's CAs"
        found.append(f"{known} are trusted, clients may have others: compare --ca-file")
    if abs(skew) > CLOCKS_DIFFER:
        apart, side = words.span(round(abs(skew), -1)), "behind" if skew > 0 else "ahead of"
        found.append(f"this host's clock is {apart} {side} Harbor's; certificates are judged by ours")
    return [f"as seen from here: {text}" for text in found]
