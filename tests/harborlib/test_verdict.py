"""The verdict on rows of every kind: which are causes, what follows, in which order, in which words."""

from __future__ import annotations

import argparse

from harborlib.judge.isolation import Cause
from harborlib.judge.judgement import Judged
from harborlib.judge.verdict import SENTENCE, Row, Verdict, seen_from_here
from harborlib.wire.failure import ANSWER, CONNECT, RESOLVE, STATUS, Failure
from harborlib.wire.origin import Origin

import pytest
from nagiosplugin import Critical, Ok, Unknown, Warn

DATABASE = Cause("database", "Harbor says database is unhealthy")
HEALTH = Cause("health", "core has just started")


class Ran:
    """An attempt that is over: its results and what it would report."""

    def __init__(self, *results: Judged, failure: Failure | None = None) -> None:
        self.results = results
        self.failure = failure
        self.state = max((result.state for result in results), key=(Ok, Warn, Unknown, Critical).index)

    def report(self) -> argparse.Namespace:
        return argparse.Namespace(summary="; ".join(map(str, self.results)), next_step="do something")


def row(name: str, state=Ok, text: str = "text", cause: Cause | None = None, failure: Failure | None = None) -> Row:  # type: ignore[no-untyped-def]
    return Row(name, state, text, "do something", cause, failure)


def follows(name: str, cause: Cause) -> Row:
    return row(name, Unknown, cause=cause)


def test_own_problem_of_a_probe_is_not_hidden_by_what_follows_from_another() -> None:
    mixed = Ran(Judged(Warn, "slow", None, "hurry"), Judged(Critical, "refused").owned_by(DATABASE), Judged(Ok, "fine"))
    assert Row.of("v2", mixed) == Row("v2", Warn, "slow", "hurry")


def test_row_of_what_follows() -> None:
    found = Row.of("v2", Ran(Judged(Critical, "refused").owned_by(DATABASE), Judged(Ok, "fine")))
    assert (found.state, found.cause, found.guilty) == (Unknown, DATABASE, False)


def test_row_of_a_problem_and_of_none() -> None:
    assert Row.of("gc", Ran(Judged(Warn, "failed"))) == Row("gc", Warn, "failed", "do something")
    assert not Row.of("gc", Ran(Judged(Ok, "fine"))).guilty


def test_order() -> None:
    """The worst cause first, of these the one that explains most; what follows; what is well, owners first."""
    rows = [row("zoo"), row("portal", Critical), row("gc", Warn), row("database", Critical), row("health")]
    verdict = Verdict([*rows, follows("quota", DATABASE), follows("api", DATABASE)])
    names = [row.name for row in verdict.ordered()]
    assert names == ["database", "portal", "gc", "api", "quota", "health", "zoo"]


def test_second_causes_are_told() -> None:
    rows = [row("database", Critical), row("trivy", Critical), row("gc", Warn), row("quota", Unknown), row("portal")]
    assert Verdict(rows).sentence() == (
        "PostgreSQL is down: logins, the API and pulls of private images fail; Trivy is down: vulnerability scans "
        "fail; the web UI's page still comes; also: quota, gc"
    )


def test_chain_of_causes_has_one_root() -> None:
    login, api = Cause("login", "the credentials are not taken"), Cause("api", "the credentials are not taken")
    verdict = Verdict([row("api", Critical), follows("login", api), follows("pull", login)])
    assert verdict.follows == {"api": ["login", "pull"]}
    assert verdict.explained() == ["follows from api: login, pull"]


def test_circle_of_causes_ends() -> None:
    api, login = Cause("api", "a"), Cause("login", "b")
    assert Verdict([follows("login", api), follows("api", login)]).sentence() == "b; a"


def test_what_follows_is_no_worse_than_its_cause() -> None:
    read_only = Cause("api", "that holds for everybody")
    states = {row.name: row.state for row in Verdict([row("api", Warn), follows("push", read_only)]).ordered()}
    assert states == {"api": Warn, "push": Warn}
    states = {row.name: row.state for row in Verdict([row("api", Critical), follows("push", read_only)]).ordered()}
    assert states["push"] == Unknown


def test_cause_that_is_nobodys_problem() -> None:
    verdict = Verdict([row("health"), follows("redis", HEALTH), follows("trivy", HEALTH)])
    assert verdict.sentence() == "core has just started"
    assert [row.next_step for row in verdict.ordered()][:2] == ["run this again in half a minute"] * 2


