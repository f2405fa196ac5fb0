"""The way to Harbor: --connect-to, -4 and -6, --proxy, --insecure."""

from __future__ import annotations

import socket
import socketserver
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract import grammar
from contract.conftest import ACCOUNTS, for_every_plugin
from harbor_simulator import Simulator
from support import runner
from support.listeners import listening, proxy, pump, says

REFUSALS = {
    "407": (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "407 Proxy Authentication Required"),
    "403": (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nForbidden", "403 Forbidden"),
    "odd bytes": (b"HTTP/1.1 502 a | b\x1b[2J\r\n\r\n", r"502 a / b\x1b[2J"),
    "garbage": (b"\x16\x03\x01\r\n\r\n", ""),
    "nothing": (b"", ""),
}


def hang(sock):
    """Take whatever comes, and say nothing."""
    while sock.recv(65536):
        pass


def fine(outcome):
    assert outcome.code == 0, outcome.out


def test_connect_to(here):
    """The name has no address: it is only for the certificate and the Host header."""
    with Simulator(host="harbor.test", users=ACCOUNTS) as harbor:
        for_every_plugin(lambda name: fine(here(name, "-I", "127.0.0.1", url=harbor.url)))
    assert {request.host for request in harbor.requests} == {f"harbor.test:{harbor.port}"}


def test_connect_to_a_closed_port(here):
    told = "cannot connect to 127.0.0.1:1: Connection refused (given with --connect-to)"

    def refused(name):
        printed = grammar.checked(here(name, "-I", "127.0.0.1:1"))
        assert (printed.state, printed.cause) == ("CRITICAL", told)
        assert printed.next_step == "check that 127.0.0.1:1 (--connect-to) is correct and up"

    for_every_plugin(refused)


def test_name_without_address(here):
    def unresolved(name):
        printed = grammar.checked(here(name, url="https://harbor.invalid"))
        assert printed.state == "CRITICAL"
        assert printed.cause.startswith("cannot resolve harbor.invalid: ")
        assert printed.next_step.endswith(": getent hosts harbor.invalid")

    for_every_plugin(unresolved)


def test_ipv4_only(here):
    def unresolved(name):
        fine(here(name, "-4"))
        printed = grammar.checked(here(name, "-4", "-I", "[::1]:1"))
        assert (printed.state, printed.cause[:42]) == ("CRITICAL", "cannot resolve ::1 to an IPv4 address (-4)")

    for_every_plugin(unresolved)


def test_ipv6_only(here, harbor):
    def unresolved(name):
        printed = grammar.checked(here(name, "-6", "-I", f"127.0.0.1:{harbor.port}"))
        assert (printed.state, printed.cause[:48]) == ("CRITICAL", "cannot resolve 127.0.0.1 to an IPv6 address (-6)")

    for_every_plugin(unresolved)
    with relay(harbor.port) as port:
        for_every_plugin(lambda name: fine(here(name, "-6", "-I", f"[::1]:{port}")))


def relay(port):
    """A port on ::1 that leads to one on 127.0.0.1."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection(("127.0.0.1", port)) as upstream:
                pump(self.request, upstream)

    class Relay(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6
        request_queue_size = 128
        daemon_threads = True

        def __enter__(self):
            threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
            return self.server_address[1]

        def __exit__(self, *_):
            self.shutdown()
            self.server_close()

    try:
        return Relay(("::1", 0), Handler)
    except OSError:
        pytest.skip("needs IPv6 on the loopback interface")


def test_proxy(here, harbor):
    asked: list[str] = []
    with listening(proxy(asked)) as port:

        def goes_there(name):
            asked.clear()
            fine(here(name, "--proxy", f"http://127.0.0.1:{port}"))
            assert set(asked) == {f"localhost:{harbor.port}"}

        for_every_plugin(goes_there)


def test_proxy_resolves_the_name(here):
    """Behind a proxy names need not be known here."""
    asked: list[str] = []
    with listening(proxy(asked, REFUSALS["403"][0])) as port:

        def goes_there(name):
            asked.clear()
            here(name, "--proxy", f"127.0.0.1:{port}", url="https://harbor.invalid")
            assert set(asked) == {"harbor.invalid:443"}

        for_every_plugin(goes_there)


@pytest.mark.parametrize("case", REFUSALS)
def test_proxy_refuses(case, here, harbor):
    answer, words = REFUSALS[case]
    with listening(says(answer)) as port:

        def refused(name):
            outcome = here(name, "--proxy", f"127.0.0.1:{port}")
            printed = grammar.checked(outcome)
            assert printed.state == "CRITICAL"
            assert printed.cause.startswith(f"the proxy 127.0.0.1:{port} refuses the connection: ")
            assert words in outcome.out
            assert harbor.requests == []

        for_every_plugin(refused)


def test_proxy_hangs(here):
    """All at once, because they only wait; then those that run all others."""
    others = [name for name in runner.NAMES if name not in runner.RUNS_OTHERS]
    with listening(hang) as port:

        def run(name):
            return here(name, "--proxy", f"127.0.0.1:{port}", "-t", "3")

        with ThreadPoolExecutor(len(others)) as pool:
            outcomes = [*pool.map(run, others), *map(run, runner.RUNS_OTHERS)]
    for outcome in outcomes:
        printed = grammar.checked(outcome)
        assert printed.state == "CRITICAL"
        assert f"asking the proxy 127.0.0.1:{port} for localhost:" in printed.text


def test_proxy_that_is_none(here):
    told = "cannot connect to 127.0.0.1:1: Connection refused (given with --proxy)"

    def refused(name):
        printed = grammar.checked(here(name, "--proxy", "127.0.0.1:1"))
        assert (printed.state, printed.cause) == ("CRITICAL", told)
        assert printed.next_step == "check that 127.0.0.1:1 (--proxy) is correct and up"

    for_every_plugin(refused)


def test_insecure(here, harbor):
    harbor.certificate = "self-signed"

    def ignores_it(name):
        assert grammar.checked(here(name)).state == "CRITICAL"
        outcome = here(name, "--insecure")
        fine(outcome)
        assert "certificate not verified (--insecure)" in outcome.out

    for_every_plugin(ignores_it)


@pytest.mark.parametrize("kind", ["expired", "not-yet-valid", "self-signed", "wrong-name", "incomplete-chain"])
def test_trusts_no_other_certificate(kind, here, harbor):
    """Without --insecure nothing that depends on a certificate goes unverified; with a wrong one nothing is asked."""
    harbor.certificate = kind

    def asks_nothing(name):
        harbor.requests.clear()
        assert grammar.checked(here(name)).state == "CRITICAL"
        # What runs all probes does so under --isolate: test_no_secret.py shows that no login goes past a certificate.
        assert harbor.requests == [] or name in runner.RUNS_OTHERS

    for_every_plugin(asks_nothing)
