"""The verdict on many probes at once: root causes in words, what follows from each, what still works."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import NamedTuple

from harborlib.harbor import components
from harborlib.harbor.refusals import CHECK_ACCOUNT, LOGIN_REFUSED
from harborlib.text import CRITICAL, OK, UNKNOWN, words
from harborlib.text.cleaning import cut, redacted
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.text.states import SEVERITY, worst_of
from harborlib.wire.failure import CONNECT, RESOLVE, TLS, Failure

from .isolation import LOGIN_OWNER, OWNERS

SENTENCE = 300  # characters of one cause; the table shows all of it
CLOCKS_DIFFER = 60  # seconds; a smaller difference is network delay and harmless

#: The id of the finding about a certificate whose issuer is not trusted here.
UNTRUSTED = "certificate.untrusted"
#: What users lose while this probe gets no answer.
LOSSES = {
    "health": "nobody can log in, pull or push images",
    "portal": "the web UI is down",
    "api": "robot accounts cannot log in",
    "signin": "people cannot log in",
    "v2": "nobody can log in, pull or push with docker",
    "login": "clients cannot log in",
    "pull": "at least one image cannot be pulled",  # the canary image: others may be fine
    "push": "nobody can push images",
}
#: The same, if the finding says more than its probe.
LOSSES_BY_ID = {
    "push.quota-exceeded": "nobody can push to the canary project",
    "push.body-limit": "large images cannot be pushed",
    # The canary's project or tag is set up wrong: others may push.
    "push.not-allowed": "the canary cannot be pushed",
    "push.tag-immutable": "the canary cannot be pushed",
    "v2.bad-challenge": "clients cannot log in",
}
#: Failures without a connection: other hosts may have one.
NO_CONNECTION = (RESOLVE, CONNECT, TLS)
NOT_REACHED = "Harbor cannot be reached from here"
#: A refused login is the trouble of this account alone.
REFUSED_TO = {"api": "the monitoring account cannot log in"}
REFUSED_TO_CANARY = "the canary account cannot log in"
CHECK_CANARY = CHECK_ACCOUNT.replace("the authfile", "the canary authfile")
#: What these probes prove together while they are OK; the first match is shown.
WORKING = (
    (("pull", "push"), "pull and push"),
    (("pull",), "pull"),
    (("push",), "push"),
    (("api", "v2"), "the API, the registry"),
    (("api",), "the API"),
    (("registry",), "the registry component"),
    (("portal",), "the static web UI"),
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
            return cls(Finding("", OK, report.headline.removeprefix(f"{name} is "), name), failure, ids)
        text, aside = report.line.text(aside=False).removeprefix(f"{name} is "), problems[0].aside
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
        step = CHECK_CANARY if step == CHECK_ACCOUNT and name in LOGIN_OWNER else step
        return cls(Finding(leading[0].id, state, text, name, aside=leading[0].aside, next_step=step), failure, ids)

    @property
    def name(self) -> str:
        """The probe, or the component that it judges."""
        return self.finding.subject

    @property
    def is_cause(self) -> bool:
        """Whether it has a problem of its own."""
        return self.finding.is_problem and not self.finding.follows

    def is_component_down(self) -> bool:
        """Whether Harbor itself calls this component unhealthy."""
        return self.name in components.SPOKEN and self.finding.state == CRITICAL and not self.failure

    def brief(self) -> str:
        """A few words for a cause that is not the first one."""
        return f"{self.name} is down" if self.is_component_down() else self.name

    def sentence(self, following: Iterable[str] = ()) -> str:
        """The cause in words for everyone, after what people cannot do; `following` are the probes that fail too."""
        if self.is_component_down():
            return f"{components.LOSSES[self.name]}: {components.SPOKEN[self.name]} is down"
        text = cut(redacted(self.finding.text), SENTENCE)
        loss = self.loss(following) if self.finding.state == CRITICAL else ""
        if loss or self.name in LOSSES:
            return f"{loss}: {text}" if loss else text
        return f"{self.name}: {text}"

    def loss(self, following: Iterable[str]) -> str:
        """What people cannot do, as far as it was seen here or by the probes that follow."""
        if self.failure and self.failure.kind is LOGIN_REFUSED:
            return REFUSED_TO.get(self.name, REFUSED_TO_CANARY)
        if self.failure and self.failure.stage in NO_CONNECTION:
            return NOT_REACHED if self.name == "health" else ""
        own = LOSSES_BY_ID.get(self.finding.id) or (LOSSES.get(self.name) if self.failure else "")
        return own or next((LOSSES[name] for name in LOSSES if name in following), "")


class Verdict:
    """All rows in order: `causes`, the worst and the one that explains most first; `follows`, by root cause."""

    def __init__(self, rows: Iterable[Row], untrusted: bool = False) -> None:
        """`untrusted`: clients refuse the certificate."""
        self.untrusted = untrusted
        self.rows = {row.name: row for row in sorted(rows, key=lambda row: rank(row.name))}
        self.follows: dict[str, list[str]] = {}
        for row in self.rows.values():
            if row.finding.follows:
                self.follows.setdefault(self.root(row), []).append(row.name)
        self.causes = sorted((row for row in self.rows.values() if row.is_cause), key=self._weight)

    def _weight(self, row: Row) -> tuple[int, bool, int]:
        """The worst first, then what concerns everyone and not only our account, then what explains most."""
        refused = bool(row.failure and row.failure.kind is LOGIN_REFUSED)
        return -severity(row), refused, -len(self.follows.get(row.name, []))

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
        if not root or not root.is_cause:
            return advised(row, "run this again in half a minute")
        state = row.finding.state if root.finding.state == CRITICAL else root.finding.state
        return row._replace(finding=row.finding._replace(state=state))

    def sentence(self) -> list[Finding]:
        """What is wrong: the first cause, after what people cannot do, then the other causes by name."""
        if not self.causes:
            return self._elsewhere()
        first, *others = self.causes
        also = [clause(f"also: {', '.join(row.brief() for row in others)}")] if others else []
        return [clause(self._sentence(first)), *also]

    def _sentence(self, row: Row) -> str:
        if row.name == "certificate" and self.untrusted:
            return f"clients refuse to connect: {cut(redacted(row.finding.text), SENTENCE)}"
        return row.sentence(self.follows.get(row.name, []))

    def _working(self) -> list[str]:
        if not (self.causes and self.causes[0].finding.state == CRITICAL):
            return []
        well = {row.name for row in self.rows.values() if not row.finding.is_problem and not row.failure}
        return [f"still works: {text}" for names, text in WORKING if well.issuperset(names)][:1]

    def _elsewhere(self) -> list[Finding]:
        """The causes that are no row's own problem, such as a core that has just started."""
        causes = (row.finding.cause for row in self.rows.values())
        return [clause(text) for text in dict.fromkeys(cause.because for cause in causes if cause)]

    def explained(self) -> list[str]:
        """A note on what still works during an outage, and one for each cause that explains something."""
        return self._working() + [f"follows from {root}: {', '.join(names)}" for root, names in self.follows.items()]


