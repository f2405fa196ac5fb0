"""One run and its client: who is logged in where, what is noted, which invalid certificate is ignored."""

from __future__ import annotations

from collections.abc import Callable

from harborlib.harbor.client import Client
from harborlib.harbor.health import HEALTH
from harborlib.harbor.run import IGNORED_CERTIFICATE, Run
from harborlib.run.options import parse_arguments, parser
from harborlib.wire.credentials import Credentials
from harborlib.wire.failure import CERTIFICATE, Failure

import pytest

from harbor_simulator import MONITOR, Simulator

PING = "/api/v2.0/ping"
Begin = Callable[..., Run]


@pytest.fixture
def begin(harbor: Simulator, authfile: str) -> Begin:
    """A run as a probe gets it, by the arguments of a command line."""

    def made(*further: str) -> Run:
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        args = parse_arguments(parser("any", "Is it?"), [*common, *further])
        return Run(Client(args, args.login), args)

    return made


def test_a_login_only_where_it_is_asked_for(harbor: Simulator, begin: Begin) -> None:
    run = begin()
    assert not run.asked
    run.ask(PING)
    run.ask(PING, login=True)
    assert [request.authorization for request in harbor.requests] == [None, "Basic"]
    assert run.asked


def test_another_account_over_the_same_connections(harbor: Simulator, begin: Begin) -> None:
    run = begin()
    run.ask(PING)
    other = Run(run.client.with_account(Credentials("robot$canary", "secret")), run.args)
    harbor.certificate = "expired"  # for new connections
    other.ask(PING, login=True)
    assert run.client.account
    assert run.client.account.username == MONITOR
    assert harbor.requests[-1].headers["Authorization"] == Credentials("robot$canary", "secret").header
    with pytest.raises(Failure):
        begin().ask(PING)


def test_the_slowest_answer_is_kept(harbor: Simulator, begin: Begin) -> None:
    harbor.delay("/v2/", 1)
    run = begin()
    for path in (PING, "/v2/", HEALTH):
        run.ask(path)
    assert run.slowest
    assert run.slowest.path == "/v2/"


@pytest.mark.parametrize(
    ("arguments", "login", "looks"),
    [
        ((), False, False),
        (("--isolate", "health"), False, False),
        (("--isolate",), True, False),
        (("--isolate",), False, True),
    ],
)
def test_looking_past_a_certificate(
    harbor: Simulator, begin: Begin, arguments: tuple[str, ...], login: bool, looks: bool
) -> None:
    """Only where its probe is scheduled, and never with a login."""
    harbor.certificate = "expired"
    run = begin(*arguments)
    if looks:
        assert run.ask(HEALTH, login=login).status == 200
        assert run.notes == [IGNORED_CERTIFICATE]
    else:
        with pytest.raises(Failure) as failure:
            run.ask(PING, login=login)
        assert failure.value.stage is CERTIFICATE
        assert harbor.requests == []


def test_insecure_is_noted(harbor: Simulator, begin: Begin) -> None:
    harbor.certificate = "self-signed"
    run = begin("--insecure")
    assert run.ask(HEALTH, login=True).status == 200
    assert run.notes == ["certificate not verified (--insecure)"]


def test_a_remark_is_made_once(begin: Begin) -> None:
    run = begin()
    for remark in ("one", "two", "one"):
        run.note(remark)
    assert run.notes == ["one", "two"]


def test_a_part_ends_with_the_whole(begin: Begin) -> None:
    whole = begin()
    part = Run(whole.client, whole.args, whole)
    assert not part.over
    whole.end()
    assert part.over
    assert not Run(whole.client, whole.args).over


def test_time_of_the_api_is_known_where_it_was_read(begin: Begin) -> None:
    run = begin()
    run.ask(PING)
    assert run.elapsed is None
    run.rest.systeminfo()
    assert run.elapsed
    assert run.rest is run.rest
