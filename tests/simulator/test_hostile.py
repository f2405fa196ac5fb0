"""Hostile answers arrive as hostile as their switches promise."""

from __future__ import annotations

import socket
import time

import pytest

from harbor_simulator import Simulator
from harbor_simulator.hostile import DISTORTIONS

from .client import CORE_PATHS, HEALTH, SYSTEMINFO, TOKEN, V2, connect, get, send


def test_each_has_its_switch_on_every_path(harbor: Simulator) -> None:
    for switch in DISTORTIONS:
        harbor.switch(switch)
        assert [prefixes for prefixes, _ in harbor.state.distortions] == [("/",)]


def test_a_prefix_narrows_them(harbor: Simulator) -> None:
    harbor.switch("status-404@/api/v2.0/projects", "html@/v2/", "status-429@/service/")
    paths = ("/", HEALTH, V2, "/api/v2.0/projects", TOKEN)
    assert [get(harbor, path).status_code for path in paths] == [200, 200, 200, 404, 429]


@pytest.mark.parametrize("code", [204, 401, 412, 429, 500, 503])
def test_any_status_on_all_of_core(harbor: Simulator, code: int) -> None:
    harbor.switch(f"status-{code}")
    assert [get(harbor, path).status_code for path in ("/", *CORE_PATHS)] == [200, *[code] * 4]


def test_reset_of_the_connection() -> None:
    # Over TLS some versions of Python hide the reset behind an end of file.
    with Simulator("reset", scheme="http") as harbor:
        client = socket.create_connection(("127.0.0.1", harbor.port), timeout=5)
        send(client, HEALTH)
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)


@pytest.mark.parametrize(("switch", "at_once"), [("slow-drip-header", b""), ("slow-drip-body", b"\r\n\r\n")])
def test_drips(harbor: Simulator, switch: str, at_once: bytes) -> None:
    harbor.switch(switch)
    with connect(harbor) as client:
        started = time.monotonic()
        send(client, HEALTH)
        if at_once:
            assert client.recv(65536).endswith(at_once)
        assert [len(client.recv(65536)) for _ in range(3)] == [1, 1, 1]
    assert time.monotonic() - started >= 0.4  # a drop falls every 0.2 s


def test_an_endless_body(harbor: Simulator) -> None:
    harbor.switch("endless-body")
    with get(harbor, "/", stream=True) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        assert len(response.raw.read(1_000_000)) == 1_000_000


def test_a_huge_body(harbor: Simulator) -> None:
    harbor.switch("huge-body")
    response = get(harbor, HEALTH)
    assert len(response.content) > 100_000_000
    assert response.json()["status"] == "healthy"


def test_a_truncated_body(harbor: Simulator) -> None:
    whole = get(harbor, HEALTH).content
    harbor.switch("truncated-body")
    with connect(harbor) as client:
        send(client, HEALTH)
        with client.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
    assert body == whole
    assert f"Content-Length: {len(whole) + 1000}\r\n".encode() in head


@pytest.mark.parametrize(
    ("switch", "location"),
    [
        ("redirect-loop", HEALTH + "?a=1"),
        ("redirect-foreign", "https://registry.example.net" + HEALTH + "?a=1"),
        ("redirect-http", "http://localhost:{}" + HEALTH + "?a=1"),
    ],
)
def test_redirects(harbor: Simulator, switch: str, location: str) -> None:
    harbor.switch(switch)
    response = get(harbor, HEALTH + "?a=1")
    assert (response.status_code, response.headers["Location"]) == (302, location.format(harbor.port))


@pytest.mark.parametrize(
    ("switch", "body"),
    [
        ("nested-json", b"[" * 100_000 + b"]" * 100_000),
        ("garbage-json", b'{"components":[{"name":"core","sta'),
        ("empty-body", b""),
    ],
)
def test_bodies_that_are_no_health(harbor: Simulator, switch: str, body: bytes) -> None:
    harbor.switch(switch)
    response = get(harbor, HEALTH)
    assert (response.headers["Content-Type"], response.content) == ("application/json", body)


def test_wrong_types(harbor: Simulator) -> None:
    harbor.switch("wrong-types")
    health = get(harbor, HEALTH).json()
    assert (list(health["components"]), health["status"]) == (["0"], 42)
    assert get(harbor, SYSTEMINFO).json()["primary_auth_mode"] == ["False"]
