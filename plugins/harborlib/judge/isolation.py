"""Which probe owns this failure?

One outage makes many probes fail. Under `--isolate` each failure has one owner, and only the owner's service pages;
all others are UNKNOWN with "(see ...)". This module is the only table of owners (docs/alerting.md shows it).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from harborlib.harbor import endpoints
from harborlib.harbor.account import DIRECTORY_FAILS, PERSON_REFUSED
from harborlib.harbor.components import served_by
from harborlib.harbor.health import HealthReport
from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.harbor.registry import STORAGE_FULL
from harborlib.text import words
from harborlib.text.finding import Cause
from harborlib.wire import deadline
from harborlib.wire.failure import CERTIFICATE, CONTENT, STATUS, Failure
from harborlib.wire.request import Answer

if TYPE_CHECKING:
    from harborlib.harbor.run import Run

#: Components with their own service. `core` is a constant in Harbor's report; the portal has its own probe.
COMPONENTS = ("database", "redis", "registry", "jobservice", "registryctl", "trivy")
#: Possible owners of another probe's failure: names of probes and of components.
OWNERS = ("health", "certificate", "portal", "api", "v2", "login", "pull", "push", "storage", *COMPONENTS)

SLOW_HEALTH = 1.5  # seconds; a slower health report is health's own problem
SLOW_LOGIN = 1.0  # seconds; a slower /systeminfo means a slow database, which check_harbor_api reports
VOLUME_FULL = 90  # percent; check_harbor_storage reports a data volume with less free space
USED_UP = 99  # percent; on such a volume whatever writes to it fails, not only the registry

#: Kinds of symptoms. ERROR is a 5xx other than 502; FULL is a full storage; FINDING is anything that was observed and
#: judged; STANDSTILL is a finding about a job that did not start or does not end.
REFUSED, BAD_GATEWAY, ERROR, HANG, FULL = "refused login", "502", "5xx", "hang", "full storage"
SLOW, UNREACHED, UNJUDGED, FINDING, STANDSTILL = "slow", "unreached", "not judged", "finding", "standstill"
#: The failures that are a refused login.
REFUSALS = (LOGIN_REFUSED, DIRECTORY_FAILS, PERSON_REFUSED)
#: A remote registry that does not answer core, or answers slowly. Through an unhealthy core that proves nothing, and
#: the registry may be this Harbor's own.
REMOTE = "remote registry"
TROUBLE = frozenset({BAD_GATEWAY, ERROR, HANG, SLOW, REMOTE})


class Symptom(NamedTuple):
    """One problem that a probe reports.

    `subject` is the probe (or the component that it judges). `served_by` says who answers that request in Harbor
    (portal, health, core, registry). `login` says whether it carried credentials or a token. `step` is the
    probe that owns this step of the registry protocol. `own_account`: no other probe uses its account.
    """

    subject: str
    kind: str
    served_by: str = "core"
    login: bool = False
    step: str = ""
    own_account: bool = False

    @classmethod
    def of_failure(cls, subject: str, failure: Failure, own_account: bool = False) -> Symptom:
        """The symptom of a Failure."""
        if failure.hung:
            kind = HANG
        elif failure.stage is CERTIFICATE:
            kind = CERTIFICATE.id
        elif failure.kind in (*REFUSALS, STORAGE_FULL):
            kind = FULL if failure.kind is STORAGE_FULL else REFUSED
        elif failure.stage is STATUS and failure.status >= 500:
            kind = BAD_GATEWAY if failure.status == 502 else ERROR
        else:
            kind = UNREACHED if failure.unreachable else UNJUDGED
        return cls(subject, kind, served_by(failure.path, failure.login), failure.login, failure.step, own_account)


class Rule(NamedTuple):
    """What one unhealthy component explains: any symptom of these subjects, or these kinds of symptoms."""

    subjects: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    served_by: frozenset[str] = frozenset({"health", "core", "registry"})
    login: bool = False

    def explains(self, symptom: Symptom) -> bool:
        """Whether the component's failure is the cause of the symptom."""
        if symptom.subject in self.subjects:
            return True
        fits = symptom.kind in self.kinds and (symptom.kind == REMOTE or symptom.served_by in self.served_by)
        return fits and (symptom.login or not self.login)


