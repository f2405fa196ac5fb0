"""The table of who owns what: each component explains what it can cause, and nothing else."""

from __future__ import annotations

from harborlib.harbor import components
from harborlib.harbor.health import HealthReport
from harborlib.harbor.refusals import LOGIN_REFUSED, PERMISSION_MISSING
from harborlib.judge import isolation
from harborlib.judge.isolation import (
    BAD_GATEWAY,
    COMPONENTS,
    ERROR,
    FINDING,
    FULL,
    HANG,
    OWNERS,
    REFUSED,
    REMOTE,
    SLOW,
    STANDSTILL,
    UNJUDGED,
    UNREACHED,
    Snapshot,
    Symptom,
)
from harborlib.wire.failure import (
    ANSWER,
    CERTIFICATE,
    CONNECT,
    CONTENT,
    RESOLVE,
    ROUTE,
    STAGES,
    STATUS,
    TLS,
    Failure,
    Kind,
)

import pytest
from hypothesis import given
from hypothesis import strategies as st

ALL = frozenset(OWNERS)
KINDS = (
    REFUSED,
    BAD_GATEWAY,
    ERROR,
    HANG,
    FULL,
    REMOTE,
    SLOW,
    UNREACHED,
    UNJUDGED,
    FINDING,
    STANDSTILL,
    CERTIFICATE.id,
)
SUBJECTS = (*OWNERS, "storage", "workers", "queue", "gc", "scanner", "scan")
SERVERS = ("health", "core", "registry", "portal")


def health(*unhealthy: str, elapsed: float = 0.1, error: str = "refused") -> HealthReport:
    """A report in which these components are unhealthy."""
    return HealthReport(
        {name: error if name in unhealthy else None for name in ("core", "portal", *COMPONENTS)}, elapsed
    )


def owner(symptom: Symptom, report: HealthReport | Failure | None, systeminfo: Failure | None = None) -> str:
    """Whose it is when everybody is scheduled; "" where it is the probe's own."""
    found = isolation.cause(symptom, Snapshot(report, systeminfo), ALL)
    return found.owner if found else ""


#: For each component what it explains: (subject, kind, who serves the request, with a login), and the like that it does
#: not explain.
TABLE = {
    "database": (
        [("api", REFUSED, "core", True), ("v2", HANG, "registry", True), ("storage", ERROR, "core", True),
         ("pull", UNJUDGED, "registry", True), ("quota", SLOW, "core", True)],
        [("portal", HANG, "portal", False), ("v2", HANG, "core", False), ("storage", FINDING, "core", True)],
    ),
    "redis": (
        [("jobservice", FINDING, "core", False), ("v2", SLOW, "core", False), ("pull", ERROR, "registry", True),
         ("registry", HANG, "health", False), ("remote_registry", REMOTE, "core", False)],
        [("portal", SLOW, "portal", False), ("storage", REFUSED, "core", True), ("registry", FINDING, "health", False)],
    ),
    "registry": (
        [("v2", BAD_GATEWAY, "registry", True), ("pull", HANG, "registry", True),
         ("push", BAD_GATEWAY, "registry", True), ("remote_registry", REMOTE, "core", False)],
        [("remote_registry", REFUSED, "core", True),
         ("v2", BAD_GATEWAY, "core", False), ("pull", FINDING, "registry", True), ("pull", ERROR, "registry", True),
         ("storage", HANG, "core", True)],
    ),
    "jobservice": (
        [("workers", FINDING, "core", True), ("queue", UNJUDGED, "core", True), ("gc", STANDSTILL, "core", True)],
        [("gc", FINDING, "core", True), ("storage", ERROR, "core", True)],
    ),
    "registryctl": ([("gc", FINDING, "core", True)], [("pull", BAD_GATEWAY, "registry", True)]),
    "trivy": (
        [("scanner", FINDING, "core", True), ("scan", FINDING, "core", True)],
        [("queue", FINDING, "core", True)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("component", "symptom", "explained"),
    [
        (component, Symptom(*symptom), position == 0)
        for component, both in TABLE.items()
        for position, symptoms in enumerate(both)
        for symptom in symptoms
    ],
)
def test_what_an_unhealthy_component_explains(component: str, symptom: Symptom, explained: bool) -> None:
    assert (owner(symptom, health(component)) == component) is explained


def test_the_table_covers_every_component() -> None:
    assert set(TABLE) == set(COMPONENTS) == set(isolation.RULES)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_portal_explains_nothing(subject: str) -> None:
    for kind in set(KINDS) - {CERTIFICATE.id, REFUSED}:
        for server in SERVERS:
            assert owner(Symptom(subject, kind, server, True), health("portal")) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_health_report_it_is_health(kind: str) -> None:
    symptom = Symptom("v2", kind, "core")
    expected = "certificate" if kind == CERTIFICATE.id else "health"
    for failure in (Failure(CONNECT, "x"), Failure(ANSWER, "x", hung=True), Failure(STATUS, "x", status=502)):
        assert owner(symptom, failure) == expected
    for report in (health(elapsed=1.6), health(*COMPONENTS, "portal", error="unknown status")):
        assert owner(symptom, report) == expected
    assert owner(Symptom("health", kind, "health"), Failure(CONNECT, "x")) == (
        "certificate" if kind == CERTIFICATE.id else ""
    )


def test_an_unreadable_report_owns_nothing() -> None:
    assert owner(Symptom("v2", ERROR, "core"), Failure(CONTENT, "x")) == ""


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("storage", "api"), ("v2", "api"), ("pull", "login"), ("push", "login"), ("api", ""), ("login", "")],
)
def test_a_refused_login_belongs_to_its_authfile(subject: str, expected: str) -> None:
    assert owner(Symptom(subject, REFUSED, "core", True), health()) == expected


