"""check_harbor_v2: what an operator sees."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import Simulator
from harbor_simulator.messages import Request, Response
from support import screens

ANONYMOUS = (
    "HARBOR V2 OK - harbor.example.com/v2/ speaks the registry protocol, only core was tested (no credentials given)"
)
LOGGED_IN = (
    "HARBOR V2 OK - harbor.example.com/v2/ speaks the registry protocol, and the registry accepts the credentials"
)
PERFDATA = "time=Ts;1;5;0"
MOVED = "is redirected to https://registry.example.net"
HUNG = "timed out after T s waiting for the answer to GET /v2/"
AUTHFILE = "Next: check username= and password= in the authfile, then the state and expiry of the account in the web UI"


def test_without_a_login(check, harbor: Simulator) -> None:
    assert check("v2") == [f"{ANONYMOUS} | {PERFDATA}", "exit code 0"]
    assert [request.path for request in harbor.requests] == ["/v2/"]


def test_with_a_login(check, harbor: Simulator) -> None:
    assert check("v2", "-v", login=True) == [f"{LOGGED_IN} | {PERFDATA}", "OK: the answer took T s", "exit code 0"]
    assert [(request.path, request.authorization) for request in harbor.requests] == [("/v2/", None), ("/v2/", "Basic")]


@pytest.mark.parametrize(
    "recording", ["a0-fresh", "b-registry-down", "b-postgres-down", "b-redis-down", "b-portal-down"]
)
def test_recorded_challenges_prove_core_alone(check, recorded, recording: str) -> None:
    recorded(f"{recording}/v2.anon")
    assert check("v2") == [f"{ANONYMOUS} | {PERFDATA}", "exit code 0"]


def test_recorded_gateway_error(check, recorded) -> None:
    recorded("b-core-down/v2.anon")
    assert check("v2") == [
        "HARBOR V2 CRITICAL - 502 for /v2/ from the reverse proxy",
        screens.CORE,
        "exit code 2",
    ]


@pytest.mark.parametrize("version", ["2.0.0", "2.14.0"])
def test_other_harbors(check, version: str) -> None:
    """From 2.14 on the realm follows the Host header instead of external_url."""
    with Simulator(version=version) as harbor:
        assert check("v2", against=harbor, login=True) == [f"{LOGGED_IN} | {PERFDATA}", "exit code 0"]


def test_registry_without_logins(check, harbor: Simulator) -> None:
    harbor.answer("/v2/", headers={"Docker-Distribution-Api-Version": "registry/2.0"}, body="{}")
    assert check("v2")[-1] == "exit code 0"
    harbor.answer("/v2/", body={})
    assert check("v2")[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("status", "kind"), [(200, "text/html"), (200, "text/plain"), (404, "text/plain"), (404, "text/html")]
)
def test_not_a_registry(check, harbor: Simulator, status: int, kind: str) -> None:
    harbor.answer("/v2/", status, {"Content-Type": kind}, "It works!")
    assert check("v2") == [
        f"HARBOR V2 CRITICAL - /v2/ answers {status} {kind}, not the registry protocol",
        screens.ROUTE,
        "exit code 2",
    ]


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize(
    ("status", "body"),
    [(403, "<h1>Access denied</h1>"), (400, "Bad Request"), (405, ""), (403, {"message": "Forbidden"})],
)
def test_refused_in_front(check, harbor: Simulator, status: int, body: Any, login: bool) -> None:
    harbor.answer("/v2/", status, {"Content-Type": "text/html"} if isinstance(body, str) else {}, body)
    assert check("v2", login=login) == [
        f"HARBOR V2 CRITICAL - {status} for /v2/ from a reverse proxy, WAF or CDN in front of Harbor",
        screens.IN_FRONT,
        "exit code 2",
    ]


def test_rate_limit_of_the_proxy(check, harbor: Simulator) -> None:
    harbor.answer("/v2/", 429)
    assert check("v2") == [
        "HARBOR V2 UNKNOWN - too many requests (429 for /v2/)",
        "Next: check the rate limits of the reverse proxy",
        "exit code 3",
    ]


def test_redirect_to_v2_with_a_slash(check, harbor: Simulator) -> None:
    """A proxy that strips the slash: Harbor's nginx sends clients back to /v2/, here for ever."""
    harbor.answer("/v2/", 301, {"Location": f"{harbor.url}/v2"})
    assert check("v2") == [
        "HARBOR V2 CRITICAL - GET /v2/ is redirected in a loop",
        screens.ROUTE,
        "exit code 2",
    ]


def test_redirect_within_harbor_is_followed(check, harbor: Simulator) -> None:
    harbor.answer("/v2/", 307, {"Location": "/registry/v2/"})
    harbor.answer("/registry/v2/", 401, {"WWW-Authenticate": f'Bearer realm="{harbor.url}/token",service="s"'})
    assert check("v2") == [f"{ANONYMOUS} | {PERFDATA}", "exit code 0"]


class FailingLogins(Simulator):
    """An ingress that has lost the backend of requests with a login."""

    def _respond(self, request: Request) -> Response:
        return Response(502) if request.authorization else super()._respond(request)


