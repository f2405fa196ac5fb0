"""check_harbor_signin against the simulator: each way in which people log in, and what is wrong with it."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from contract.adversary import head_of
from harbor_simulator import Account, Simulator, tls
from harbor_simulator.certificates import ca_file
from harbor_simulator.messages import Request, Response
from support import runner
from support.listeners import listening
from support.screens import DATABASE, screen

PERSON, PASSWORD = "svc-monitoring", "the-right-Passw0rd"
LDAP = (
    "Next: test Harbor's LDAP settings: Administration > Configuration > Test LDAP Server; then look at the directory "
    "itself"
)
LOG = (
    "Next: search core's log for oidc: docker logs --tail 50 harbor-core (or kubectl -n NAMESPACE logs --tail 50 "
    "deploy/RELEASE-core)"
)
NOTHING_SHOWS = "users log in with Harbor's own database, not tested without a user account"
Check = Callable[..., list[str]]


@pytest.fixture
def people() -> Iterator[Simulator]:
    with Simulator(users={PERSON: Account(PASSWORD), "robot$x": Account(PASSWORD)}) as simulator:
        yield simulator


@pytest.fixture
def signin(people: Simulator, tmp_path: Path) -> Check:
    """Run the probe with these switches; `username` writes an authfile."""

    def run(*options: str, switches: tuple[str, ...] = (), username: str = "", password: str = PASSWORD) -> list[str]:
        people.switch(*switches)
        authfile = tmp_path / "authfile"
        authfile.touch(0o600)
        authfile.write_text(f"username={username}\npassword={password}\n")
        login = ["--authfile", str(authfile)] if username else []
        outcome = runner.here("check_harbor_signin", "-H", people.url, "--ca-file", people.ca_file, *login, *options)
        assert PASSWORD not in outcome.out
        return screen(outcome, people)

    return run


def logins(harbor: Simulator) -> list[str]:
    """The paths that were requested with credentials."""
    return [request.path for request in harbor.requests if request.authorization]


@pytest.mark.parametrize(
    ("switches", "username", "text"),
    [
        ((), "", NOTHING_SHOWS),
        ((), "robot$x", NOTHING_SHOWS),
        ((), PERSON, f"{PERSON} can log in by Harbor's own database"),
        (("ldap",), "", "the LDAP directory answers: it knows no check-harbor-nobody"),
        (("ldap",), PERSON, f"{PERSON} can log in by the LDAP directory"),
    ],
)
def test_people_can_log_in(
    signin: Check, people: Simulator, switches: tuple[str, ...], username: str, text: str
) -> None:
    found = signin(switches=switches, username=username)
    assert found == [f"HARBOR SIGNIN OK - {text} | time=Ts;3;10;0", "exit code 0"]
    assert len(logins(people)) == (0 if text == NOTHING_SHOWS else 1)


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize(
    ("switch", "text", "seconds"),
    [
        ("ldap-down", "the LDAP directory cannot be searched: Harbor refuses a login after N ms", "15"),
        ("ldap-frozen", "the LDAP directory hangs: no answer to a login for N s", "3"),
    ],
)
@pytest.mark.parametrize("username", ["", PERSON])
def test_directory_that_fails_is_tried_once(
    signin: Check, people: Simulator, switch: str, text: str, seconds: str, username: str, isolate: tuple[str, ...]
) -> None:
    first, *rest = signin("-t", seconds, *isolate, switches=(switch,), username=username)
    assert (number_free(first), rest) == (f"HARBOR SIGNIN CRITICAL - {text}", [LDAP, "exit code 2"])
    assert logins(people) == ["/api/v2.0/users/current"]


def test_directory_whose_packets_are_dropped(signin: Check) -> None:
    first = signin(switches=("ldap-silent",))[0]
    text = "the LDAP directory does not answer Harbor in time: a login is refused after N s"
    assert number_free(first) == f"HARBOR SIGNIN CRITICAL - {text}"


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize(("switches", "who"), [((), "Harbor"), (("ldap",), "the LDAP directory works, but")])
def test_wrong_password_is_not_the_directory(
    signin: Check, people: Simulator, switches: tuple[str, ...], who: str, isolate: tuple[str, ...]
) -> None:
    found = signin(*isolate, switches=switches, username=PERSON, password="a-wrong-one")
    assert found == [
        f"HARBOR SIGNIN CRITICAL - {who} refuses {PERSON}: wrong password, or no such user",
        "Next: check username= and password= in the authfile, and whether the directory has locked the account or "
        "Harbor's LDAP filter excludes it",
        "exit code 2",
    ]
    assert logins(people) == ["/api/v2.0/users/current"]


class Forgetful:
    """A healthy Harbor with LDAP that closes the connection instead of answering a login."""

    ANSWERS: ClassVar = {
        "/api/v2.0/systeminfo": b'{"auth_mode":"ldap_auth"}',
        "/api/v2.0/health": b'{"status":"healthy","components":[{"name":"core","status":"healthy"}]}',
    }

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, sock: socket.socket) -> None:
        with tls.context("good", "localhost", "").wrap_socket(sock, server_side=True) as stream:
            while True:
                path = head_of(stream).split(b" ")[1].decode()
                self.asked.append(path)
                if path not in self.ANSWERS:
                    return
                head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                stream.sendall(f"{head}{len(self.ANSWERS[path])}\r\n\r\n".encode() + self.ANSWERS[path])


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_login_without_an_answer_is_not_sent_again(isolate: tuple[str, ...]) -> None:
    harbor = Forgetful()
    with listening(harbor) as port:
        outcome = runner.here(
            "check_harbor_signin", "-H", f"https://localhost:{port}", "--ca-file", ca_file(), *isolate
        )
    assert harbor.asked.count("/api/v2.0/users/current") == 1
    line = f"HARBOR SIGNIN CRITICAL - no answer from localhost:{port}: connection closed early"
    assert (outcome.first, outcome.code) == (line, 2)


def test_robot_account_says_nothing_about_people(signin: Check, people: Simulator) -> None:
    line = "--authfile holds a robot account: give a user of the directory, made for this"
    first, *_, code = signin(switches=("ldap",), username="robot$x")
    assert (line in first, code, logins(people)) == (True, "exit code 3", [])


@pytest.mark.parametrize("switch", ["ldap-down", "ldap", "oidc", "oidc-down"])
def test_dead_database_is_the_cause_of_all_of_them(signin: Check, people: Simulator, switch: str) -> None:
    found = signin("--isolate", switches=(switch, "database-down", "cached-configuration"))
    first = found[0].partition(" | ")[0]
    assert (first.endswith("(see harbor-component-database)"), found[-1]) == (True, "exit code 3"), found


def test_dead_database_is_named_without_isolation_too(signin: Check) -> None:
    found = signin(switches=("ldap-down", "database-down", "cached-configuration"))
    assert found[0].endswith(", Harbor says database is unhealthy")
    assert found[1:] == [DATABASE, "exit code 2"]


@pytest.mark.parametrize("username", ["", PERSON])
def test_database_that_the_health_report_does_not_miss_yet_is_apis(
    signin: Check, people: Simulator, username: str
) -> None:
    """Harbor renews its health report every 10 s. Meanwhile all probes point to harbor-api, this one too."""
    found = signin("--isolate", switches=("ldap", "database-down", "stale-health"), username=username)
    assert found[0] == (
        "HARBOR SIGNIN UNKNOWN - 500 for /api/v2.0/systeminfo from core, this affects all clients (see harbor-api)"
    )
    assert (logins(people), found[-1]) == ([], "exit code 3")


def test_slow_database_is_apis(signin: Check, people: Simulator) -> None:
    """Core asks it before it asks the directory, so that a login is refused as late as if that did not answer."""
    first, second, *_, code = signin("--isolate", switches=("ldap", "database-slow"))
    text = "the LDAP directory does not answer Harbor in time: a login is refused after N s"
    assert number_free(first) == f"HARBOR SIGNIN UNKNOWN - {text} (see harbor-api)"
    assert number_free(second) == f"UNKNOWN: {text}, /systeminfo alone took 1.1 s (see harbor-api)"
    assert (code, len(logins(people))) == ("exit code 3", 1)


class Recovering(Simulator):
    """A Harbor whose database is back after the first request."""

    def _respond(self, request: Request) -> Response:
        response = super()._respond(request)
        self.switch()
        return response


def test_database_that_is_back_is_asked_again() -> None:
    """After an UNKNOWN that follows from another service, the first CRITICAL would page at once."""
    with Recovering("database-down") as harbor:
        outcome = runner.here("check_harbor_signin", "-H", harbor.url, "--ca-file", harbor.ca_file, "--isolate")
    assert outcome.code == 0, outcome.out


@pytest.mark.parametrize("switch", ["core-down", "redis-frozen", "nginx-down"])
def test_harbor_that_is_down_is_healths(signin: Check, switch: str) -> None:
    found = signin("--isolate", "-t", "3", switches=("ldap", switch))
    assert (found[0].endswith("(see harbor-health)"), found[-1]) == (True, "exit code 3"), found


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_provider_that_harbor_cannot_use(signin: Check, isolate: tuple[str, ...]) -> None:
    line = "Harbor cannot use its OIDC provider LabLogin (500 for /c/oidc/login)"
    step = f"{LOG}; give --issuer to see the provider"
    assert signin(*isolate, switches=("oidc-down",)) == [f"HARBOR SIGNIN CRITICAL - {line}", step, "exit code 2"]


def test_provider_that_hangs(signin: Check) -> None:
    first, *_, code = signin("-t", "2", "--isolate", switches=("oidc-frozen",))
    assert "where it asks its OIDC provider LabLogin" in first
    assert code == "exit code 2"


@pytest.mark.parametrize("status", [200, 404])
def test_login_that_is_routed_elsewhere(signin: Check, people: Simulator, status: int) -> None:
    people.switch("oidc")
    people.answer("/c/oidc/login", status, {"Content-Type": "text/html"}, "<html></html>")
    outcome = runner.here("check_harbor_signin", "-H", people.url, "--ca-file", people.ca_file)
    line = f"HARBOR SIGNIN CRITICAL - {status} instead of a redirect to the OIDC provider from /c/oidc/login"
    assert outcome.first == line


@pytest.mark.parametrize("location", ["https://", "javascript:alert(1)", "https://a\\@b/"])
def test_redirect_to_no_url(people: Simulator, location: str) -> None:
    people.switch("oidc")
    people.answer("/c/oidc/login", 302, {"Location": location}, "")
    outcome = runner.here("check_harbor_signin", "-H", people.url, "--ca-file", people.ca_file)
    assert outcome.first == "HARBOR SIGNIN CRITICAL - /c/oidc/login redirects to something that is not a URL"


def number_free(line: str) -> str:
    """The line without its measured numbers."""
    return re.sub(r"\b(after|for) (?:[\d.]+|T) (ms|s)\b", r"\1 N \2", line)
