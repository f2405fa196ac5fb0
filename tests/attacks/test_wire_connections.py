"""Odd but lawful manners on the wire: interim answers, and connections that are closed before their next use."""

from __future__ import annotations

import contextlib
import re
import socket

from harborlib.wire.failure import ANSWER, Failure
from harborlib.wire.request import Request

import pytest

from attacks.client import send, transport
from contract import grammar
from contract.adversary import Adversary, head_of, says
from harbor_simulator import MONITOR
from harbor_simulator import tls as served
from harbor_simulator.certificates import ca_file
from support import runner
from support.listeners import listening

PING = Request("GET", "/api/v2.0/ping", {})
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Request-Id: 1\r\n\r\nPong"
GONE = b"GONE"  # a reply that is none: the connection ends


# Interim answers

INTERIM = {
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 99\r\n\r\n",
    "many": b"".join(b"HTTP/1.1 %d X\r\nX-Request-Id: 9\r\n\r\n" % number for number in (100, 102, 103, 100, 199)),
}


@pytest.mark.parametrize("case", INTERIM)
def test_interim_answers_are_passed_over(case: str) -> None:
    with Adversary(says(INTERIM[case] + FINAL)) as server:
        client = transport(server.url)
        answer = send(client, PING)
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
        client = transport(server.url)
        with pytest.raises(Failure) as failure:
            send(client, PING)
    assert failure.value.stage == ANSWER
    assert re.fullmatch(rf"no answer from localhost:\d+: {words}", failure.value.detail)


@pytest.mark.parametrize("case", INTERIM)
def test_interim_answers_as_process(case: str, plugin_python: str) -> None:
    """A CDN or Envoy in front may send them before any answer."""
    page = b"<title>Harbor</title>"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page)
    with Adversary(says(INTERIM[case] + head + page)) as server:
        outcome = runner.process("check_harbor_portal", "-H", server.url, "--ca-file", ca_file(), python=plugin_python)
    assert (grammar.checked(outcome).state, outcome.err) == ("OK", "")


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
        client = transport(f"https://localhost:{port}")
        for _ in range(3):
            assert send(client, PING).body == b"Pong"
    ping = "GET /api/v2.0/ping"
    assert fickle.asked == [[ping, ping], [ping], [ping]]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_sent_once(method: str, fickle: Fickle) -> None:
    """The server may have done it."""
    with listening(fickle) as port:
        client = transport(f"https://localhost:{port}")
        send(client, PING)
        with pytest.raises(Failure) as failure:
            send(client, PING._replace(method=method, data=b"x"))
    assert failure.value.stage == ANSWER
    assert failure.value.detail.startswith(f"no answer from localhost:{port}: ")
    assert [line for heard in fickle.asked for line in heard].count(f"{method} /api/v2.0/ping") == 1


def test_what_must_not_be_repeated_uses_no_kept_connection(fickle: Fickle) -> None:
    """A second login may lock the account: it goes where no closed connection can swallow it."""
    with listening(fickle) as port:
        client = transport(f"https://localhost:{port}")
        send(client, PING)
        assert send(client, PING._replace(path="/login", once=True)).body == b"Pong"
        fickle.answers = 0
        with pytest.raises(Failure):
            send(client, PING._replace(path="/login", once=True))
    assert [line for heard in fickle.asked for line in heard].count("GET /login") == 2
    assert [heard[0] for heard in fickle.asked] == ["GET /api/v2.0/ping", "GET /login", "GET /login"]


def test_a_new_connection_is_tried_once(fickle: Fickle) -> None:
    """A server that never answers is asked once."""
    fickle.answers = 0
    with listening(fickle) as port:
        client = transport(f"https://localhost:{port}")
        with pytest.raises(Failure) as failure:
            send(client, PING)
    assert failure.value.detail.startswith(f"no answer from localhost:{port}: ")
    assert fickle.asked == [["GET /api/v2.0/ping"]]


def test_a_connection_that_closes_again_is_no_answer(fickle: Fickle) -> None:
    """Only one second try: this server answers once in its life."""
    with listening(fickle) as port:
        client = transport(f"https://localhost:{port}")
        send(client, PING)
        fickle.answers = 0
        with pytest.raises(Failure):
            send(client, PING)
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