def clause(text: str) -> Finding:
    """A clause of the first line."""
    return Finding("", CRITICAL, text)


def advised(row: Row, next_step: str) -> Row:
    """The same row with another next step."""
    return row._replace(finding=row.finding._replace(next_step=next_step))


def severity(row: Row) -> int:
    """The severity of a row's state."""
    return SEVERITY.index(row.finding.state)


def rank(name: str) -> tuple[int, str]:
    """The owners of others' failures first, in the order of isolation, then by name."""
    return (OWNERS.index(name) if name in OWNERS else len(OWNERS), name)


def seen_from_here(args: argparse.Namespace, verdict: Verdict, skew: float) -> list[str]:
    """Notes on faults that may be this host's and not Harbor's; `skew`: seconds by which Harbor's clock is ahead."""
    found = []
    health, certificate = verdict.rows.get("health"), verdict.rows.get("certificate")
    stage = health.failure.stage if health and health.failure else ""
    through = f"the proxy {args.proxy.where}" if args.proxy else "its firewall or route"
    if stage == RESOLVE:
        found.append("other hosts may resolve this name")
    elif stage == CONNECT:
        found.append(f"{through} may be the cause, try another host")
    if certificate and certificate.finding.state == CRITICAL and UNTRUSTED in certificate.ids:
        known = f"the CAs in {args.ca_file}" if args.ca_file else "the system's CAs"
        found.append(f"it trusts {known}, clients may trust others")
    if abs(skew) > CLOCKS_DIFFER:
        apart, side = words.span(round(abs(skew), -1)), "behind" if skew > 0 else "ahead of"
        found.append(f"its clock is {apart} {side} Harbor's, and certificates are judged by it")
    return [f"seen from this host only: {text}" for text in found]
