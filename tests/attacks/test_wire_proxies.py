"""A proxy on the way: what fails in it or behind it names it."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from contract import grammar
from harbor_simulator import Simulator
from harbor_simulator import tls as served
from harbor_simulator.certificates import ca_file
from support import runner
from support.listeners import listening, pump


def tunnel_to(serve: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """A proxy that lets everybody through, to `serve` whatever was asked for."""

    def answer(sock: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        serve(sock)

    return answer


def closes(sock: socket.socket) -> None:
    sock.recv(4096)


def talks(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.sendall(b"<html>Please log in</html>")


def resets(sock: socket.socket) -> None:
    sock.recv(1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    sock.close()


def alerts(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.sendall(b"\x15\x03\x01\x00\x02\x02\x28")


def intercepts(sock: socket.socket) -> None:
    """As a proxy does that reads along: under a CA of its own."""
    with served.context("self-signed", "localhost", "").wrap_socket(sock, server_side=True):
        pass


BEHIND = {
    "closes": (closes, "connection closed in the handshake"),
    "talks": (talks, "the server does not speak TLS on this port (plain HTTP?)"),
    "alerts": (alerts, "refused by the server"),
    "resets": (resets, "Connection"),  # the rest is cut off
}


@pytest.mark.parametrize("name", ["check_harbor_health", "check_harbor_certificate"])
@pytest.mark.parametrize("case", BEHIND)
def test_a_handshake_that_fails_behind_a_proxy_names_it(name: str, case: str, plugin_python: str) -> None:
    serve, words = BEHIND[case]
    with listening(tunnel_to(serve)) as port:
        outcome = runner.process(name, "-H", "https://harbor.example.com", "--proxy", f"127.0.0.1:{port}",
                                 python=plugin_python)  # fmt: skip
    printed = grammar.checked(outcome)
    assert printed.state == "CRITICAL"
    assert words in outcome.out
    assert "harbor.example.com" in printed.text
    assert f"through the proxy 127.0.0.1:{port}" in outcome.out
    assert printed.next_step.startswith(f"check that the proxy 127.0.0.1:{port} (--proxy)")


def test_a_proxy_that_reads_along_is_named(plugin_python: str) -> None:
    with listening(tunnel_to(intercepts)) as port:
        outcome = runner.process("check_harbor_health", "-H", "https://harbor.example.com", "--ca-file", ca_file(),
                                 "--proxy", f"127.0.0.1:{port}", python=plugin_python)  # fmt: skip
    printed = grammar.checked(outcome)
    assert (printed.state, printed.text) == (
        "CRITICAL", f"certificate does not verify: self-signed certificate (through the proxy 127.0.0.1:{port})"
    )  # fmt: skip


def test_a_name_that_is_wrong_behind_a_proxy_is_harbors(harbor: Simulator, plugin_python: str) -> None:
    """And not that of the proxy, which the connection was made to."""

    def serve(sock: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", harbor.port)) as upstream:
            pump(sock, upstream)

    with listening(tunnel_to(serve)) as port:
        outcome = runner.process("check_harbor_health", "-H", "https://harbor.example.com", "--ca-file", ca_file(),
                                 "--proxy", f"127.0.0.1:{port}", python=plugin_python)  # fmt: skip
    assert grammar.checked(outcome).text == (
        f"certificate does not verify: not valid for harbor.example.com (through the proxy 127.0.0.1:{port})"
    )


@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (alerts, "it speaks TLS, and --proxy needs plain HTTP"),
        (resets, "Connection reset by peer"),
    ],
)
def test_a_proxy_with_troubles_of_its_own(
    serve: Callable[[socket.socket], None], words: str, plugin_python: str
) -> None:
    with listening(serve) as port:
        outcome = runner.process("check_harbor_health", "-H", "https://harbor.example.com",
                                 "--proxy", f"127.0.0.1:{port}", python=plugin_python)  # fmt: skip
    where = f"the proxy 127.0.0.1:{port}"
    printed = grammar.checked(outcome)
    assert (printed.state, printed.text) == ("CRITICAL", f"{where} refuses the connection: {words}")
    assert printed.next_step == f"check that {where} (--proxy) is up and allows harbor.example.com:443"


def test_a_handshake_that_hangs_behind_a_proxy(plugin_python: str) -> None:
    def hangs(sock: socket.socket) -> None:
        while sock.recv(4096):
            pass

    with listening(tunnel_to(hangs)) as port:
        outcome = runner.process("check_harbor_health", "-H", "https://harbor.example.com", "-t", "4",
                                 "--proxy", f"127.0.0.1:{port}", python=plugin_python)  # fmt: skip
    words = f" s in the TLS handshake with harbor.example.com:443 through the proxy 127.0.0.1:{port}"
    assert grammar.checked(outcome).text.endswith(words), outcome.out
