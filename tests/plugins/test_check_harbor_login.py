"""check_harbor_login: the challenge, the token and its claims, line by line."""

from __future__ import annotations

import base64
import email.utils
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runner
from listeners import listening
from screens import CORE, DATABASE
from simulator import Account, Simulator, tokens

ROBOT, SECRET = "robot$canary", "sEcret-of/the+canary=robot"
REPOSITORY = "priv/canary"
ACTIONS = ("pull", "push")
RIGHTS = "Next: give the robot account that right in its project, and look whether the project exists"
CLOCKS = "Next: set the clocks right (timedatectl, chronyc tracking): the Harbor host's, and this host's"
CREDENTIALS = (
    "Next: check username= and password= in the authfile; is the robot account expired, disabled, its secret refreshed?"
)
REFUSED = "login refused: the token service answers as to a stranger"
PERFDATA = "time=Ts;2;10;0 lifetime=1800s;;;0"
Check = Callable[..., list[str]]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(users={ROBOT: Account(SECRET, projects={"priv": ACTIONS})}) as simulator:
        yield simulator


@pytest.fixture
def harbor(running: Simulator) -> Iterator[Simulator]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def login(harbor: Simulator, tmp_path: Path) -> Check:
    """Log in for REPOSITORY: the lines and the exit code, the time and the address made the same."""

    def run(*options: str, username: str = ROBOT, password: str = SECRET) -> list[str]:
        authfile = tmp_path / "authfile"
        authfile.touch(0o600)
        authfile.write_text(f"username={username}\npassword={password}\n")
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", str(authfile)]
        repository = [] if "--repository" in options else ["--repository", REPOSITORY]
        outcome = runner.here("check_harbor_login", *common, *repository, *options)
        text = outcome.out.replace(f"{harbor.host}:{harbor.port}", "harbor.example.com")
        text = re.sub(r"\btime=[\d.]+s", "time=Ts", re.sub(r"after [\d.]+s", "after Ts", text))
        assert not any(secret in text for secret in secrets(harbor, password))
        return [*text.splitlines(), f"exit code {outcome.code}"]

    return run


def secrets(harbor: Simulator, password: str) -> set[str]:
    """What no output may hold: the password, and whatever was sent as Authorization."""
    sent = {request.headers["Authorization"].split(" ")[1] for request in harbor.requests if request.authorization}
    return {password, *sent}


def logins(harbor: Simulator) -> list[str]:
    """The paths to which the password went."""
    return [request.path for request in harbor.requests if request.authorization == "Basic"]


def test_a_login_that_gets_its_rights(login: Check, harbor: Simulator) -> None:
    assert login() == [f"HARBOR LOGIN OK - robot$canary may pull in priv/canary | {PERFDATA}", "exit code 0"]
    assert [request.path for request in harbor.requests] == ["/v2/", "/service/token"]
    assert harbor.requests[1].query == {"service": "harbor-registry", "scope": "repository:priv/canary:pull"}


def test_several_actions(login: Check) -> None:
    line = f"HARBOR LOGIN OK - robot$canary may push, pull in priv/canary | {PERFDATA}"
    assert login("--actions", "push,pull") == [line, "exit code 0"]


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_an_action_that_is_missing(login: Check, isolate: tuple[str, ...]) -> None:
    assert login("--actions", "pull,delete,push", *isolate) == [
        "HARBOR LOGIN CRITICAL - robot$canary has no right to delete in priv/canary: granted is pull, push"
        f" | {PERFDATA}",
        RIGHTS,
        "exit code 2",
    ]


def test_a_project_that_is_not_there(login: Check) -> None:
    assert login("--repository", "nowhere/canary") == [
        f"HARBOR LOGIN CRITICAL - robot$canary has no right to pull in nowhere/canary: granted is nothing | {PERFDATA}",
        RIGHTS,
        "exit code 2",
    ]


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize("wrong", [{"password": "not-the-secret"}, {"username": "robot$gone"}])
def test_a_refused_login_is_never_tried_again(
    login: Check, harbor: Simulator, wrong: dict[str, str], isolate: tuple[str, ...]
) -> None:
    # An expired and a disabled robot look the same on the wire.
    assert login(*isolate, **wrong) == [f"HARBOR LOGIN CRITICAL - {REFUSED}", CREDENTIALS, "exit code 2"]
    assert logins(harbor) == ["/service/token"]


def test_the_right_secret_while_the_account_is_locked(login: Check, harbor: Simulator) -> None:
    harbor.authenticator.login(ROBOT, "somebody else's mistake")
    assert login()[0] == f"HARBOR LOGIN CRITICAL - {REFUSED}"
    assert logins(harbor) == ["/service/token"]