#: In the order in which causes are searched. The portal explains nothing: its probe owns it.
RULES = {
    "database": Rule(subjects=frozenset({"signin"}), kinds=TROUBLE | {REFUSED, UNJUDGED}, login=True),
    "redis": Rule(subjects=frozenset({"jobservice", "signin"}), kinds=TROUBLE),
    "registry": Rule(kinds=frozenset({BAD_GATEWAY, HANG, REMOTE}), served_by=frozenset({"registry"})),
    "jobservice": Rule(subjects=frozenset({"workers", "queue"}), kinds=frozenset({STANDSTILL})),
    "registryctl": Rule(subjects=frozenset({"gc"})),
    "trivy": Rule(subjects=frozenset({"scanner", "scan"})),
}

#: Why a failure in the registry protocol belongs to this owner.
STEPS = {
    "v2": "the challenge fails too",
    "login": "the login fails too",
    "pull": "pulling fails too",
    "push": "pushing fails too",
    "api": "this affects all clients",
}
#: Probes that test the login itself: for them a refused login is CRITICAL.
LOGIN_SUBJECTS = ("api", "login")
#: The probe that reports a refused login: the probes that use the canary robot have another owner than the rest.
LOGIN_OWNER = {"login": "login", "pull": "login", "push": "login"}


#: The evidence that no request to Harbor can succeed.
ALL_DOWN = "Harbor as a whole is down"


def service_of(owner: str) -> str:
    """The service in the engine, and the runbook section, of a probe or a component."""
    return f"harbor-component-{owner}" if owner in COMPONENTS else f"harbor-{owner}"


def caused_by(owner: str, because: str) -> Cause:
    """The Cause that names this owner."""
    return Cause(owner, because, service_of(owner))


class Snapshot(NamedTuple):
    """The answers to the two questions: /health without credentials, /systeminfo with them if the probe may log in.

    `health` is None if nothing was asked, `systeminfo` if nothing was asked or all was well; `info_seconds` is the
    time that its answer took. `one_account`: all probes use the same account. `full`: percent used of the data
    volume, 0 if the account may not see it.
    """

    health: HealthReport | Failure | None
    systeminfo: Failure | None = None
    one_account: bool = False
    info_seconds: float = 0.0
    full: float = 0

    @property
    def logins_fail(self) -> bool:
        """Whether another login got no answer, or an error of the server; not: whether it was refused."""
        return bool(self.systeminfo and (self.systeminfo.hung or self.systeminfo.status >= 500))


def look(run: Run, ask: Callable[[Run], Answer] | None, seconds: float, ask_volumes: bool = False) -> Snapshot:
    """Ask both questions at the same time, for at most `seconds`; `ask` puts the second, None omits it.

    If a storage may be full (`ask_volumes`), a third question follows: how full is the data volume?

    Raises the error that prevents this host from asking.
    """
    questions: list[Callable[[], Any]] = [partial(HealthReport.ask, run)]
    if ask:
        questions += [partial(ask, run), *([partial(percent_used, run)] if ask_volumes else [])]
    health, *rest = deadline.side_by_side(questions, seconds)
    if isinstance(health, Exception) and not isinstance(health, Failure):
        raise health
    systeminfo = rest[0] if rest else None
    full = rest[1] if len(rest) > 1 and isinstance(rest[1], float) else 0
    if isinstance(systeminfo, Answer):
        return Snapshot(health, info_seconds=systeminfo.elapsed, full=full)
    return Snapshot(health, systeminfo if isinstance(systeminfo, Failure) else None)