def test_cause_that_did_not_run() -> None:
    verdict = Verdict([follows("pull", Cause("login", "the credentials are not taken"))])
    assert verdict.explained() == ["follows from login: pull"]
    assert verdict.sentence() == "the credentials are not taken"


@pytest.mark.parametrize(
    ("well", "told"),
    [
        (("pull", "push", "api"), "pulls and pushes work"),
        (("pull", "registry"), "pulls work"),
        (("push",), "pushes work"),
        (("api", "v2", "registry"), "the API works, and the registry answers"),
        (("api",), "the API works"),
        (("registry", "portal"), "the registry itself answers"),
        (("portal", "gc"), "the web UI's page still comes"),
        (("gc",), ""),
    ],
)
def test_what_still_works(well: tuple[str, ...], told: str) -> None:
    sentence = Verdict([row("trivy", Critical), *map(row, well)]).sentence()
    assert sentence == "; ".join(filter(None, ["Trivy is down: vulnerability scans fail", told]))


def test_nothing_is_said_to_work_that_was_never_reached() -> None:
    """--unreachable ok makes them OK."""
    rows = [row("trivy", Critical), row("portal", failure=Failure(CONNECT, "refused"))]
    assert Verdict(rows).sentence() == "Trivy is down: vulnerability scans fail"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Failure(STATUS, "502", status=502), "502; images cannot be pulled"),
        (Failure(ANSWER, "hangs", hung=True), "hangs; images cannot be pulled"),
        (Failure(CONNECT, "refused"), "refused"),
    ],
)
def test_what_users_lose(failure: Failure, told: str) -> None:
    assert row("pull", Critical, failure.detail, failure=failure).told() == told


def test_refused_login_is_the_trouble_of_who_has_it() -> None:
    failure = Failure(STATUS, "login refused", status=401)
    failure.login = True
    assert row("pull", Critical, "login refused", failure=failure).told() == "pull: login refused"


def test_database_is_looked_at_where_only_logins_hang() -> None:
    hang = Failure(ANSWER, "hangs", hung=True)
    (first,) = Verdict([row("api", Critical, failure=hang)]).ordered()
    assert first.next_step.startswith("look for locks ")
    (first,) = Verdict([row("api", Warn)]).ordered()
    assert first.next_step == "do something"


def test_endless_text_is_cut() -> None:
    assert len(row("gc", Critical, "x" * 5000).told()) == SENTENCE + len("gc: ")


def test_certificate_that_clients_refuse() -> None:
    expired = row("certificate", Critical, "expired")
    assert Verdict([expired], untrusted=True).sentence() == "clients refuse Harbor: expired"
    assert Verdict([expired]).sentence() == "certificate: expired"


@pytest.mark.parametrize(
    ("settings", "rows", "skew", "told"),
    [
        ({}, [row("health")], 59, []),
        ({}, [row("health", Critical, failure=Failure(STATUS, "502", status=502))], 0, []),
        ({}, [row("health", Critical, failure=Failure(RESOLVE, "x"))], 0,
         ["other hosts may have name servers that know it"]),
        ({}, [row("health", Critical, failure=Failure(CONNECT, "x"))], 0,
         ["a firewall or a route of its own may be in the way here and nowhere else: try from another host"]),
        ({"proxy": Origin("http", "proxy", 3128)}, [row("health", Critical, failure=Failure(CONNECT, "x"))], 0,
         ["the proxy proxy:3128 may be in the way here and nowhere else: try from another host"]),
        ({}, [row("certificate", Critical, "CA is self-signed and not trusted here")], 0,
         ["the system's CAs are trusted, clients may have others: compare --ca-file"]),
        ({"ca_file": "ca.pem"}, [row("certificate", Critical, "CA is neither served nor trusted here")], 0,
         ["the CAs in ca.pem are trusted, clients may have others: compare --ca-file"]),
        ({}, [row("certificate", Critical, "expired")], 86400 * 2,
         ["this host's clock is 2 d behind Harbor's; certificates are judged by ours"]),
        ({}, [row("health")], -120, ["this host's clock is 2 min ahead of Harbor's; certificates are judged by ours"]),
    ],
)  # fmt: skip
def test_seen_from_here(settings: dict, rows: list[Row], skew: float, told: list[str]) -> None:
    args = argparse.Namespace(**{"proxy": None, "ca_file": None, **settings})
    assert seen_from_here(args, Verdict(rows), skew) == [f"as seen from here: {text}" for text in told]
