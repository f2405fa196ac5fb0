"""check_harbor_login: the login, the challenge and the permissions, line by line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harbor_simulator import Simulator, tokens
from support import runner
from support.listeners import listening
from support.logins import PERFDATA, REPOSITORY, ROBOT, logins
from support.screens import CONTENT, DATABASE, LOCKED, ROUTE, SLOW

RIGHTS = "Next: grant the robot account that permission in the project, or create the project"
CREDENTIALS = (
    "Next: check username= and password= in the authfile, then the state and expiry of the account in the web UI"
)
REFUSED = "login refused: the token service treats it as anonymous"
ONCE_EACH = ["/service/token", "/api/v2.0/users/current"]  # the second to know whether the token service is wrong
PERSON = "jane"
LOST = (
    "Next: configure the reverse proxies to pass the Authorization header to /service/token, then compare "
    "the core replicas"
)
Check = Callable[..., list[str]]


def test_a_login_that_gets_its_permissions(login: Check, canary_harbor: Simulator) -> None:
    assert login() == [f"HARBOR LOGIN OK - robot$canary can pull priv/canary | {PERFDATA}", "exit code 0"]
    assert [request.path for request in canary_harbor.requests] == ["/v2/", "/service/token"]
    assert canary_harbor.requests[1].query == {"service": "harbor-registry", "scope": "repository:priv/canary:pull"}


def test_several_actions(login: Check) -> None:
    line = f"HARBOR LOGIN OK - robot$canary can push and pull priv/canary | {PERFDATA}"
    assert login("--actions", "push,pull") == [line, "exit code 0"]


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_an_action_that_is_missing(login: Check, isolate: tuple[str, ...]) -> None:
    assert login("--actions", "pull,delete,push", *isolate) == [
        "HARBOR LOGIN CRITICAL - robot$canary has no permission to delete in priv/canary (granted: pull, push)"
        f" | {PERFDATA}",
        RIGHTS,
        "exit code 2",
    ]


def test_a_project_that_is_not_there(login: Check) -> None:
    assert login("--repository", "nowhere/canary") == [
        f"HARBOR LOGIN CRITICAL - robot$canary has no permission to pull in nowhere/canary (granted: nothing) | "
        f"{PERFDATA}",
        RIGHTS,
        "exit code 2",
    ]


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize("wrong", [{"password": "not-the-secret"}, {"username": "robot$gone"}])
def test_a_refused_login_is_never_tried_again(
    login: Check, canary_harbor: Simulator, wrong: dict[str, str], isolate: tuple[str, ...]
) -> None:
    # An expired and a disabled robot look the same on the wire.
    assert login(*isolate, **wrong) == [f"HARBOR LOGIN CRITICAL - {REFUSED}", CREDENTIALS, "exit code 2"]
    assert logins(canary_harbor) == ONCE_EACH


def test_that_of_a_person_is_not_asked_for_anywhere_else(login: Check, canary_harbor: Simulator) -> None:
    assert login(username=PERSON, password="not-the-secret")[0] == f"HARBOR LOGIN CRITICAL - {REFUSED}"
    assert logins(canary_harbor) == ["/service/token"]


def test_the_right_secret_while_the_account_is_locked(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.authenticator.login(ROBOT, "another person's mistake")
    assert login()[0] == f"HARBOR LOGIN CRITICAL - {REFUSED}"
    assert logins(canary_harbor) == ONCE_EACH


STRANGERS: tuple[dict[str, object], ...] = {"sub": None}, {"sub": ""}, {}


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize("claims", STRANGERS)
def test_a_token_service_that_loses_the_credentials(
    login: Check, canary_harbor: Simulator, claims: dict[str, object], isolate: tuple[str, ...]
) -> None:
    """As behind a proxy that keeps the Authorization header to itself; the token even grants what is public."""
    access = [{"type": "repository", "name": REPOSITORY, "actions": ["pull"]}]
    anonymous = {"iss": tokens.ISSUER, "aud": tokens.SERVICE, "access": access, **claims}
    canary_harbor.answer("/service/token", 200, {}, {"token": tokens.sign(anonymous)})
    text = f"{REFUSED}, although Harbor's API accepts the credentials"
    assert login(*isolate) == [f"HARBOR LOGIN CRITICAL - {text}", LOST, "exit code 2"]


def test_a_token_service_that_refuses_what_harbor_takes(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.answer("/service/token", 401, {}, "")
    text = "login refused (401 for /service/token), although Harbor's API accepts the credentials"
    assert login() == [f"HARBOR LOGIN CRITICAL - {text}", LOST, "exit code 2"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_refused_login_that_nothing_proves(login: Check, canary_harbor: Simulator, status: int) -> None:
    canary_harbor.answer("/service/token", 401, {}, "")
    canary_harbor.answer("/api/v2.0/users/current", status, {}, {})
    assert login() == [
        "HARBOR LOGIN CRITICAL - login refused (401 for /service/token)",
        CREDENTIALS,
        "exit code 2",
    ]


def test_a_dead_database_is_reported_instead_of_a_wrong_password(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.switch("database-down")
    assert login() == [
        f"HARBOR LOGIN CRITICAL - {REFUSED}, Harbor says database is unhealthy",
        DATABASE,
        "exit code 2",
    ]
    assert login("--isolate")[0].endswith("(see harbor-component-database)")
    assert login("--isolate")[-1] == "exit code 3"
    assert set(logins(canary_harbor)) == set(ONCE_EACH)


def test_no_login_is_a_usage_error(canary_harbor: Simulator) -> None:
    common = ["-H", canary_harbor.url, "--ca-file", canary_harbor.ca_file, "--repository", REPOSITORY]
    outcome = runner.here("check_harbor_login", *common)
    assert outcome.out == (
        "HARBOR LOGIN UNKNOWN - usage: credentials are required: --authfile FILE, or HARBOR_USERNAME and "
        "HARBOR_PASSWORD\n"
        "Next: see check_harbor_login --help\n"
    )
    assert canary_harbor.requests == []


def test_a_slow_token_service(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.delay("/service/token", 0.3)
    assert login("-w", "0.2")[1:] == [
        SLOW,
        "exit code 1",
    ]


def test_a_token_service_that_fails_belongs_to_login(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.answer("/service/token", 500, {"X-Request-Id": "1-2"}, {"errors": [{"code": "UNKNOWN"}]})
    assert login("--isolate") == [
        "HARBOR LOGIN CRITICAL - 500 for /service/token from core (X-Request-Id 1-2)",
        LOCKED,
        "exit code 2",
    ]


LET_THROUGH = "Next: let /service/ through to core: check the rules and routes of the reverse proxy, WAF or CDN"
NOT_HARBORS = "from a reverse proxy, WAF or CDN in front of Harbor"
ELSEWHERE = "the token service is routed to the wrong place"


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
@pytest.mark.parametrize(
    ("status", "headers", "body", "line", "step"),
    [
        (403, {"Content-Type": "text/html"}, "<h1>No</h1>", f"403 for /service/token {NOT_HARBORS}", LET_THROUGH),
        (403, {}, {"message": "Forbidden"}, f"403 for /service/token {NOT_HARBORS}", LET_THROUGH),
        (401, {"Content-Type": "text/html"}, "<h1>Login</h1>", f"401 for /service/token {NOT_HARBORS}", LET_THROUGH),
        (405, {}, "", f"405 for /service/token {NOT_HARBORS}", LET_THROUGH),
        (451, {}, "no", f"451 for /service/token {NOT_HARBORS}", LET_THROUGH),
        (404, {}, "default backend - 404", f"404 for /service/token: {ELSEWHERE}", ROUTE),
        (404, {"Content-Type": "text/html"}, "<h1>404</h1>", f"404 for /service/token: {ELSEWHERE}", ROUTE),
        (204, {}, "", f"204 for /service/token: {ELSEWHERE}", ROUTE),
        (200, {"Content-Type": "text/html"}, "<p>Hi</p>", "200 text/html instead of JSON from /service/token", ROUTE),
        (200, {}, {"ok": True}, "the token service sent no token", CONTENT),
    ],
)  # fmt: skip
def test_token_service_refused_or_misrouted(
    login: Check, canary_harbor: Simulator, status: int, headers: dict[str, str], body: Any, line: str, step: str,
    isolate: tuple[str, ...],
) -> None:  # fmt: skip
    canary_harbor.answer("/service/token", status, headers, body)
    expected = step.replace("check -H, then", "check") if isolate else step  # core has answered: -H is right
    assert login(*isolate) == [f"HARBOR LOGIN CRITICAL - {line}", expected, "exit code 2"]


@pytest.mark.parametrize(("status", "body"), [(401, ""), (401, {"errors": [{"code": "UNAUTHORIZED"}]})])
def test_login_that_the_token_service_refuses(login: Check, canary_harbor: Simulator, status: int, body: Any) -> None:
    """As recorded: 401 without a word."""
    canary_harbor.answer("/service/token", status, {}, body)
    canary_harbor.answer("/api/v2.0/users/current", 401, {}, {"errors": [{"code": "UNAUTHORIZED"}]})
    assert login() == [
        "HARBOR LOGIN CRITICAL - login refused (401 for /service/token)",
        CREDENTIALS,
        "exit code 2",
    ]


def test_rate_limit_in_front_of_the_token_service(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.answer("/service/token", 429, {}, "slow down")
    assert login() == [
        "HARBOR LOGIN WARNING - too many requests (429 for /service/token)",
        "Next: check the rate limits of the reverse proxy",
        "exit code 1",
    ]


# The challenge


def challenged(canary_harbor: Simulator, header: str) -> None:
    canary_harbor.answer("/v2/", 401, {"Www-Authenticate": header}, {"errors": []})


def test_quoted_commas_and_odd_spacing(login: Check, canary_harbor: Simulator) -> None:
    realm = f"{canary_harbor.url}/service/token"
    challenged(
        canary_harbor, f'BEARER  error="a, \\"b\\" c" , realm = "{realm}",service=harbor-registry,scope="a:b:x,y"'
    )
    assert login()[-1] == "exit code 0"
    assert canary_harbor.requests[1].query["service"] == "harbor-registry"


def test_a_service_with_a_comma_reaches_the_token_service_whole(login: Check, canary_harbor: Simulator) -> None:
    challenged(canary_harbor, f'Bearer realm="{canary_harbor.url}/service/token",service="harbor, the registry"')
    assert login() == [
        "HARBOR LOGIN CRITICAL - 400 for /service/token: Unable to handle service: harbor, the registry",
        "Next: run docker logs --tail 50 harbor-core (or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-core)",
        "exit code 2",
    ]
    assert canary_harbor.requests[1].query["service"] == "harbor, the registry"


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
    login: Check, canary_harbor: Simulator, realm: str, isolate: tuple[str, ...]
) -> None:
    visitors: list[bytes] = []
    with listening(lambda sock: visitors.append(sock.recv(4096))) as port:
        here = f"{canary_harbor.host}:{canary_harbor.port}"
        challenged(canary_harbor, f'Bearer realm="{realm.format(here=here, there=f"127.0.0.1:{port}")}",service="x"')
        lines = login(*isolate)
    assert visitors == []
    assert [path for path in logins(canary_harbor) if path != "/api/v2.0/systeminfo"] == []
    assert all(request.tls for request in canary_harbor.requests)
    assert lines[-1] == ("exit code 3" if isolate else "exit code 2")
    assert ("(see harbor-v2)" in lines[0]) is bool(isolate)


def test_a_registry_without_logins(login: Check, canary_harbor: Simulator) -> None:
    canary_harbor.answer("/v2/", 200, {}, {})
    text = f"Harbor takes the credentials of {ROBOT}, /v2/ asks for no login, so what they grant was not seen"
    assert login() == [f"HARBOR LOGIN OK - {text} | time=Ts;2;10;0", "exit code 0"]
    assert login(password="not-the-secret") == [
        "HARBOR LOGIN CRITICAL - login refused (401 for /api/v2.0/users/current) | time=Ts;2;10;0",
        CREDENTIALS,
        "exit code 2",
    ]
    canary_harbor.answer("/api/v2.0/users/current", 200, {}, {"username": PERSON})
    assert login(username=PERSON)[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"users": []}, "CRITICAL - 200 instead of an account from /api/v2.0/users/current"),
        (b"<html>", "UNKNOWN - unexpected answer to GET /api/v2.0/users/current: not JSON"),
    ],
)
def test_a_registry_without_logins_that_is_no_harbor(
    login: Check, canary_harbor: Simulator, body: Any, line: str
) -> None:
    canary_harbor.answer("/v2/", 200, {}, {})
    canary_harbor.answer("/api/v2.0/users/current", 200, {}, body)
    assert login()[0] == f"HARBOR LOGIN {line} | time=Ts;2;10;0"