def percent_used(run: Run) -> float:
    """How full the data volume is; raises Failure if the account may not see it, or Harbor does not report it."""
    rows = run.rest.get(endpoints.VOLUMES).rows("storage", needed=True)
    volumes = [(row.count("total"), row.count("free")) for row in rows]
    return max((words.share(total - free, total) for total, free in volumes if total), default=0.0)


def cause(symptom: Symptom, snapshot: Snapshot, owners: frozenset[str]) -> Cause | None:
    """The owner of a symptom if it is another probe; None: it is the probe's own."""
    found = find(symptom, snapshot, owners)
    return found if found and found.owner != symptom.subject and found.owner in owners else None


def find(symptom: Symptom, snapshot: Snapshot, owners: frozenset[str]) -> Cause | None:
    """The first cause that fits, from the outside in: certificate, health, a component, the login, core under load."""
    if symptom.kind == CERTIFICATE.id and "certificate" in owners:
        return caused_by("certificate", "clients refuse it")
    if snapshot.health is None:
        return None
    reported = report_cause(symptom, snapshot.health, owners)
    if reported:
        return reported
    if fills_up(symptom, snapshot.full):
        return caused_by("storage", "the data volume is full")
    others_fail = snapshot.systeminfo and snapshot.systeminfo.kind is not LOGIN_REFUSED
    if symptom.kind == REFUSED and not others_fail:
        owner = "api" if snapshot.one_account else LOGIN_OWNER.get(symptom.subject, "api")
        owner = symptom.subject if symptom.own_account else owner
        return caused_by(owner, "the credentials are refused")
    if snapshot.systeminfo and symptom.kind in TROUBLE | {REFUSED} and symptom.served_by in ("core", "registry"):
        failed = snapshot.systeminfo
        return caused_by("api", f"other logins fail too: {failed.detail}" if failed.login else STEPS["api"])
    if snapshot.info_seconds > SLOW_LOGIN and symptom.kind in (SLOW, HANG, REMOTE) and symptom.served_by != "portal":
        return caused_by("api", f"/systeminfo alone took {snapshot.info_seconds:.1f} s")
    return caused_by(symptom.step, STEPS[symptom.step]) if symptom.step else None


def fills_up(symptom: Symptom, full: float) -> bool:
    """Whether a data volume that is so full causes this.

    The registry says itself that its storage is full. The other components and core only fail when they cannot write.
    """
    writes = symptom.subject in COMPONENTS or (symptom.subject == "push" and symptom.kind == ERROR)
    return full >= VOLUME_FULL if symptom.kind == FULL else writes and full >= USED_UP


def report_cause(symptom: Symptom, health: HealthReport | Failure, owners: frozenset[str]) -> Cause | None:
    """The owner according to Harbor's health report: health if there is none in time, else a component in it."""
    if isinstance(health, Failure):
        # An unexpected report is UNKNOWN and pages nobody: then each failing probe reports for itself.
        return None if health.stage is CONTENT else caused_by("health", ALL_DOWN)
    if health.elapsed > SLOW_HEALTH:
        return caused_by("health", f"Harbor's health report took {health.elapsed:.1f} s")
    if health.just_started:
        return caused_by("health", "core has just started")
    component = unhealthy_cause(symptom, health, owners)
    return caused_by(component, f"Harbor says {component} is unhealthy") if component else None


def unhealthy_cause(symptom: Symptom, health: HealthReport, owners: frozenset[str]) -> str | None:
    """The unhealthy component behind a symptom; if another component explains that one, it is returned instead."""
    for component, rule in RULES.items():
        known = component in health.unhealthy and component in owners and component != symptom.subject
        if known and rule.explains(symptom):
            return unhealthy_cause(Symptom(component, FINDING), health, owners) or component
    return None


def explained_by(component: str, health: HealthReport) -> str | None:
    """The unhealthy component that explains another component's problem, if there is one."""
    return unhealthy_cause(Symptom(component, FINDING), health, frozenset(COMPONENTS))
