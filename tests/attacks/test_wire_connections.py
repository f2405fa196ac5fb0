"""Odd but lawful manners on the wire: interim answers, connections closed before their next use, proxies with TLS."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from harborlib.wire import deadline, tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import ANSWER, Failure
from harborlib.wire.origin import Origin
from harborlib.wire.request import Request
from harborlib.wire.transport import Transport

import pytest

import runner
from contract import grammar
from contract.adversary import Adversary, head_of, says
from harbor_simulator import MONITOR, Simulator
from harbor_simulator import tls as served
from harbor_simulator.certificates import ca_file
from listeners import listening, pump

PING = Request("GET", "/api/v2.0/ping", {})
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Request-Id: 1\r\n\r\nPong"
GONE = b"GONE"  # a reply that is none: the connection ends


def transport(port: int) -> Transport:
    origin = Origin.parse(f"https://localhost:{port}")
    return Transport(origin, Route(), tls.context(ca_file(), None, None, True), None)


# Interim answers

INTERIM = {
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 99\r\n\r\n",
    "many": b"".join(b"HTTP/1.1 %d X\r\nX-Request-Id: 9\r\n\r\n" % number for number in (100, 102, 103, 100, 199)),
}


@pytest.mark.parametrize("case", INTERIM)
def test_interim_answers_are_passed_over(case: str) -> None:
    with Adversary(says(INTERIM[case] + FINAL)) as server:
        client = transport(int(server.url.rpartition(":")[2]))
        answer = deadline.supervised(lambda: client.send(PING), 5)
    assert (answer.status, answer.body, answer.request_id) == (200, b"Pong", "1")
    assert "Link" not in answer.headers


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 102 Processing\r\n\r\n", "connection closed early"),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 5000, "a header is too long"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nPong", "not HTTP"),
    ],
)
def test_interim_answers_that_nothing_follows(said: bytes, words: str) -> None:
    with Adversary(says(said)) as server:
        client = transport(int(server.url.rpartition(":")[2]))
        with pytest.raises(Failure) as failure:
            deadline.supervised(lambda: client.send(PING), 5)
    assert failure.value.stage == ANSWER
    assert failure.value.detail.endswith(f" gives no answer: {words}")


@pytest.mark.parametrize("case", INTERIM)
def test_interim_answers_as_process(case: str, plugin_python: str) -> None:
    """A CDN or Envoy in front may send them before any answer."""
    page = b"<title>Harbor</title>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with Adversary(says(INTERIM[case] + head + page)) as server:
        outcome = runner.process("check_harbor_portal", "-H", server.url, "--ca-file", ca_file(), python=plugin_python)
    assert grammar.checked(outcome).state == "OK"


# Connections that are used again


class Fickle:
    """A TLS server that keeps every connection for one question more than it answers; `asked` is what each heard."""

    def __init__(self, answers: int = 1, manner: str = "close") -> None:
        self.answers = answers
        self.manner = manner
        self.asked: list[list[str]] = []

    def __call__(self, sock: socket.socket) -> None:
        heard: list[str] = []
        self.asked.append(heard)
        with served.context("good", "localhost", "").wrap_socket(sock, server_side=True) as stream:
            for _ in range(self.answers):
                heard.append(first_line(head_of(stream)))
                stream.sendall(FINAL)
            heard.append(first_line(head_of(stream)))
            if self.manner == "reset":
                # Closed at once, with an RST instead of an orderly end.
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            with contextlib.suppress(OSError):
                socket.socket.close(stream)


def first_line(head: bytes) -> str:
    return head.split(b" HTTP/", 1)[0].decode()


@pytest.fixture(params=["close", "reset"])
def fickle(request: pytest.FixtureRequest) -> Fickle:
    return Fickle(manner=request.param)


def test_a_get_is_sent_once_more_on_a_new_connection(fickle: Fickle) -> None:
    with listening(fickle) as port:
        client = transport(port)
        for _ in range(3):
            assert deadline.supervised(lambda: client.send(PING), 5).body == b"Pong"
    ping = "GET /api/v2.0/ping"
    assert fickle.asked == [[ping, ping], [ping], [ping]]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_sent_once(method: str, fickle: Fickle) -> None:
    """The server may have done it."""
    with listening(fickle) as port:
        client = transport(port)
        deadline.supervised(lambda: client.send(PING), 5)
        with pytest.raises(Failure) as failure:
            deadline.supervised(lambda: client.send(PING._replace(method=method, data=b"x")), 5)
    assert failure.value.stage == ANSWER
    assert failure.value.detail.startswith(f"localhost:{port} gives no answer: ")
    assert [line for heard in fickle.asked for line in heard].count(f"{method} /api/v2.0/ping") == 1


def test_a_new_connection_is_tried_once(fickle: Fickle) -> None:
    """A server that never answers is asked once."""
    fickle.answers = 0
    with listening(fickle) as port:
        client = transport(port)
        with pytest.raises(Failure) as failure:
            deadline.supervised(lambda: client.send(PING), 5)
    assert failure.value.detail.startswith(f"localhost:{port} gives no answer: ")
    assert fickle.asked == [["GET /api/v2.0/ping"]]


def test_a_connection_that_closes_again_is_no_answer(fickle: Fickle) -> None:
    """Only one second try: this server answers once in its life."""
    with listening(fickle) as port:
        client = transport(port)
        deadline.supervised(lambda: client.send(PING), 5)
        fickle.answers = 0
        with pytest.raises(Failure):
            deadline.supervised(lambda: client.send(PING), 5)
    assert len(fickle.asked) == 2


def test_a_server_that_closes_on_reuse_as_process(fickle: Fickle, tmp_path, plugin_python: str) -> None:
    """check_harbor_v2 with a login asks twice: the second question meets a closed connection."""
    global FINAL
    final = FINAL
    FINAL = b"HTTP/1.1 200 OK\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n\r\n{}"
    login = tmp_path / "authfile"
    login.touch(0o600)
    login.write_text(f"username={MONITOR}\npassword=sEcret\n")
    try:
        with listening(fickle) as port:
            command = ("-H", f"https://localhost:{port}", "--ca-file", ca_file(), "--authfile", str(login))
            outcome = runner.process("check_harbor_v2", *command, python=plugin_python)
    finally:
        FINAL = final
    assert grammar.checked(outcome).state == "OK"


# TLS behind a proxy


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
    assert printed.next_step.startswith(f"look at the proxy 127.0.0.1:{port}, given with --proxy")


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
    assert (printed.state, printed.text) == ("CRITICAL", f"{where} does not let us through: {words}")
    assert (
        printed.next_step == f"look at {where}, given with --proxy: is it up, and does it allow harbor.example.com:443?"
    )


def test_a_handshake_that_hangs_behind_a_proxy(plugin_python: str) -> None:
    def hangs(sock: socket.socket) -> None:
        while sock.recv(4096):
            pass

    with listening(tunnel_to(hangs)) as port:
        outcome = runner.process("check_harbor_health", "-H", "https://harbor.example.com", "-t", "4",
                                 "--proxy", f"127.0.0.1:{port}", python=plugin_python)  # fmt: skip
    words = f" s in the TLS handshake with harbor.example.com:443 through the proxy 127.0.0.1:{port}"
    assert grammar.checked(outcome).text.endswith(words), outcome.out
