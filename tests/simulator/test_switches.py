"""Switches: which there are, how they compose, and what they break beyond the recordings."""

from __future__ import annotations

import subprocess

import pytest
import requests

from harbor_simulator import Simulator
from harbor_simulator.faults import State

from .client import CORE_PATHS, HEALTH, LOGIN, SYSTEMINFO, TOKEN, V2, get


def components(harbor: Simulator) -> dict[str, str]:
    """The unhealthy ones with their errors."""
    rows = get(harbor, HEALTH).json()["components"]
    return {row["name"]: row["error"] for row in rows if row["status"] != "healthy"}


def test_names_that_nobody_knows_are_refused() -> None:
    for name in ("registry-dwon", "status-4", "registry-down@/v2/"):
        with pytest.raises(ValueError, match=f"no such switch: {name}"):
            Simulator(name)
    with pytest.raises(ValueError, match="no such certificate: godo"):
        Simulator(certificate="godo")
    with pytest.raises(KeyError):
        State().part("regsitry")


def test_two_conditions_of_one_part_are_refused() -> None:
    with pytest.raises(ValueError, match="registry-frozen: registry is down already"):
        Simulator("registry-down", "registry-frozen")


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_failures_of_different_parts_compose(harbor: Simulator) -> None:
    harbor.switch("registry-down", "portal-down")
    assert list(components(harbor)) == ["portal", "registry"]
    assert get(harbor, "/").status_code == 502
    assert get(harbor, V2, auth=LOGIN).status_code == 502
    harbor.switch("redis-down")
    harbor.certificate = "expired"
    with pytest.raises(requests.exceptions.SSLError, match="certificate has expired"):
        get(harbor, "/")
    rows = get(harbor, HEALTH, verify=False).json()["components"]
    assert [row["name"] for row in rows if "error" in row] == ["jobservice", "redis"]


def test_reset_heals_everything(harbor: Simulator) -> None:
    harbor.switch("core-down", "status-500@/")
    harbor.certificate = "expired"
    harbor.answer("/", 418)
    harbor.delay("/", 9)
    harbor.reset()
    assert harbor.requests == []
    assert [get(harbor, path).status_code for path in ("/", HEALTH)] == [200, 200]


@pytest.mark.parametrize("switch", ["nginx-down", "nginx-frozen", "host-silent"])
def test_no_connection_of_use(harbor: Simulator, switch: str) -> None:
    harbor.switch(switch)
    expected = {
        "nginx-down": (requests.exceptions.ConnectionError, "Connection refused"),
        "nginx-frozen": (requests.exceptions.ReadTimeout, "timed out"),
        "host-silent": (requests.exceptions.ConnectTimeout, "timed out"),
    }
    problem, text = expected[switch]
    with pytest.raises(problem, match=text):
        get(harbor, "/", timeout=0.3)


def test_a_health_that_is_stale_says_healthy(harbor: Simulator) -> None:
    for switch in ("registry-down", "redis-down", "database-down", "database-frozen", "trivy-down"):
        harbor.switch(switch, "stale-health")
        assert components(harbor) == {}


def test_core_has_just_started(harbor: Simulator) -> None:
    harbor.switch("core-just-started")
    everybody_else = ["database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy"]
    assert components(harbor) == dict.fromkeys(everybody_else, "unknown status")
    assert get(harbor, V2, auth=LOGIN).status_code == 200


def test_core_is_unavailable(harbor: Simulator) -> None:
    harbor.switch("core-unavailable")
    for path in CORE_PATHS:
        response = get(harbor, path)
        assert (response.status_code, "X-Request-Id" in response.headers) == (503, True)
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert get(harbor, "/").status_code == 200


def test_locked_tables_hang_logins_only(harbor: Simulator) -> None:
    harbor.switch("tables-locked")
    assert [get(harbor, path).status_code for path in (HEALTH, SYSTEMINFO, V2)] == [200, 200, 401]
    for path in (HEALTH, SYSTEMINFO, TOKEN):
        assert get(harbor, path, auth=LOGIN).status_code == 504
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(harbor, V2, auth=LOGIN, timeout=0.5)


def test_locked_table_of_robots_hangs_robots_alone(harbor: Simulator) -> None:
    harbor.switch("robots-locked")
    assert get(harbor, SYSTEMINFO, auth=LOGIN).status_code == 504
    assert get(harbor, SYSTEMINFO, auth=("admin", "wrong")).status_code == 200
    assert [get(harbor, path).status_code for path in (HEALTH, SYSTEMINFO, V2)] == [200, 200, 401]


def test_a_database_that_stays_down_takes_systeminfo_along(harbor: Simulator) -> None:
    harbor.switch("database-down")
    assert [get(harbor, path, auth=LOGIN).status_code for path in (SYSTEMINFO, V2)] == [500, 401]


def test_the_ingress_routes_wrongly(harbor: Simulator) -> None:
    for switch, paths in (
        ("misrouted-api", (HEALTH, TOKEN)),
        ("misrouted-v2", (V2,)),
        ("misrouted-token", (TOKEN,)),
    ):
        harbor.switch(switch)
        for path in CORE_PATHS:
            response = get(harbor, path)
            is_portal = "<harbor-app>" in response.text and "X-Request-Id" not in response.headers
            assert is_portal == (path in paths or (path == SYSTEMINFO and switch == "misrouted-api"))
    harbor.switch("refused-token")
    assert [get(harbor, path).status_code for path in (HEALTH, TOKEN, V2)] == [200, 403, 401]
    harbor.switch("misrouted-portal")
    response = get(harbor, "/")
    assert (response.status_code, "harbor" in response.text.lower()) == (200, False)


@pytest.mark.parametrize(
    ("switch", "realm"),
    [
        ("realm-http", "http://localhost:{}/service/token"),
        ("realm-foreign-host", "https://registry.example.net/service/token"),
    ],
)
def test_the_realm_is_wrong(harbor: Simulator, switch: str, realm: str) -> None:
    harbor.switch(switch)
    challenge = get(harbor, V2).headers["Www-Authenticate"]
    assert challenge == f'Bearer realm="{realm.format(harbor.port)}",service="harbor-registry"'


def test_the_gateway_waits_15_times_longer_on_v2() -> None:
    with Simulator("registry-frozen", "portal-frozen", gateway_timeout=0.05) as harbor:
        portal, v2 = get(harbor, "/"), get(harbor, V2, auth=LOGIN)
    assert [(r.status_code, r.reason) for r in (portal, v2)] == [(504, "Gateway Time-out")] * 2
    assert 0.05 <= portal.elapsed.total_seconds() < 0.75 <= v2.elapsed.total_seconds()


def test_plain_http_where_tls_is_expected(harbor: Simulator) -> None:
    harbor.switch("plain-http")
    with pytest.raises(requests.exceptions.SSLError, match=r"(?i)wrong.version.number"):
        get(harbor, "/")


def test_old_tls_only(harbor: Simulator) -> None:
    harbor.switch("tls-1.1")
    with pytest.raises(requests.exceptions.SSLError, match=r"(?i)protocol.version|legacy.sigalg"):
        get(harbor, "/")
    assert b"Protocol  : TLSv1.1" in old_tls_handshake(harbor)


def old_tls_handshake(harbor: Simulator) -> bytes:
    """What the openssl command says after a handshake with TLS 1.1."""
    where = f"127.0.0.1:{harbor.port}"
    command = ["openssl", "s_client", "-connect", where, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False).stdout
