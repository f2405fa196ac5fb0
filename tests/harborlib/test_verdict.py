"""The verdict on rows of every kind: which are causes, what follows, in which order, in which words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.judge.isolation import blaming
from harborlib.judge.verdict import SENTENCE, UNTRUSTED, Row, Verdict, seen_from_here
from harborlib.text import CRITICAL, OK, UNKNOWN, WARNING, Summary
from harborlib.text.finding import Cause, Finding
from harborlib.text.report import Report
from harborlib.wire.failure import ANSWER, CONNECT, RESOLVE, STATUS, Failure
from harborlib.wire.origin import Origin

import pytest

DATABASE = blaming("database", "Harbor says database is unhealthy")
HEALTH = blaming("health", "core has just started")
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
    assert found.guilty


def test_row_of_what_follows() -> None:
    found = Row.of("v2", ran(REFUSED, FINE))
    assert (found.finding.state, found.finding.cause, found.guilty) == (UNKNOWN, DATABASE, False)
    assert (found.finding.text, found.finding.follows) == ("refused", True)


def test_row_of_a_problem_and_of_none() -> None:
    failed = Finding("gc.failed", WARNING, "failed", next_step="do something")
    assert Row.of("gc", ran(failed)).finding == failed._replace(subject="gc")
    well = Row.of("gc", ran(FINE))
    assert (well.finding, well.guilty, well.ids) == (Finding("", OK, "fine", "gc"), False, frozenset())


def test_row_of_one_among_many() -> None:
    found = Row.of("quota", ran(Finding("quota.nearly-used-up", WARNING, "99% used", "library", "warning at 90%")))
    assert (found.name, found.finding.text) == ("quota", "library: 99% used (warning at 90%)")


def test_what_can_be_left_out_is_not_in_the_text_of_a_row() -> None:
    failure = Failure(STATUS, "500 for /v2/", aside="X-Request-Id 7f", status=500)
    found = Row.of("v2", ran(Finding("harbor.error-status", CRITICAL, "500 for /v2/", aside=failure.aside)), failure)
    assert (found.finding.text, found.finding.aside) == ("500 for /v2/", "X-Request-Id 7f")
    assert found.told()[0].sentence() == "500 for /v2/ (X-Request-Id 7f)"
    assert found.told()[0].sentence(aside=False) == "500 for /v2/"


def test_order() -> None:
    """The worst cause first, of these the one that explains most; what follows; what is well, owners first."""
    rows = [row("zoo"), row("portal", CRITICAL), row("gc", WARNING), row("database", CRITICAL), row("health")]
    verdict = Verdict([*rows, follows("quota", DATABASE), follows("api", DATABASE)])
    names = [row.name for row in verdict.ordered()]
    assert names == ["database", "portal", "gc", "api", "quota", "health", "zoo"]


def test_second_causes_are_told() -> None:
    rows = [row("database", CRITICAL), row("trivy", CRITICAL), row("gc", WARNING), row("quota", UNKNOWN), row("portal")]
    assert words(Verdict(rows).sentence()) == (
        "PostgreSQL is down: logins, the API, pushes and pulls (of public images too) fail, Trivy is down: "
        "vulnerability scans fail, the static web UI still loads, also: quota, gc"
    )


def test_chain_of_causes_has_one_root() -> None:
    login, api = (blaming(owner, "the credentials are refused") for owner in ("login", "api"))
    verdict = Verdict([row("api", CRITICAL), follows("login", api), follows("pull", login)])
    assert verdict.follows == {"api": ["login", "pull"]}
    assert verdict.explained() == ["follows from api: login, pull"]


def test_circle_of_causes_ends() -> None:
    api, login = blaming("api", "a"), blaming("login", "b")
    assert words(Verdict([follows("login", api), follows("api", login)]).sentence()) == "b, a"


def test_what_follows_is_no_worse_than_its_cause() -> None:
    read_only = blaming("api", "this affects all clients")

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
    verdict = Verdict([follows("pull", blaming("login", "the credentials are refused"))])
    assert verdict.explained() == ["follows from login: pull"]
    assert words(verdict.sentence()) == "the credentials are refused"


@pytest.mark.parametrize(
    ("well", "told"),
    [
        (("pull", "push", "api"), "pulls and pushes work"),
        (("pull", "registry"), "pulls work"),
        (("push",), "pushes work"),
        (("api", "v2", "registry"), "the API works, and the registry answers"),
        (("api",), "the API works"),
        (("registry", "portal"), "the registry itself answers"),
        (("portal", "gc"), "the static web UI still loads"),
        (("gc",), ""),
    ],
)
def test_what_still_works(well: tuple[str, ...], told: str) -> None:
    sentence = words(Verdict([row("trivy", CRITICAL), *map(row, well)]).sentence())
    assert sentence == ", ".join(filter(None, ["Trivy is down: vulnerability scans fail", told]))


def test_nothing_is_said_to_work_that_was_never_reached() -> None:
    """--unreachable ok makes them OK."""
    rows = [row("trivy", CRITICAL), row("portal", failure=Failure(CONNECT, "refused"))]
    assert words(Verdict(rows).sentence()) == "Trivy is down: vulnerability scans fail"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Failure(STATUS, "502", status=502), "502, images cannot be pulled"),
        (Failure(ANSWER, "hangs", hung=True), "hangs, images cannot be pulled"),
        (Failure(CONNECT, "refused"), "refused"),
    ],
)
def test_what_users_lose(failure: Failure, told: str) -> None:
    assert words(row("pull", CRITICAL, failure.detail, failure).told()) == told


def test_refused_login_is_the_trouble_of_who_has_it() -> None:
    failure = Failure(LOGIN_REFUSED, "login refused", status=401, login=True)
    assert words(row("pull", CRITICAL, "login refused", failure).told()) == "pull: login refused"


def test_endless_text_is_cut() -> None:
    assert len(words(row("gc", CRITICAL, "x" * 5000).told())) == SENTENCE + len("gc: ")


def test_certificate_that_clients_refuse() -> None:
    expired = row("certificate", CRITICAL, "expired")
    assert words(Verdict([expired], untrusted=True).sentence()) == "clients refuse the certificate: expired"
    assert words(Verdict([expired]).sentence()) == "certificate: expired"


@pytest.mark.parametrize(
    ("settings", "rows", "skew", "told"),
    [
        ({}, [row("health")], 59, []),
        ({}, [row("health", CRITICAL, failure=Failure(STATUS, "502", status=502))], 0, []),
        ({}, [row("health", CRITICAL, failure=Failure(RESOLVE, "x"))], 0,
         ["other hosts may have name servers that know it"]),
        ({}, [row("health", CRITICAL, failure=Failure(CONNECT, "x"))], 0,
         ["a firewall or a route of its own may be in the way here and nowhere else: try from another host"]),
        ({"proxy": Origin("http", "proxy", 3128)}, [row("health", CRITICAL, failure=Failure(CONNECT, "x"))], 0,
         ["the proxy proxy:3128 may be in the way here and nowhere else: try from another host"]),
        ({}, [row("certificate", CRITICAL, "CA is self-signed and not trusted here", None, UNTRUSTED)], 0,
         ["the system's CAs are trusted, clients may have others: compare --ca-file"]),
        ({"ca_file": "ca.pem"}, [row("certificate", CRITICAL, "CA is neither served nor trusted here", None,
                                     UNTRUSTED)], 0,
         ["the CAs in ca.pem are trusted, clients may have others: compare --ca-file"]),
        ({}, [row("certificate", CRITICAL, "expired", None, "certificate.expired")], 86400 * 2,
         ["this host's clock is 2 d behind Harbor's, certificates are judged by this host's"]),
        ({}, [row("health")], -120,
         ["this host's clock is 2 min ahead of Harbor's, certificates are judged by this host's"]),
    ],
)  # fmt: skip
def test_seen_from_here(settings: dict[str, str], rows: list[Row], skew: float, told: list[str]) -> None:
    args = argparse.Namespace(**{"proxy": None, "ca_file": None, **settings})
    assert seen_from_here(args, Verdict(rows), skew) == [f"as seen from here: {text}" for text in told]