def test_a_dead_database_is_told_before_anybody_looks_for_a_password(login: Check, harbor: Simulator) -> None:
    harbor.switch("database-down")
    assert login() == [
        f"HARBOR LOGIN CRITICAL - {REFUSED}; Harbor says database is unhealthy",
        DATABASE,
        "exit code 2",
    ]
    assert login("--isolate")[0].endswith("(see check_harbor_component database)")
    assert login("--isolate")[-1] == "exit code 3"
    assert set(logins(harbor)) == {"/service/token"}


def test_no_login_is_a_usage_error(harbor: Simulator) -> None:
    common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--repository", REPOSITORY]
    outcome = runner.here("check_harbor_login", *common)
    assert outcome.out == (
        "HARBOR LOGIN UNKNOWN - usage: a login is needed: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD\n"
        "Next: see check_harbor_login --help\n"
    )
    assert harbor.requests == []


def test_a_slow_token_service(login: Check, harbor: Simulator) -> None:
    harbor.delay("/service/token", 0.3)
    assert login("-w", "0.2")[1:] == [
        "Next: look at the load of the Harbor host, then at docker logs harbor-core and harbor-db",
        "exit code 1",
    ]


# The challenge


def challenged(harbor: Simulator, header: str) -> None:
    harbor.answer("/v2/", 401, {"Www-Authenticate": header}, {"errors": []})


def test_quoted_commas_and_odd_spacing(login: Check, harbor: Simulator) -> None:
    realm = f"{harbor.url}/service/token"
    challenged(harbor, f'BEARER  error="a, \\"b\\" c" , realm = "{realm}",service=harbor-registry,scope="a:b:x,y"')
    assert login()[-1] == "exit code 0"
    assert harbor.requests[1].query["service"] == "harbor-registry"


def test_a_service_with_a_comma_reaches_the_token_service_whole(login: Check, harbor: Simulator) -> None:
    challenged(harbor, f'Bearer realm="{harbor.url}/service/token",service="harbor, the registry"')
    assert login()[0].startswith("HARBOR LOGIN UNKNOWN - 400 for /service/token")
    assert harbor.requests[1].query["service"] == "harbor, the registry"


@pytest.mark.parametrize(
    "realm",
    [
        "http://{here}/service/token",
        "https://{there}/service/token",
        "https://{here}@{there}/service/token",
        "https://{here}\\@{there}/service/token",
        "https://{here}?@{there}/service/token",
        "https://{here}#@{there}/service/token",
        "https://{there}#{here}/service/token",
        "//{there}/service/token",
        "/service/token",
        "ftp://{here}/service/token",
        "",
    ],
)
@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_no_password_goes_to_a_realm_that_is_not_ours(
    login: Check, harbor: Simulator, realm: str, isolate: tuple[str, ...]
) -> None:
    visitors: list[bytes] = []
    with listening(lambda sock: visitors.append(sock.recv(4096))) as port:
        here = f"{harbor.host}:{harbor.port}"
        challenged(harbor, f'Bearer realm="{realm.format(here=here, there=f"127.0.0.1:{port}")}",service="x"')
        lines = login(*isolate)
    assert visitors == []
    assert [path for path in logins(harbor) if path != "/api/v2.0/systeminfo"] == []
    assert all(request.tls for request in harbor.requests)
    assert lines[-1] == ("exit code 3" if isolate else "exit code 2")
    assert ("(see check_harbor_v2)" in lines[0]) is bool(isolate)


def test_a_registry_without_logins(login: Check, harbor: Simulator) -> None:
    harbor.answer("/v2/", 200, {}, {})
    assert login() == ["HARBOR LOGIN OK - /v2/ asks for no login | time=Ts;2;10;0", "exit code 0"]


# The token


def granted(harbor: Simulator, now: float | None = None, **claims: object) -> None:
    """Let the token service grant a token with these claims, at this time of its clock."""
    moment = time.time() if now is None else now
    usual = {"iss": tokens.ISSUER, "sub": ROBOT, "aud": tokens.SERVICE, "iat": int(moment), "nbf": int(moment)}
    access = [{"type": "repository", "name": REPOSITORY, "actions": list(ACTIONS)}]
    token = tokens.sign({**usual, "exp": int(moment) + 1800, "access": access, **claims})
    date = email.utils.formatdate(moment, usegmt=True)
    harbor.answer("/service/token", 200, {"Date": date}, {"token": token})


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"exp": -61}, "the token has expired already by the server's own clock, 61 s ago"),
        ({"nbf": 90}, "the token is not valid yet by the server's own clock, only in 90 s"),
        ({"iat": 3600}, "the token is not valid yet by the server's own clock, only in 3600 s"),
    ],
)
def test_times_against_the_servers_own_clock(
    login: Check, harbor: Simulator, claims: dict[str, int], text: str
) -> None:
    moment = int(time.time()) - 86400 * 3
    shifted = {name: moment + seconds for name, seconds in claims.items()}
    granted(harbor, moment, **shifted)
    lines = login()
    assert f"CRITICAL: {text}" in lines or lines[0].startswith(f"HARBOR LOGIN CRITICAL - {text} | ")
    assert lines[-2:] == [CLOCKS, "exit code 2"]