@pytest.mark.parametrize("kind", [BAD_GATEWAY, ERROR, HANG, SLOW])
def test_other_logins_fail_too(kind: str) -> None:
    """A locked table or an exhausted database pool: health does not see it."""
    systeminfo = Failure(ANSWER, "timed out", hung=True)
    assert owner(Symptom("quota", kind, "core", True), health(), systeminfo) == "api"
    assert owner(Symptom("pull", kind, "registry", True), health(), systeminfo) == "api"
    assert owner(Symptom("api", kind, "core", True), health(), systeminfo) == ""
    assert owner(Symptom("portal", kind, "portal", False), health(), systeminfo) == ""


@pytest.mark.parametrize("kind", [HANG, SLOW])
def test_slow_database_is_the_api_s(kind: str) -> None:
    """The api asks what isolation asks, and judges it by the same limit."""

    def whose(subject: str, seconds: float, server: str = "core") -> str:
        snapshot = Snapshot(health(), info_seconds=seconds)
        found = isolation.cause(Symptom(subject, kind, server, True), snapshot, ALL)
        return found.owner if found else ""

    for subject in ("v2", "login", "pull", "push", "scan", "replication"):
        assert (whose(subject, 1.1), whose(subject, 0.9)) == ("api", "")
    assert whose("pull", 1.1, "registry") == "api"
    assert whose("api", 1.1) == ""
    assert whose("portal", 1.1, "portal") == ""


def test_full_storage_is_the_data_volume_s_where_that_is_full() -> None:
    symptom = Symptom("push", FULL, "registry", True, "push")
    for full, whose in ((90, "storage"), (89, "")):
        found = isolation.cause(symptom, Snapshot(health(), full=full), ALL)
        assert (found.owner if found else "") == whose
    assert isolation.cause(symptom, Snapshot(health(), full=90), ALL - {"storage"}) is None


@pytest.mark.parametrize("symptom", [Symptom("push", ERROR, "core", True, "push"), Symptom("jobservice", FINDING)])
def test_nothing_can_be_written_to_a_data_volume_that_is_used_up(symptom: Symptom) -> None:
    """A full disk is one cause, whoever suffers from it; one that is nearly full stops nobody."""
    for full, whose in ((99, "storage"), (98, "")):
        found = isolation.cause(symptom, Snapshot(health(), full=full), ALL)
        assert (found.owner if found else "") == whose


