"""The simulator's own manners: sockets and threads, answers of the test, versions, accounts, the command."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time

import pytest

from harbor_simulator import Account, Simulator

from .client import HEALTH, LOGIN, SYSTEMINFO, V2, connect, get, send, until


def open_files() -> set[str]:
    links = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            links.add(os.readlink(f"/proc/self/fd/{name}"))
    return links


class TestLife:
    def test_starts_and_stops_at_once(self) -> None:
        with Simulator():
            pass  # keys and certificates are made by now
        started, worked = time.perf_counter(), time.process_time()
        for _ in range(10):
            with Simulator("registry-down", "portal-frozen"):
                pass
        assert time.process_time() - worked < 10 * 0.02
        assert time.perf_counter() - started < 10 * 0.2  # on a machine that is busy with other things

    def test_leaves_no_thread_and_no_socket(self) -> None:
        threads, files = set(threading.enumerate()), open_files()
        with Simulator("core-frozen", "slow-drip-body@/styles.css", "endless-body@/main.js") as harbor:
            clients = [connect(harbor) for _ in range(8)]
            for client, path in zip(clients, (HEALTH, V2, "/styles.css", "/main.js", "/", "/")):
                send(client, path)
            waiting = socket.create_connection(("127.0.0.1", harbor.port))  # no handshake ever
            harbor.switch("host-silent")
            harbor.switch("nginx-frozen")
            started = time.perf_counter()
        assert time.perf_counter() - started < 10
        for sock in (*clients, waiting):
            sock.close()
        assert set(threading.enumerate()) <= threads
        assert open_files() <= files

    def test_three_hundred_hanging_requests_disturb_nobody(self, harbor: Simulator) -> None:
        harbor.world.gateway_timeout = 60.0
        harbor.switch("core-frozen")
        others = threading.active_count()  # what tests before this one have given up
        hanging = [connect(harbor) for _ in range(300)]
        for client in hanging:
            send(client, HEALTH)
        started = time.perf_counter()
        assert get(harbor, "/").status_code == 200
        assert time.perf_counter() - started < 10
        until(lambda: len(harbor.requests) == 301)
        harbor.switch("nginx-down")
        assert threading.active_count() < others + 20
        for client in hanging:
            client.close()
        harbor.world.gateway_timeout = 0.2

    def test_comes_back_on_the_same_port(self, harbor: Simulator) -> None:
        for switch in ("nginx-down", "nginx-frozen", "host-silent"):
            port = harbor.port
            harbor.switch(switch)
            harbor.reset()
            assert (harbor.port, get(harbor, "/").status_code) == (port, 200)

    def test_a_hang_ends_with_the_client(self) -> None:
        with Simulator("portal-frozen") as harbor:
            before = set(threading.enumerate())
            with connect(harbor) as client:
                send(client, "/")
                until(lambda: len(harbor.requests) == 1)
                (serving,) = set(threading.enumerate()) - before
                assert serving.is_alive()
            serving.join(5)
            assert not serving.is_alive()

    def test_remembers_what_it_was_asked(self, harbor: Simulator) -> None:
        get(harbor, HEALTH)
        get(harbor, SYSTEMINFO + "?a=b%20c&d=", auth=LOGIN, headers={"Host": "other.example"})
        get(harbor, V2, headers={"Authorization": "Bearer x"})
        seen = [(r.method, r.path, r.query, r.authorization, r.host) for r in harbor.requests]
        own = f"localhost:{harbor.port}"
        assert seen == [
            ("GET", HEALTH, {}, None, own),
            ("GET", SYSTEMINFO, {"a": "b c", "d": ""}, "Basic", "other.example"),
            ("GET", V2, {}, "Bearer", own),
        ]

    def test_speaks_plain_http_on_request(self) -> None:
        with Simulator(scheme="http") as harbor:
            assert harbor.url == f"http://localhost:{harbor.port}"
            response = get(harbor, HEALTH)
        assert response.status_code == 200
        assert "Secure" not in response.headers["Set-Cookie"]

    def test_keeps_connections_alive(self, harbor: Simulator) -> None:
        with connect(harbor) as client:
            for path in (HEALTH, V2, "/"):
                send(client, path)
                assert client.recv(65536).startswith(b"HTTP/1.1 ")


class TestAnswersOfTheTest:
    def test_any_answer_for_one_path(self, harbor: Simulator) -> None:
        harbor.switch("core-down")
        harbor.answer(HEALTH, body={"status": "healthy"})
        harbor.answer(V2, 401, {"Www-Authenticate": "Negotiate", "Content-Type": "text/html"}, "<p>No</p>")
        health, v2 = get(harbor, HEALTH + "?x=1"), get(harbor, V2)
        assert (health.status_code, health.headers["Content-Type"]) == (200, "application/json")
        assert health.json() == {"status": "healthy"}
        assert (v2.status_code, v2.headers["Content-Type"], v2.text) == (401, "text/html", "<p>No</p>")
        assert v2.headers["Www-Authenticate"] == "Negotiate"
        assert get(harbor, SYSTEMINFO).status_code == 502

    def test_any_delay_below_a_path(self, harbor: Simulator) -> None:
        harbor.delay("/api/", 0.5)
        assert get(harbor, V2).elapsed.total_seconds() < 0.5 <= get(harbor, HEALTH).elapsed.total_seconds()


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("text/plain", 200),
        ("text/html, text/*;q=0.5", 200),
        ("application/json", 422),
        ("text/html", 422),
    ],
)
def test_ping_has_plain_text_only(harbor: Simulator, accept: str, status: int) -> None:
    response = get(harbor, "/api/v2.0/ping", headers={"Accept": accept})
    assert (response.status_code, "X-Request-Id" in response.headers) == (status, True)
    if status == 422:
        assert response.json()["errors"][0]["message"].endswith("only [text/plain] are available")


class TestVersionsAndAccounts:
    def test_harbor_before_2_2_puts_the_status_first_and_sorts_nothing(self) -> None:
        with Simulator("registry-down", version="2.0") as harbor:
            text = get(harbor, HEALTH).text
            rows = get(harbor, HEALTH).json()["components"]
        names = [row["name"] for row in rows]
        assert text.startswith('{"status":"unhealthy","components":[{"name":')
        assert len(names) == 8
        assert names != sorted(names)

    @pytest.mark.parametrize(
        ("version", "anonymous", "text"), [("2.9.5", True, "v2.9.5-672ec4ad"), ("2.13", False, "v2.13.0-672ec4ad")]
    )
    def test_the_version_is_hidden_from_strangers_since_2_13(self, version: str, anonymous: bool, text: str) -> None:
        with Simulator(version=version) as harbor:
            assert ("harbor_version" in get(harbor, SYSTEMINFO).json()) == anonymous
            assert get(harbor, SYSTEMINFO, auth=LOGIN).json()["harbor_version"] == text

    @pytest.mark.parametrize(("version", "host"), [("2.13.0", "localhost:{}"), ("2.14.0", "other.example")])
    def test_the_realm_follows_the_host_header_since_2_14(self, version: str, host: str) -> None:
        with Simulator(version=version) as harbor:
            challenge = get(harbor, V2, headers={"Host": "other.example"}).headers["Www-Authenticate"]
            assert f'realm="https://{host.format(harbor.port)}/service/token"' in challenge

    def test_accounts_of_the_test(self) -> None:
        users = {"robot$a": Account("b", projects={"priv": ("pull", "push")})}
        with Simulator(users=users) as harbor:
            assert get(harbor, V2, auth=("robot$a", "b")).status_code == 200
            assert get(harbor, "/v2/priv/img/tags/list", auth=("robot$a", "b")).status_code == 200
            assert get(harbor, "/api/v2.0/systeminfo/volumes", auth=("robot$a", "b")).status_code == 403
