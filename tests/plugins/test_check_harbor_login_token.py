"""check_harbor_login: the token and its claims, line by line."""

from __future__ import annotations

import base64
import email.utils
import json
import re
import time
from collections.abc import Callable

import pytest

from harbor_simulator import Simulator, tokens
from support.logins import ACTIONS, PERFDATA, REPOSITORY, ROBOT, SECRET

CLOCKS = (
    "Next: compare date -u here with docker exec harbor-core date -u (or the same in the core pod), and correct "
    "the wrong clock"
)
Check = Callable[..., list[str]]


def granted(canary_harbor: Simulator, now: float | None = None, **claims: object) -> None:
    """Let the token service grant a token with these claims, at this time of its clock."""
    moment = time.time() if now is None else now
    usual = {"iss": tokens.ISSUER, "sub": ROBOT, "aud": tokens.SERVICE, "iat": int(moment), "nbf": int(moment)}
    access = [{"type": "repository", "name": REPOSITORY, "actions": list(ACTIONS)}]
    token = tokens.sign({**usual, "exp": int(moment) + 1800, "access": access, **claims})
    date = email.utils.formatdate(moment, usegmt=True)
    canary_harbor.answer("/service/token", 200, {"Date": date}, {"token": token})


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"exp": -61}, "the token expired 61 s ago by the server's own clock"),
        ({"nbf": 90}, "the token is not valid for another 90 s by the server's own clock"),
        ({"iat": 3600}, "the token is not valid for another 3600 s by the server's own clock"),
    ],
)
def test_times_against_the_servers_own_clock(
    login: Check, canary_harbor: Simulator, claims: dict[str, int], text: str
) -> None:
    moment = int(time.time()) - 86400 * 3
    shifted = {name: moment + seconds for name, seconds in claims.items()}
    granted(canary_harbor, moment, **shifted)
    lines = login()
    assert f"CRITICAL: {text}" in lines or lines[0].startswith(f"HARBOR LOGIN CRITICAL - {text} | ")
    assert lines[-2:] == [CLOCKS, "exit code 2"]


@pytest.mark.parametrize("seconds", [-59, 0, 59])
def test_a_minute_between_clocks_is_nothing(login: Check, canary_harbor: Simulator, seconds: int) -> None:
    moment = int(time.time())
    granted(canary_harbor, moment, nbf=moment + seconds, iat=moment + seconds)
    assert login()[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("skew", "text"),
    [
        (600, "the token is not valid for another N s by this host's clock"),
        (-3600, "the token expired N s ago by this host's clock"),
    ],
)
def test_our_clock_differs_from_the_servers(login: Check, canary_harbor: Simulator, skew: int, text: str) -> None:
    granted(canary_harbor, time.time() + skew)
    lines = login()
    assert re.sub(r"\d+ s", "N s", lines[0]) == f"HARBOR LOGIN WARNING - {text} | {PERFDATA}"
    assert lines[1:] == [CLOCKS, "exit code 1"]


def test_a_token_for_another_service(login: Check, canary_harbor: Simulator) -> None:
    granted(canary_harbor, aud="another-registry")
    assert login() == [
        f"HARBOR LOGIN CRITICAL - the token is for another-registry, not for harbor-registry | {PERFDATA}",
        "Next: check the routes of the reverse proxy: /service/ and /v2/ must lead to core of the same Harbor",
        "exit code 2",
    ]


def test_a_list_of_audiences(login: Check, canary_harbor: Simulator) -> None:
    granted(canary_harbor, aud=["another-registry", "harbor-registry"])
    assert login()[-1] == "exit code 0"


def test_a_strange_issuer(login: Check, canary_harbor: Simulator) -> None:
    granted(canary_harbor, iss="somebody")
    assert login() == [
        f"HARBOR LOGIN WARNING - the token's issuer is somebody, not harbor-token-issuer | {PERFDATA}",
        "Next: check the routes of the reverse proxy: /service/ and /v2/ must lead to core of the same Harbor",
        "exit code 1",
    ]


def test_a_token_under_its_other_name(login: Check, canary_harbor: Simulator) -> None:
    granted(canary_harbor)
    token = json.loads(canary_harbor._answers["/service/token"].body)["token"]
    canary_harbor.answer("/service/token", 200, {}, {"token": "", "access_token": token})
    assert login()[-1] == "exit code 0"


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\u0000b"}', b"\xff"])
def test_an_answer_without_a_token(login: Check, canary_harbor: Simulator, body: bytes) -> None:
    canary_harbor.answer("/service/token", 200, {"Content-Type": "application/json"}, body)
    assert login()[0] in (
        "HARBOR LOGIN CRITICAL - the token service sent no token",
        "HARBOR LOGIN UNKNOWN - unexpected answer to GET /service/token: not JSON",
    )


@pytest.mark.parametrize("claims", ['{"exp": 1e999}', '{"exp": NaN}', '{"exp": 1e300}', '{"nbf": -1}', '"claims"'])
def test_a_token_that_is_none(login: Check, canary_harbor: Simulator, claims: str) -> None:
    token = "e30." + base64.urlsafe_b64encode(claims.encode()).decode() + ".c2ln"
    canary_harbor.answer("/service/token", 200, {}, {"token": token})
    assert login()[0] == "HARBOR LOGIN UNKNOWN - the token of /service/token is not a JWT with claims"


@pytest.mark.parametrize("verbosity", ["-v", "-vvv"])
def test_what_the_server_echoes_stays_secret(login: Check, canary_harbor: Simulator, verbosity: str) -> None:
    basic = base64.b64encode(f"{ROBOT}:{SECRET}".encode()).decode()
    granted(canary_harbor, aud=f"{SECRET} {basic}", iss=SECRET)
    lines = login(verbosity)  # which looks for them in the output
    assert "***" in lines[0]
