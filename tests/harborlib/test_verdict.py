"""The verdict on rows of every kind: which are causes, what follows, in which order, in which words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.judge.isolation import caused_by
from harborlib.judge.verdict import SENTENCE, UNTRUSTED, Row, Verdict, seen_from_here
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary
from harborlib.text.finding import Cause, Finding
from harborlib.text.report import Report
from harborlib.wire.failure import ANSWER, CONNECT, RESOLVE, STATUS, Failure
from harborlib.wire.origin import Origin

import pytest

DATABASE = caused_by("database", "Harbor says database is unhealthy")
HEALTH = caused_by("health", "core has just started")
REFUSED = Finding("v2.refused", CRITICAL, "refused").owned_by(DATABASE)
SLOW = Finding("v2.slow", WARNING, "slow", next_step="hurry")
FINE = Finding("", OK, "fine")


def ran(*findings: Finding) -> Report:
    """A run that is over, as it would be reported."""
    return Report("v2", findings, Summary("fine"))


def row(name: str, state: str = OK, text: str = "text", failure: Failure | None = None, *ids: str) -> Row:
    return Row(Finding("", state, text, name, next_step="do something"), failure, frozenset(ids))


def follows(name: str, cause: Cause) -> Row:
    return Row(Finding("", CRITICAL, "text", name).owned_by(cause))


def words(told: Sequence[Finding]) -> str:
    return ", ".join(map(str, told))


def test_own_problem_of_a_probe_is_not_hidden_by_what_follows_from_another() -> None:
    found = Row.of("v2", ran(SLOW, REFUSED, FINE))
    assert found.finding == Finding("v2.slow", WARNING, "slow", "v2", next_step="hurry")
    assert found.ids == {"v2.slow", "v2.refused"}
    assert found.is_cause


def test_row_of_what_follows() -> None:
    found = Row.of("v2", ran(REFUSED, FINE))
    assert (found.finding.state, found.finding.cause, found.is_cause) == (UNKNOWN, DATABASE, False)
    assert (found.finding.text, found.finding.follows) == ("refused", True)


def test_row_of_a_problem_and_of_none() -> None:
    failed = Finding("gc.failed", WARNING, "failed", next_step="do something")
    assert Row.of("gc", ran(failed)).finding == failed._replace(subject="gc")
    well = Row.of("gc", ran(FINE))
    assert (well.finding, well.is_cause, well.ids) == (Finding("", OK, "fine", "gc"), False, frozenset())


def test_row_of_one_among_many() -> None:
    found = Row.of("quota", ran(Finding("quota.nearly-used-up", WARNING, "99% used", "library", "warning at 90%")))
    assert (found.name, found.finding.text) == ("quota", "library: 99% used (warning at 90%)")


def test_what_can_be_left_out_is_not_in_the_text_of_a_row() -> None:
    failure = Failure(STATUS, "500 for /v2/", aside="X-Request-Id 7f", status=500)
    found = Row.of("v2", ran(Finding("harbor.error-status", CRITICAL, "500 for /v2/", aside=failure.aside)), failure)
    assert (found.finding.text, found.finding.aside) == ("500 for /v2/", "X-Request-Id 7f")
    assert found.sentence().endswith(": 500 for /v2/")


def test_order() -> None:
    """The worst cause first, of these the one that explains most; what follows; what is well, owners first."""
    rows = [row("zoo"), row("portal", CRITICAL), row("gc", WARNING), row("database", CRITICAL), row("health")]
    verdict = Verdict([*rows, follows("quota", DATABASE), follows("api", DATABASE)])
    names = [row.name for row in verdict.ordered()]
    assert names == ["database", "portal", "gc", "api", "quota", "health", "zoo"]


def test_further_causes_are_named() -> None:
    """The first line is one sentence: each cause has its own block below."""
    rows = [row("database", CRITICAL), row("trivy", CRITICAL), row("gc", WARNING), row("quota", UNKNOWN), row("portal")]
    verdict = Verdict(rows)
    assert words(verdict.sentence()) == (
        "nobody can log in, pull or push images: Harbor's database (PostgreSQL) is down, also: trivy is down, quota, gc"
    )
    assert verdict.explained() == ["still works: the static web UI"]


def test_chain_of_causes_has_one_root() -> None:
    login, api = (caused_by(owner, "the credentials are refused") for owner in ("login", "api"))
    verdict = Verdict([row("api", CRITICAL), follows("login", api), follows("pull", login)])
    assert verdict.follows == {"api": ["login", "pull"]}
    assert verdict.explained() == ["follows from api: login, pull"]
    assert words(verdict.sentence()) == "clients cannot log in: text"


def test_circle_of_causes_ends() -> None:
    api, login = caused_by("api", "a"), caused_by("login", "b")
    assert words(Verdict([follows("login", api), follows("api", login)]).sentence()) == "b, a"


def test_what_follows_is_no_worse_than_its_cause() -> None:
    read_only = caused_by("api", "this affects all clients")

    def states(cause: str) -> dict[str, str]:
        rows = Verdict([row("api", cause), follows("push", read_only)]).ordered()
        return {row.name: row.finding.state for row in rows}

    assert states(WARNING) == {"api": WARNING, "push": WARNING}
    assert states(CRITICAL)["push"] == UNKNOWN


def test_cause_that_is_nobodys_problem() -> None:
    verdict = Verdict([row("health"), follows("redis", HEALTH), follows("trivy", HEALTH)])
    assert words(verdict.sentence()) == "core has just started"
    assert [row.finding.next_step for row in verdict.ordered()][:2] == ["run this again in half a minute"] * 2


def test_cause_that_did_not_run() -> None:
    verdict = Verdict([follows("pull", caused_by("login", "the credentials are refused"))])
    assert verdict.explained() == ["follows from login: pull"]
    assert words(verdict.sentence()) == "the credentials are refused"


@pytest.mark.parametrize(
    ("well", "notes"),
    [
        (("pull", "push", "api"), ["still works: pull and push"]),
        (("pull", "registry"), ["still works: pull"]),
        (("push",), ["still works: push"]),
        (("api", "v2", "registry"), ["still works: the API, the registry"]),
        (("api",), ["still works: the API"]),
        (("registry", "portal"), ["still works: the registry component"]),
        (("portal", "gc"), ["still works: the static web UI"]),
        (("gc",), []),
    ],
)
def test_what_still_works(well: tuple[str, ...], notes: list[str]) -> None:
    assert Verdict([row("trivy", CRITICAL), *map(row, well)]).explained() == notes
    assert Verdict([row("trivy", WARNING), *map(row, well)]).explained() == []


def test_nothing_is_said_to_work_that_was_never_reached() -> None:
    """--unreachable ok makes them OK."""
    rows = [row("trivy", CRITICAL), row("portal", failure=Failure(CONNECT, "refused"))]
    assert Verdict(rows).explained() == []


@pytest.mark.parametrize(
    ("name", "failure", "said"),
    [
        ("pull", Failure(STATUS, "502", status=502), "at least one image cannot be pulled: 502"),
        ("push", Failure(ANSWER, "hangs", hung=True), "nobody can push images: hangs"),
        ("health", Failure(CONNECT, "refused"), "Harbor cannot be reached from here: refused"),
        ("pull", Failure(CONNECT, "refused"), "refused"),
    ],
)
def test_what_users_lose(name: str, failure: Failure, said: str) -> None:
    assert row(name, CRITICAL, failure.detail, failure).sentence() == said


def test_what_users_lose_is_what_was_seen() -> None:
    """A cause without a loss of its own has that of a probe that follows; a finding can say more than its probe."""
    full = caused_by("storage", "the data volume is full")
    assert words(Verdict([row("storage", CRITICAL)]).sentence()) == "storage: text"
    assert (
        words(Verdict([row("storage", CRITICAL), follows("push", full)]).sentence()) == "nobody can push images: text"
    )
    quota = Row(Finding("push.quota-exceeded", CRITICAL, "quota exceeded", "push"))
    assert quota.sentence() == "nobody can push to the canary project: quota exceeded"


@pytest.mark.parametrize(("name", "whose"), [("api", "monitoring"), ("login", "canary"), ("pull", "canary")])
def test_refused_login_is_the_trouble_of_one_account(name: str, whose: str) -> None:
    failure = Failure(LOGIN_REFUSED, "login refused", status=401, login=True)
    assert (
        row(name, CRITICAL, "login refused", failure).sentence() == f"the {whose} account cannot log in: login refused"
    )


def test_endless_text_is_cut() -> None:
    assert len(row("gc", CRITICAL, "x" * 5000).sentence()) == SENTENCE + len("gc: ")


def test_certificate_that_clients_refuse() -> None:
    expired = row("certificate", CRITICAL, "expired")
    assert words(Verdict([expired], untrusted=True).sentence()) == "clients refuse to connect: expired"
    assert words(Verdict([expired]).sentence()) == "certificate: expired"


@pytest.mark.parametrize(
    ("settings", "rows", "skew", "told"),
    [
        ({}, [row("health")], 59, []),
        ({}, [row("health", CRITICAL, failure=Failure(STATUS, "502", status=502))], 0, []),
        ({}, [row("health", CRITICAL, failure=Failure(RESOLVE, "x"))], 0,
         ["other hosts may resolve this name"]),
        ({}, [row("health", CRITICAL, failure=Failure(CONNECT, "x"))], 0,
         ["its firewall or route may be the cause, try another host"]),
        ({"proxy": Origin("http", "proxy", 3128)}, [row("health", CRITICAL, failure=Failure(CONNECT, "x"))], 0,
         ["the proxy proxy:3128 may be the cause, try another host"]),
        ({}, [row("certificate", CRITICAL, "CA is self-signed and not trusted here", None, UNTRUSTED)], 0,
         ["it trusts the system's CAs, clients may trust others"]),
        ({"ca_file": "ca.pem"}, [row("certificate", CRITICAL, "CA is neither served nor trusted here", None,
                                     UNTRUSTED)], 0,
         ["it trusts the CAs in ca.pem, clients may trust others"]),
        ({}, [row("certificate", CRITICAL, "expired", None, "certificate.expired")], 86400 * 2,
         ["its clock is 2 d behind Harbor's, and certificates are judged by it"]),
        ({}, [row("health")], -120,
         ["its clock is 2 min ahead of Harbor's, and certificates are judged by it"]),
    ],
)  # fmt: skip
def test_seen_from_here(settings: dict[str, str], rows: list[Row], skew: float, told: list[str]) -> None:
    args = argparse.Namespace(**{"proxy": None, "ca_file": None, **settings})
    assert seen_from_here(args, Verdict(rows), skew) == [f"seen from this host only: {text}" for text in told]
