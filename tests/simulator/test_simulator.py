"""The simulator's own manners: sockets and threads, switches that compose, answers beyond the recordings."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest
import requests

from . import MONITOR, MONITOR_SECRET, Account, Simulator
from .faults import FAULTS, State
from .hostile import DISTORTIONS

HEALTH, SYSTEMINFO, V2, TOKEN = "/api/v2.0/health", "/api/v2.0/systeminfo", "/v2/", "/service/token"
CORE_PATHS = (HEALTH, SYSTEMINFO, V2, TOKEN)
LOGIN = (MONITOR, MONITOR_SECRET)


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator(gateway_timeout=0.2) as simulator:
        yield simulator


@pytest.fixture
def harbor(shared: Simulator) -> Iterator[Simulator]:
    yield shared
    shared.reset()


def get(harbor: Simulator, path: str, **options: object) -> requests.Response:
    """One request on a connection of its own, without redirects."""
    settings = {"verify": harbor.ca_file, "timeout": 30, "allow_redirects": False, **options}
    return requests.get(harbor.url + path, **settings)


def connect(harbor: Simulator) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=harbor.ca_file)
    sock = socket.create_connection(("127.0.0.1", harbor.port), timeout=30)
    return context.wrap_socket(sock, server_hostname="localhost")


def send(sock: socket.socket, path: str) -> None:
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def components(harbor: Simulator) -> dict[str, str]:
    """The unhealthy ones with their errors."""
    rows = get(harbor, HEALTH).json()["components"]
    return {row["name"]: row["error"] for row in rows if row["status"] != "healthy"}


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
        for client in (*clients, waiting):
            client.close()
        assert set(threading.enumerate()) <= threads
        assert open_files() <= files

    def test_three_hundred_hanging_requests_disturb_nobody(self, harbor: Simulator) -> None:
        harbor.gateway_timeout = 60.0
        harbor.switch("core-frozen")
        hanging = [connect(harbor) for _ in range(300)]
        for client in hanging:
            send(client, HEALTH)
        started = time.perf_counter()
        assert get(harbor, "/").status_code == 200
        assert time.perf_counter() - started < 10
        until(lambda: len(harbor.requests) == 301)
        harbor.switch("nginx-down")
        assert threading.active_count() < 20
        for client in hanging:
            client.close()
        harbor.gateway_timeout = 0.2

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

    def test_speaks_plain_http_when_told(self) -> None:
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


class TestSwitches:
    def test_names_that_nobody_knows_are_refused(self) -> None:
        for name in ("registry-dwon", "status-4", "registry-down@/v2/"):
            with pytest.raises(ValueError, match=f"no such switch: {name}"):
                Simulator(name)
        with pytest.raises(ValueError, match="no such certificate: godo"):
            Simulator(certificate="godo")
        with pytest.raises(KeyError):
            State().part("regsitry")

    def test_two_conditions_of_one_part_are_refused(self) -> None:
        with pytest.raises(ValueError, match="registry-frozen: registry is down already"):
            Simulator("registry-down", "registry-frozen")

    @pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
    def test_failures_of_different_parts_compose(self, harbor: Simulator) -> None:
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

    def test_reset_heals_everything(self, harbor: Simulator) -> None:
        harbor.switch("core-down", "status-500@/")
        harbor.certificate = "expired"
        harbor.answer("/", 418)
        harbor.delay("/", 9)
        harbor.reset()
        assert harbor.requests == []
        assert [get(harbor, path).status_code for path in ("/", HEALTH)] == [200, 200]

    @pytest.mark.parametrize("switch", ["nginx-down", "nginx-frozen", "host-silent"])
    def test_no_connection_of_use(self, harbor: Simulator, switch: str) -> None:
        harbor.switch(switch)
        expected = {
            "nginx-down": (requests.exceptions.ConnectionError, "Connection refused"),
            "nginx-frozen": (requests.exceptions.ReadTimeout, "timed out"),
            "host-silent": (requests.exceptions.ConnectTimeout, "timed out"),
        }
        problem, text = expected[switch]
        with pytest.raises(problem, match=text):
            get(harbor, "/", timeout=0.3)

    def test_a_health_that_is_stale_says_healthy(self, harbor: Simulator) -> None:
        for switch in ("registry-down", "redis-down", "database-down", "database-frozen", "trivy-down"):
            harbor.switch(switch, "stale-health")
            assert components(harbor) == {}

    def test_core_has_just_started(self, harbor: Simulator) -> None:
        harbor.switch("core-just-started")
        everybody_else = ["database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy"]
        assert components(harbor) == dict.fromkeys(everybody_else, "unknown status")
        assert get(harbor, V2, auth=LOGIN).status_code == 200

    def test_core_is_unavailable(self, harbor: Simulator) -> None:
        harbor.switch("core-unavailable")
        for path in CORE_PATHS:
            response = get(harbor, path)
            assert (response.status_code, "X-Request-Id" in response.headers) == (503, True)
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert get(harbor, "/").status_code == 200

    def test_locked_tables_hang_logins_only(self, harbor: Simulator) -> None:
        harbor.switch("tables-locked")
        assert [get(harbor, path).status_code for path in (HEALTH, SYSTEMINFO, V2)] == [200, 200, 401]
        for path in (HEALTH, SYSTEMINFO, TOKEN):
            assert get(harbor, path, auth=LOGIN).status_code == 504
        with pytest.raises(requests.exceptions.ReadTimeout):
            get(harbor, V2, auth=LOGIN, timeout=0.5)

    def test_a_database_that_stays_down_takes_systeminfo_along(self, harbor: Simulator) -> None:
        harbor.switch("database-down")
        assert [get(harbor, path, auth=LOGIN).status_code for path in (SYSTEMINFO, V2)] == [500, 401]

    def test_the_ingress_routes_wrongly(self, harbor: Simulator) -> None:
        for switch, paths in (("misrouted-api", (HEALTH, TOKEN)), ("misrouted-v2", (V2,))):
            harbor.switch(switch)
            for path in CORE_PATHS:
                response = get(harbor, path)
                is_portal = "<harbor-app>" in response.text and "X-Request-Id" not in response.headers
                assert is_portal == (path in paths or (path == SYSTEMINFO and switch == "misrouted-api"))
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
    def test_the_realm_is_wrong(self, harbor: Simulator, switch: str, realm: str) -> None:
        harbor.switch(switch)
        challenge = get(harbor, V2).headers["Www-Authenticate"]
        assert challenge == f'Bearer realm="{realm.format(harbor.port)}",service="harbor-registry"'

    def test_the_gateway_waits_15_times_longer_on_v2(self) -> None:
        with Simulator("registry-frozen", "portal-frozen", gateway_timeout=0.05) as harbor:
            portal, v2 = get(harbor, "/"), get(harbor, V2, auth=LOGIN)
        assert [(r.status_code, r.reason) for r in (portal, v2)] == [(504, "Gateway Time-out")] * 2
        assert 0.05 <= portal.elapsed.total_seconds() < 0.75 <= v2.elapsed.total_seconds()

    def test_plain_http_where_tls_is_expected(self, harbor: Simulator) -> None:
        harbor.switch("plain-http")
        with pytest.raises(requests.exceptions.SSLError, match=r"(?i)wrong.version.number"):
            get(harbor, "/")

    def test_old_tls_only(self, harbor: Simulator) -> None:
        harbor.switch("tls-1.1")
        with pytest.raises(requests.exceptions.SSLError, match=r"(?i)protocol.version"):
            get(harbor, "/")
        assert b"Protocol  : TLSv1.1" in old_tls_handshake(harbor)


def old_tls_handshake(harbor: Simulator) -> bytes:
    """What the openssl command says after a handshake with TLS 1.1."""
    where = f"127.0.0.1:{harbor.port}"
    command = ["openssl", "s_client", "-connect", where, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False).stdout


class TestHostileAnswers:
    def test_each_has_its_switch_on_every_path(self, harbor: Simulator) -> None:
        for switch in DISTORTIONS:
            harbor.switch(switch)
            assert [prefixes for prefixes, _ in harbor.state.distortions] == [("/",)]

    def test_a_prefix_narrows_them(self, harbor: Simulator) -> None:
        harbor.switch("status-404@/api/v2.0/projects", "html@/v2/", "status-429@/service/")
        paths = ("/", HEALTH, V2, "/api/v2.0/projects", TOKEN)
        assert [get(harbor, path).status_code for path in paths] == [200, 200, 200, 404, 429]

    @pytest.mark.parametrize("code", [204, 401, 412, 429, 500, 503])
    def test_any_status_on_all_of_core(self, harbor: Simulator, code: int) -> None:
        harbor.switch(f"status-{code}")
        assert [get(harbor, path).status_code for path in ("/", *CORE_PATHS)] == [200, *[code] * 4]

    def test_reset_of_the_connection(self) -> None:
        # Over TLS some versions of Python hide the reset behind an end of file.
        with Simulator("reset", scheme="http") as harbor:
            client = socket.create_connection(("127.0.0.1", harbor.port), timeout=5)
            send(client, HEALTH)
            with client, pytest.raises(ConnectionResetError):
                client.recv(1)

    @pytest.mark.parametrize(("switch", "at_once"), [("slow-drip-header", b""), ("slow-drip-body", b"\r\n\r\n")])
    def test_drips(self, harbor: Simulator, switch: str, at_once: bytes) -> None:
        harbor.switch(switch)
        with connect(harbor) as client:
            started = time.monotonic()
            send(client, HEALTH)
            if at_once:
                assert client.recv(65536).endswith(at_once)
            assert [len(client.recv(65536)) for _ in range(3)] == [1, 1, 1]
        assert time.monotonic() - started >= 0.4  # a drop falls every 0.2 s

    def test_an_endless_body(self, harbor: Simulator) -> None:
        harbor.switch("endless-body")
        with get(harbor, "/", stream=True) as response:
            assert response.headers["Transfer-Encoding"] == "chunked"
            assert len(response.raw.read(1_000_000)) == 1_000_000

    def test_a_huge_body(self, harbor: Simulator) -> None:
        harbor.switch("huge-body")
        response = get(harbor, HEALTH)
        assert len(response.content) > 100_000_000
        assert response.json()["status"] == "healthy"

    def test_a_truncated_body(self, harbor: Simulator) -> None:
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
    def test_redirects(self, harbor: Simulator, switch: str, location: str) -> None:
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
    def test_bodies_that_are_no_health(self, harbor: Simulator, switch: str, body: bytes) -> None:
        harbor.switch(switch)
        response = get(harbor, HEALTH)
        assert (response.headers["Content-Type"], response.content) == ("application/json", body)

    def test_wrong_types(self, harbor: Simulator) -> None:
        harbor.switch("wrong-types")
        health = get(harbor, HEALTH).json()
        assert (list(health["components"]), health["status"]) == (["0"], 42)
        assert get(harbor, SYSTEMINFO).json()["primary_auth_mode"] == ["False"]


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


class TestCommand:
    command = (sys.executable, "-W", "error", str(Path(__file__).parent))

    def test_lists_every_switch(self) -> None:
        done = subprocess.run([*self.command, "--list"], capture_output=True, text=True, timeout=30, check=True)
        names = [line.split()[0] for line in done.stdout.splitlines()]
        assert names == [*FAULTS, *DISTORTIONS, "status-NNN"]
        assert done.stderr == ""

    @pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
    def test_serves_until_it_is_told_to_stop(self, end: signal.Signals) -> None:
        options = ["--switch", "registry-down", "--switch", "portal-down", "--certificate", "days-left=5"]
        with subprocess.Popen([*self.command, *options], stdout=subprocess.PIPE, text=True) as process:
            said = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
            login = (said["username"], said["password"])
            response = requests.get(said["url"] + V2, auth=login, verify=said["ca_file"], timeout=30)
            process.send_signal(end)
            assert process.wait(timeout=30) == 0
        assert response.status_code == 502
        assert not Path(said["ca_file"]).exists()

    def test_refuses_what_it_does_not_know(self) -> None:
        for options in (["--switch", "nonsense"], ["--certificate", "nonsense"]):
            done = subprocess.run([*self.command, *options], capture_output=True, text=True, timeout=30, check=False)
            assert (done.returncode, "nonsense" in done.stderr.splitlines()[-1]) == (2, True)
            assert "Traceback" not in done.stderr