@pytest.mark.parametrize("seconds", [-59, 0, 59])
def test_a_minute_between_clocks_is_nothing(login: Check, harbor: Simulator, seconds: int) -> None:
    moment = int(time.time())
    granted(harbor, moment, nbf=moment + seconds, iat=moment + seconds)
    assert login()[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("skew", "text"),
    [
        (600, "the token is not valid yet by this host's clock, only in N s"),
        (-3600, "the token has expired already by this host's clock, N s ago"),
    ],
)
def test_our_clock_differs_from_the_servers(login: Check, harbor: Simulator, skew: int, text: str) -> None:
    granted(harbor, time.time() + skew)
    lines = login()
    assert re.sub(r"\d+ s", "N s", lines[0]) == f"HARBOR LOGIN WARNING - {text} | {PERFDATA}"
    assert lines[1:] == [CLOCKS, "exit code 1"]


def test_a_token_for_another_service(login: Check, harbor: Simulator) -> None:
    granted(harbor, aud="another-registry")
    assert login() == [
        f"HARBOR LOGIN CRITICAL - the token is for another-registry, not for harbor-registry | {PERFDATA}",
        "Next: look at auth.token in the registry's config.yml and at core's",
        "exit code 2",
    ]


def test_a_list_of_audiences(login: Check, harbor: Simulator) -> None:
    granted(harbor, aud=["another-registry", "harbor-registry"])
    assert login()[-1] == "exit code 0"


def test_a_strange_issuer(login: Check, harbor: Simulator) -> None:
    granted(harbor, iss="somebody")
    assert login() == [
        f"HARBOR LOGIN WARNING - the token's issuer is somebody, not harbor-token-issuer | {PERFDATA}",
        "Next: look at auth.token.issuer in the registry's config.yml",
        "exit code 1",
    ]


def test_a_token_under_its_other_name(login: Check, harbor: Simulator) -> None:
    granted(harbor)
    token = json.loads(harbor._answers["/service/token"].body)["token"]
    harbor.answer("/service/token", 200, {}, {"token": "", "access_token": token})
    assert login()[-1] == "exit code 0"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\u0000b"}', b"\xff"])
def test_an_answer_without_a_token(login: Check, harbor: Simulator, body: bytes) -> None:
    harbor.answer("/service/token", 200, {"Content-Type": "application/json"}, body)
    assert login()[0] in (
        "HARBOR LOGIN UNKNOWN - the token service answers without a token",
        "HARBOR LOGIN UNKNOWN - the answer to GET /service/token is not JSON",
    )


@pytest.mark.parametrize("claims", ['{"exp": 1e999}', '{"exp": NaN}', '{"exp": 1e300}', '{"nbf": -1}', '"claims"'])
def test_a_token_that_is_none(login: Check, harbor: Simulator, claims: str) -> None:
    token = "e30." + base64.urlsafe_b64encode(claims.encode()).decode() + ".c2ln"
    harbor.answer("/service/token", 200, {}, {"token": token})
    assert login()[0] == "HARBOR LOGIN UNKNOWN - the token of /service/token is not a JWT with claims"


@pytest.mark.parametrize("verbosity", ["-v", "-vvv"])
def test_what_the_server_echoes_stays_secret(login: Check, harbor: Simulator, verbosity: str) -> None:
    basic = base64.b64encode(f"{ROBOT}:{SECRET}".encode()).decode()
    granted(harbor, aud=f"{SECRET} {basic}", iss=SECRET)
    lines = login(verbosity)  # which looks for them in the output
    assert "***" in lines[0]


def test_a_token_service_that_fails_belongs_to_login(login: Check, harbor: Simulator) -> None:
    harbor.answer("/service/token", 500, {"X-Request-Id": "1-2"}, {"errors": [{"code": "UNKNOWN"}]})
    assert login("--isolate") == [
        "HARBOR LOGIN CRITICAL - 500 for /service/token from core (X-Request-Id 1-2)",
        CORE,
        "exit code 2",
    ]