@pytest.mark.parametrize("step", ["v2", "login", "pull", "push"])
def test_each_step_of_the_wire_has_its_owner(step: str) -> None:
    for subject in ("v2", "login", "pull", "push"):
        found = owner(Symptom(subject, FINDING, "registry", True, step), health())
        assert found == ("" if subject == step else step)


def test_the_cause_of_the_cause_is_named() -> None:
    """Redis makes jobservice unhealthy, and that the workers."""
    assert owner(Symptom("workers", FINDING, "core", True), health("redis", "jobservice")) == "redis"
    assert isolation.explained_by("jobservice", health("redis", "jobservice")) == "redis"
    assert isolation.explained_by("redis", health("redis", "jobservice")) is None


def test_nothing_was_asked() -> None:
    assert owner(Symptom("certificate", UNREACHED), None) == ""


@given(
    st.sampled_from(SUBJECTS), st.sampled_from(KINDS), st.sampled_from(SERVERS), st.booleans(),
    st.sets(st.sampled_from((*COMPONENTS, "portal"))), st.frozensets(st.sampled_from(OWNERS)), st.booleans(),
)  # fmt: skip
def test_an_unscheduled_service_is_never_the_owner(
    subject: str, kind: str, server: str, login: bool, unhealthy: set[str], owners: frozenset[str], others: bool
) -> None:
    snapshot = Snapshot(health(*unhealthy), Failure(ANSWER, "x") if others else None)
    found = isolation.cause(Symptom(subject, kind, server, login), snapshot, owners)
    assert found is None or (found.owner in owners and found.owner != subject)
    if found and found.owner in COMPONENTS:
        assert found.owner in unhealthy
        assert found.because == f"Harbor says {found.owner} is unhealthy"


@pytest.mark.parametrize(
    ("path", "login", "server"),
    [
        ("/api/v2.0/health", False, "health"),
        ("/api/v2.0/ping", True, "health"),
        ("/api/v2.0/systeminfo", True, "core"),
        ("/service/token", True, "core"),
        ("/c/login", False, "core"),
        ("/v2/", False, "core"),
        ("/v2/", True, "registry"),
        ("/v2/p/r/blobs/uploads/", True, "registry"),
        ("/", False, "portal"),
        ("/main.js", False, "portal"),
    ],
)
def test_who_serves_a_request(path: str, login: bool, server: str) -> None:
    assert components.served_by(path, login) == server


@pytest.mark.parametrize(
    ("failed", "status", "kind"),
    [
        (RESOLVE, 0, UNREACHED), (CONNECT, 0, UNREACHED), (TLS, 0, UNREACHED), (ROUTE, 200, UNREACHED),
        (CERTIFICATE, 0, CERTIFICATE.id), (STATUS, 502, BAD_GATEWAY), (STATUS, 503, ERROR), (STATUS, 404, UNJUDGED),
        (LOGIN_REFUSED, 401, REFUSED), (LOGIN_REFUSED, 200, REFUSED), (STATUS, 401, UNJUDGED),
        (PERMISSION_MISSING, 403, UNJUDGED), (CONTENT, 200, UNJUDGED),
    ],
)  # fmt: skip
def test_the_symptom_of_a_failure(failed: Kind, status: int, kind: str) -> None:
    """A refused login is one that Harbor calls so: a 401 can also be that of a token, which was granted."""
    failure = Failure(failed, "x", status=status, path="/v2/", login=True, step="login")
    assert Symptom.of_failure("pull", failure) == Symptom("pull", kind, "registry", True, "login")


@pytest.mark.parametrize("stage", STAGES, ids=repr)
def test_whatever_hangs_is_a_hang(stage: Kind) -> None:
    assert Symptom.of_failure("v2", Failure(stage, "x", hung=True)).kind == HANG


@pytest.mark.parametrize("name", OWNERS)
def test_where_to_look(name: str) -> None:
    service = f"harbor-component-{name}" if name in COMPONENTS else f"harbor-{name}"
    assert isolation.caused_by(name, "because") == (name, "because", service)