def test_which_hop_answers_502(check, harbor: Simulator) -> None:
    """With X-Request-Id it is core, which does not reach the registry; without one nginx, which does not reach core."""
    harbor.switch("registry-down")
    assert check("v2", login=True) == [
        f"HARBOR V2 CRITICAL - 502 from the registry, Harbor says registry is unhealthy | {PERFDATA}",
        screens.REGISTRY,
        "exit code 2",
    ]
    with FailingLogins() as other:
        assert check("v2", against=other, login=True) == [
            f"HARBOR V2 CRITICAL - 502 from the reverse proxy for /v2/ | {PERFDATA}",
            screens.REGISTRY,
            "exit code 2",
        ]


@pytest.mark.parametrize(
    ("switch", "line", "step"),
    [
        ("core-down", "502 for /v2/ from the reverse proxy", screens.CORE),
        ("core-unavailable", "503 for /v2/ from core (X-Request-Id ID)", screens.CORE),
        ("core-frozen", HUNG, screens.ASK_HEALTH),
        ("tables-locked", f"{HUNG} with credentials (it answers without them)", screens.ASK_HEALTH),
        ("misrouted-v2", "/v2/ answers 200 text/html, not the registry protocol", screens.ROUTE),
        ("redirect-foreign", f"GET /v2/ {MOVED}", screens.MOVED),
        ("reset", "no answer from harbor.example.com: connection closed early", screens.ANSWER),
        ("nginx-down", "cannot connect to harbor.example.com: Connection refused", screens.CONNECT),
    ],
)
def test_no_registry(check, harbor: Simulator, switch: str, line: str, step: str) -> None:
    harbor.switch(switch)
    assert check("v2", "-t", "1", login=True) == [f"HARBOR V2 CRITICAL - {line}", step, "exit code 2"]


def test_registry_frozen(check, harbor: Simulator) -> None:
    """Harbor's own word is asked for in the little time that is left; without it the line is the same, but for that."""
    harbor.switch("registry-frozen")
    first, *_, code = check("v2", "-t", "1", login=True)
    assert first.startswith(f"HARBOR V2 CRITICAL - {HUNG} with credentials (it answers without them)")
    assert code == "exit code 2"


def test_login_refused(check, monkeypatch: pytest.MonkeyPatch) -> None:
    # Harbor thinks for 1.5 s about a wrong password, and locks the account as long.
    monkeypatch.setattr("harbor_simulator.accounts.LOCK_SECONDS", 0.05)
    line = "login refused (401 for /v2/)"
    with Simulator(users={}) as harbor:
        assert check("v2", against=harbor, login=True) == [
            f"HARBOR V2 UNKNOWN - {line} | {PERFDATA}",
            AUTHFILE,
            "exit code 3",
        ]
        assert check("v2", "--isolate", against=harbor, login=True) == [
            f"HARBOR V2 UNKNOWN - {line}, the credentials are refused (see harbor-api) | {PERFDATA}",
            "Next: look at harbor-api first: this follows from it",
            "exit code 3",
        ]
        assert check("v2", "--isolate", "health,v2", against=harbor, login=True) == [
            f"HARBOR V2 CRITICAL - {line} | {PERFDATA}",
            AUTHFILE,
            "exit code 2",
        ]


def test_database_down_is_not_a_wrong_password(check, harbor: Simulator) -> None:
    harbor.switch("database-down")
    line = "login refused (401 for /v2/), Harbor says database is unhealthy"
    assert check("v2", login=True) == [
        f"HARBOR V2 CRITICAL - {line} | {PERFDATA}",
        screens.DATABASE,
        "exit code 2",
    ]
    assert check("v2", "--isolate", login=True) == [
        f"HARBOR V2 UNKNOWN - {line} (see harbor-component-database) | {PERFDATA}",
        "Next: look at harbor-component-database first: this follows from it",
        "exit code 3",
    ]


def test_registry_down_names_its_owner(check, harbor: Simulator) -> None:
    harbor.switch("registry-down")
    assert check("v2", "--isolate", login=True) == [
        "HARBOR V2 UNKNOWN - 502 from the registry, Harbor says registry is unhealthy "
        f"(see harbor-component-registry) | {PERFDATA}",
        "Next: look at harbor-component-registry first: this follows from it",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("options", "state", "limits"),
    [
        (["-w", "150ms"], "WARNING - the answer took T s (warning at 0.15 s)", "0.15;5"),
        (["-w", "250ms", "-c", "350ms"], "CRITICAL - the answer took T s (critical at 0.35 s)", "0.25;0.35"),
        (["-w", "~:", "-c", "~:"], LOGGED_IN.partition("V2 ")[2], "~:;~:"),
    ],
)
def test_both_requests_count_for_the_time(
    check, harbor: Simulator, options: list[str], state: str, limits: str
) -> None:
    harbor.delay("/v2/", 0.2)
    assert check("v2", *options, login=True) == [
        f"HARBOR V2 {state} | time=Ts;{limits};0",
        *([] if state.startswith("OK") else [screens.SLOW]),
        f"exit code {('OK', 'WARNING', 'CRITICAL').index(state.split(maxsplit=1)[0])}",
    ]
