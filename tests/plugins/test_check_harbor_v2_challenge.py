"""check_harbor_v2: which challenges a client can follow, and what is said of the others."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator

PERFDATA = "time=Ts;1;5;0"
STEP = (
    "Next: set external_url (chart: externalURL) to the address that clients use, then run ./prepare and "
    "docker compose up -d (or helm upgrade)"
)
NO_BEARER = "/v2/ answers 401 without a Bearer challenge: clients cannot log in"
LACKS = "the challenge of /v2/ lacks a realm or a service: clients cannot log in"
#: An answer without a challenge does not come from Harbor.
IN_FRONT = "Next: disable the reverse proxy's own authentication for /v2/: clients need Harbor's Bearer challenge"
SANE = 'Bearer realm="{url}/service/token",service="harbor-registry"'


def challenged(harbor: Simulator, header: str | None) -> None:
    """Let /v2/ answer 401 with this WWW-Authenticate header; {url} and {host} stand for the simulator's."""
    filled = (header or "").replace("{url}", harbor.url).replace("{host}", harbor.url.partition("://")[2])
    harbor.answer("/v2/", 401, {"WWW-Authenticate": filled} if header else {})


@pytest.mark.parametrize(
    "header",
    [
        SANE,
        'bearer REALM="{url}/service/token", Service=harbor-registry',
        'Bearer service="harbor-registry", scope="repository:a/b:pull,push", realm="{url}/service/token"',
        'Bearer realm="HTTPS://{host}/service/token",service="s"',
        'Basic realm="a, b", Bearer realm="{url}/service/token",service="s"',
        f'{SANE}, Basic realm="harbor"',
        'Negotiate, Bearer realm="{url}/service/token?a=1,2",service="harbor, \\"registry\\""',
    ],
)
def test_challenge_that_can_be_followed(check, harbor: Simulator, header: str) -> None:
    challenged(harbor, header)
    assert check("v2")[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (None, NO_BEARER),
        ('Basic realm="harbor"', NO_BEARER),
        ("Bearer", LACKS),
        ('Bearer service="s"', LACKS),
        ('Bearer realm="{url}/token"', LACKS),
        ('Bearer realm="",service="s"', LACKS),
        (
            'Bearer realm="/token",service="s"',
            LACKS,
        ),
        (
            'Bearer realm="http://{host}/token",service="s"',
            "the token realm is http://harbor.example.com/token: clients would send passwords in clear text or refuse",
        ),
        (
            'Bearer realm="https://core:8443/token",service="s"',
            "the token realm is on another host: https://core:8443/token, not on harbor.example.com",
        ),
        (
            'Bearer realm="https://{host}.example.net/token",service="s"',
            "the token realm is on another host: https://harbor.example.com.example.net/token, not on "
            "harbor.example.com",
        ),
        (
            'Bearer realm="https://{host}@example.net/token",service="s"',
            "the token realm is on another host: https://harbor.example.com@example.net/token, not on "
            "harbor.example.com",
        ),
    ],
)
def test_challenge_that_cannot_be_followed(check, harbor: Simulator, header: str | None, problem: str) -> None:
    challenged(harbor, header)
    step = STEP if header else IN_FRONT
    assert check("v2") == [f"HARBOR V2 CRITICAL - {problem} | {PERFDATA}", step, "exit code 2"]


@pytest.mark.parametrize("header", ['Basic realm="Bearer"', 'Basic realm="Restricted area"', "Negotiate", "NTLM"])
def test_login_of_a_reverse_proxy(check, harbor: Simulator, header: str) -> None:
    challenged(harbor, header)
    assert check("v2") == [
        f"HARBOR V2 CRITICAL - {NO_BEARER} | {PERFDATA}",
        IN_FRONT,
        "exit code 2",
    ]


def test_realm_on_http(check, harbor: Simulator) -> None:
    harbor.switch("realm-http")
    assert check("v2", "--isolate", login=True) == [
        "HARBOR V2 CRITICAL - the token realm is http://harbor.example.com/service/token: "
        f"clients would send passwords in clear text or refuse | {PERFDATA}",
        STEP,
        "exit code 2",
    ]


def test_realm_on_http_is_right_for_a_harbor_on_http(check) -> None:
    with Simulator(scheme="http") as harbor:
        assert check("v2", against=harbor)[-1] == "exit code 0"


def test_realm_on_another_host(check, harbor: Simulator) -> None:
    harbor.switch("realm-foreign-host")
    assert check("v2", login=True) == [
        "HARBOR V2 CRITICAL - the token realm is on another host: https://registry.example.net/service/token, "
        f"not on harbor.example.com | {PERFDATA}",
        STEP,
        "exit code 2",
    ]


def test_two_findings_at_once(check, harbor: Simulator) -> None:
    harbor.switch("realm-foreign-host", "registry-down")
    problem = (
        "the token realm is on another host: https://registry.example.net/service/token, not on harbor.example.com"
    )
    assert check("v2", login=True) == [
        f"HARBOR V2 CRITICAL - {problem}, 502 from the... | {PERFDATA}",
        f"CRITICAL: {problem}",
        "CRITICAL: 502 from the registry, Harbor says registry is unhealthy",
        STEP,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("host", "url", "realm"),
    [
        ("harbor.example.com", "https://harbor.example.com", "https://harbor.example.com/service/token"),
        ("harbor.example.com", "https://harbor.example.com", "https://Harbor.Example.COM:443/service/token"),
        ("harbor.example.com", "https://HARBOR.example.com:443", "https://harbor.example.com/service/token"),
        ("harbor.example.com", "https://harbor.example.com:8443", "https://harbor.example.com:8443/service/token"),
        ("::1", "https://[::1]", "https://[::1]/service/token"),
        ("::1", "https://[::1]:443", "https://[::1]:443/service/token"),
        ("::1", "https://[::1]:8443", "https://[::1]:8443/service/token"),
        ("127.0.0.1", "127.0.0.1", "https://127.0.0.1:443/service/token"),
    ],
)
def test_same_host_in_other_words(check, host: str, url: str, realm: str) -> None:
    with Simulator(host=host) as harbor:
        challenged(harbor, f'Bearer realm="{realm}",service="harbor-registry"')
        outcome = check("v2", "--connect-to", f"127.0.0.1:{harbor.port}", against=harbor, url=url)
    assert outcome[-1] == "exit code 0", outcome


def test_other_port_is_another_host(check) -> None:
    with Simulator(host="harbor.example.com") as harbor:
        challenged(harbor, 'Bearer realm="https://harbor.example.com:8443/service/token",service="harbor-registry"')
        target = f"127.0.0.1:{harbor.port}"
        assert check("v2", "-I", target, against=harbor, url="https://harbor.example.com")[0] == (
            "HARBOR V2 CRITICAL - the token realm is on another host: https://harbor.example.com:8443/service/token, "
            f"not on harbor.example.com | {PERFDATA}"
        )
