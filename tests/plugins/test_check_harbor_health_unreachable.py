"""check_harbor_health where no report comes: the line says which part of Harbor fails."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support import screens

HEALTH = "/api/v2.0/health"
TIMED_OUT = "timed out after T s waiting for the answer to GET /api/v2.0/health"
DRIP = "timed out after T s reading the answer to GET /api/v2.0/health"
FROM_PROXY = "for /api/v2.0/health from the reverse proxy"
FROM_FRONT = "for /api/v2.0/health from a reverse proxy, WAF or CDN in front of Harbor"
WEB_PAGE = "200 text/html instead of JSON from /api/v2.0/health"
CLOSED = "no answer from harbor.example.com: connection closed early"
MOVED = "is redirected to https://registry.example.net"


@pytest.mark.parametrize(
    ("switches", "line", "step"),
    [
        ("core-down", f"core is failing: 502 {FROM_PROXY}", screens.CORE),
        ("core-unavailable", "core is failing: 503 for /api/v2.0/health from core (X-Request-Id ID)", screens.CORE),
        ("core-down portal-down", f"neither core nor the web UI answers: 502 {FROM_PROXY}", screens.CORE),
        ("core-frozen", f"core or Redis stalled (the reverse proxy answers): {TIMED_OUT}", screens.STALLED),
        ("redis-frozen", f"core or Redis stalled (the reverse proxy answers): {TIMED_OUT}", screens.STALLED),
        ("database-frozen", f"database stalled (core answers /ping): {TIMED_OUT}", screens.DATABASE),
        (f"status-504@{HEALTH}", f"database stalled (core answers /ping): 504 {FROM_PROXY}", screens.DATABASE),
        ("status-504", f"core or Redis stalled (the reverse proxy answers): 504 {FROM_PROXY}", screens.STALLED),
        (f"status-500@{HEALTH}", f"core answers /ping, not /health: 500 {FROM_PROXY}", screens.CORE),
        (
            "misrouted-api",
            f"/api/ is routed to the wrong place: {WEB_PAGE}",
            screens.ROUTE.replace("check -H, then", "check"),
        ),
        (f"status-418@{HEALTH} misrouted-portal", f"418 {FROM_FRONT}", screens.IN_FRONT),
        ("status-418 misrouted-portal", f"418 {FROM_FRONT}", screens.IN_FRONT),
        ("html", f"no Harbor answers here: {WEB_PAGE}", screens.ROUTE),
        ("reset", f"neither core nor the web UI answers: {CLOSED}", screens.ANSWER),
        ("redirect-foreign", f"GET /api/v2.0/health {MOVED}", screens.MOVED),
        ("redirect-loop", "GET /api/v2.0/health is redirected in a loop", screens.ROUTE),
        ("truncated-body", "the answer to GET /api/v2.0/health was cut off: connection closed early", screens.BODY),
        ("slow-drip-body", f"neither core nor the web UI answers: {DRIP}", screens.BODY),
        ("nginx-down", "cannot connect to harbor.example.com: Connection refused", screens.CONNECT),
        ("nginx-frozen", "timed out after T s in the TLS handshake with harbor.example.com", screens.STUCK),
        ("tls-1.1", "TLS handshake with localhost failed: the server speaks only TLS below 1.2", screens.TLS),
    ],
)
def test_no_report(check, harbor: Simulator, switches: str, line: str, step: str) -> None:
    harbor.switch(*switches.split())
    assert check("health", "-t", "1") == [*screens.problem("health", "CRITICAL", line), step, "exit code 2"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "refused-in-front"), (403, "host-refused"), (429, "rate-limited"), (451, "refused-in-front")],
)
def test_refused_by_a_reverse_proxy(check, harbor: Simulator, status: int, reason: str) -> None:
    """Nobody routes wrongly there, and no component fails."""
    harbor.switch(f"status-{status}@{HEALTH}")
    first, finding, *_ = check("health", "-v")
    assert first.startswith("HARBOR HEALTH CRITICAL - ")
    assert finding.endswith(f"[harbor.{reason}]")
    assert check("health", "--unreachable", "warning")[-1] == "exit code 1"


def test_name_without_address(check) -> None:
    assert check("health", url="https://harbor..test") == [
        "HARBOR HEALTH CRITICAL - cannot resolve harbor..test: not a valid host name",
        "Next: check the name and the name servers of this monitoring host: getent hosts harbor..test",
        "exit code 2",
    ]


def test_certificate_that_does_not_verify(check, harbor: Simulator) -> None:
    harbor.certificate = "expired"
    assert check("health") == [
        "HARBOR HEALTH CRITICAL - certificate does not verify: certificate has expired",
        screens.CERTIFICATE,
        "exit code 2",
    ]
    well = "HARBOR HEALTH OK - harbor.example.com answers, all 8 components healthy, "
    assert check("health", "--insecure")[0].startswith(f"{well}certificate not verified (--insecure) | time=")
    assert check("health", "--isolate")[0].startswith(
        f"{well}ignored an invalid certificate (harbor-certificate reports it) | time="
    )


@pytest.mark.parametrize(
    "body",
    [
        [],
        "healthy",
        {"status": "healthy"},
        {"components": {}},
        {"components": []},
        {"components": ["core"]},
        {"components": [{"name": "core"}]},
        {"components": None},
    ],
    ids=str,
)
def test_json_that_is_no_report(check, harbor: Simulator, body: object) -> None:
    harbor.answer(HEALTH, body=body if isinstance(body, (dict, list)) else f'"{body}"')
    assert check("health") == [
        "HARBOR HEALTH UNKNOWN - unexpected answer to GET /api/v2.0/health: not a health report",
        screens.CONTENT,
        "exit code 3",
    ]


def test_not_json(check, harbor: Simulator) -> None:
    harbor.answer(HEALTH, body="Pong")
    assert check("health", "--unreachable", "warning") == [
        "HARBOR HEALTH UNKNOWN - unexpected answer to GET /api/v2.0/health: not JSON",
        screens.CONTENT,
        "exit code 3",
    ]


@pytest.mark.parametrize(("state", "code"), [("WARNING", 1), ("CRITICAL", 2), ("UNKNOWN", 3)])
def test_unreachable_in_another_state(check, harbor: Simulator, state: str, code: int) -> None:
    harbor.switch("core-down")
    assert check("health", "--unreachable", state.lower()) == [
        f"HARBOR HEALTH {state} - core is failing: 502 {FROM_PROXY}",
        screens.CORE,
        f"exit code {code}",
    ]


def test_unreachable_is_ok(check, harbor: Simulator) -> None:
    harbor.switch("core-down")
    assert check("health", "--unreachable", "ok") == [
        f"HARBOR HEALTH OK - core is failing: 502 {FROM_PROXY} (--unreachable ok)",
        "exit code 0",
    ]


def test_ping_that_waits_for_redis(check, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a frozen Redis /ping comes late, behind a frozen database at once; recorded were 24 s."""
    monkeypatch.setattr("check_harbor_health.PROMPT", 0.2)
    with Simulator("redis-frozen", gateway_timeout=0.75) as harbor:
        assert check("health", against=harbor) == [
            f"HARBOR HEALTH CRITICAL - core or Redis stalled (the reverse proxy answers): 504 {FROM_PROXY}",
            screens.STALLED,
            "exit code 2",
        ]


def test_no_harbor_at_all(check, harbor: Simulator) -> None:
    """The same verdict on the same answer: the page of another server may mention Harbor."""
    harbor.answer(HEALTH, 404, headers={"Content-Type": "text/html"}, body="<title>Error response</title>")
    harbor.answer("/api/v2.0/ping", 404)
    harbor.answer("/", 200, headers={"Content-Type": "text/html"}, body="<title>Files</title><a>check_harbor</a>")
    missing = "404 for /api/v2.0/health, which every Harbor since 2.0 has"
    line = screens.problem("health", "CRITICAL", f"no Harbor answers here: {missing}")
    assert check("health") == [*line, screens.ROUTE, "exit code 2"]
    line = screens.problem("component", "CRITICAL", missing)
    assert check("component", "--component", "redis") == [*line, screens.ROUTE, "exit code 2"]
