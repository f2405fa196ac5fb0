"""HTTP: redirects, bodies, cookies, and words for everything that can go wrong."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from harborlib.wire import deadline, tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import ANSWER, BODY, CERTIFICATE, CONNECT, CONTENT, ROUTE, TLS, Failure, Kind
from harborlib.wire.origin import Origin
from harborlib.wire.request import Answer, Request
from harborlib.wire.transport import Transport

import certifi
import pytest

from contract import wire
from contract.adversary import Adversary, answers, says
from harbor_simulator import Simulator
from harbor_simulator.certificates import ca_file

PING = Request("GET", "/api/v2.0/ping", {})


def transport(url: str, proxy: str | None = None) -> Transport:
    return Transport(Origin.parse(url), Route(), tls.context(ca_file(), None, None, True), proxy)


def send(url: str, request: Request = PING) -> Answer:
    return deadline.supervised(lambda: transport(url).send(request), 5)


def refusal(call: Callable[[], object]) -> tuple[Kind, str]:
    """Stage and words of the Failure that a call raises."""
    with pytest.raises(Failure) as failure:
        call()
    return failure.value.stage, failure.value.detail


def test_an_answer(harbor: Simulator) -> None:
    answer = send(harbor.url)
    assert (answer.status, answer.body, answer.path, answer.login) == (200, b"Pong", "/api/v2.0/ping", False)
    assert 0 < answer.elapsed < 5
    (request,) = harbor.requests
    assert request.headers["User-Agent"].startswith("check_harbor/")
    assert request.headers["Accept-Encoding"] == "identity"


def test_data_is_sent(harbor: Simulator) -> None:
    send(harbor.url, Request("POST", "/api/v2.0/ping", {"Content-Type": "application/json"}, b'{"a": 1}'))
    assert [(request.method, request.body) for request in harbor.requests] == [("POST", b'{"a": 1}')]


def test_one_connection_and_no_cookies(harbor: Simulator) -> None:
    client = transport(harbor.url)
    for _ in range(3):
        assert "sid=" in client.send(PING).headers["Set-Cookie"]
    assert [request.headers["Cookie"] for request in harbor.requests] == [None] * 3


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("/api/v2.0/health", "/api/v2.0/health"),
        ("health?a=b", "/api/v2.0/health"),
        ("{url}/v2/", "/v2/"),
        ("//{host}/v2/", "/v2/"),
    ],
)
def test_redirects_within_the_origin(harbor: Simulator, location: str, path: str) -> None:
    target = location.format(url=harbor.url, host=f"localhost:{harbor.port}")
    harbor.answer("/api/v2.0/ping", 307, {"Location": target})
    answer = send(harbor.url, PING._replace(headers={"Authorization": "Basic eA=="}))
    assert [request.path for request in harbor.requests] == ["/api/v2.0/ping", path]
    assert harbor.requests[1].authorization == "Basic"
    assert answer.path == "/api/v2.0/ping"


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (
            "https://elsewhere.example.com/x",
            "is redirected to https://elsewhere.example.com",
        ),
        ("http://localhost/x", "is redirected to http://localhost"),
        ("//h.example.com:444", "is redirected to https://h.example.com:444"),
        ("https://localhost:1/", "is redirected to https://localhost:1"),
        ("https://[::1", "is redirected to something that is not a URL"),
        ("https://localhost:99999/", "is redirected to something that is not a URL"),
        ("/api/v2.0/ping", "is redirected in a loop"),
    ],
)
def test_redirects_elsewhere(harbor: Simulator, location: str, words: str) -> None:
    harbor.answer("/api/v2.0/ping", 302, {"Location": location})
    assert refusal(lambda: send(harbor.url)) == (ROUTE, f"GET /api/v2.0/ping {words}")


def test_redirects_can_be_left_alone(harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/ping", 307, {"Location": "https://elsewhere.example.com/x"})
    answer = send(harbor.url, PING._replace(follow=False))
    assert (answer.status, answer.headers["Location"]) == (307, "https://elsewhere.example.com/x")


def test_a_body_that_is_too_large(harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/ping", body=b"x" * 1001)
    assert send(harbor.url, PING._replace(size=1001)).body == b"x" * 1001
    words = "the answer to GET /api/v2.0/ping is larger than 1000 bytes"
    assert refusal(lambda: send(harbor.url, PING._replace(size=1000))) == (BODY, words)


def test_a_body_piece_by_piece(harbor: Simulator) -> None:
    """Of a 200; what an error says is in the answer."""
    content = bytes(range(256)) * 2000
    digest = hashlib.sha256()

    def take(piece: bytes) -> bool:
        digest.update(piece)
        return True

    harbor.answer("/api/v2.0/ping", body=content)
    answer = send(harbor.url, PING._replace(sink=take, size=len(content)))
    assert (answer.body, digest.digest()) == (b"", hashlib.sha256(content).digest())
    harbor.answer("/api/v2.0/ping", 404, body=b"no")
    assert send(harbor.url, PING._replace(sink=take)).body == b"no"


@pytest.mark.parametrize(
    ("case", "stage", "words"),
    [
        ("nothing", ANSWER, "no answer from {where}: connection closed early"),
        ("ssh", ANSWER, "no answer from {where}: not HTTP"),
        ("header of a megabyte", ANSWER, "no answer from {where}: a header is too long"),
        ("length too long by one", BODY, "the answer to GET /api/v2.0/ping was cut off: connection closed early"),
        ("cut in a chunk", BODY, "the answer to GET /api/v2.0/ping was cut off: connection closed early"),
        ("negative chunk", BODY, "the answer to GET /api/v2.0/ping was cut off: connection closed early"),
        ("gzip", CONTENT, "the answer to GET /api/v2.0/ping is compressed, which was not requested"),
    ],
)
def test_broken_http(case: str, stage: Kind, words: str) -> None:
    with Adversary(wire.BROKEN[case]) as server:
        where = server.url.partition("//")[2]
        assert refusal(lambda: send(server.url)) == (stage, words.format(where=where))


def test_a_whole_answer_in_chunks() -> None:
    with Adversary(says(wire.CHUNKED + b"2\r\nPo\r\n2;x=y\r\nng\r\n0\r\nX-Trailer: 1\r\n\r\n")) as server:
        assert send(server.url).body == b"Pong"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
def test_an_answer_without_a_body(status: bytes) -> None:
    with Adversary(says(b"HTTP/1.1 " + status + b"\r\nContent-Length: 10\r\n\r\n")) as server:
        assert send(server.url).body == b""


def test_headers_are_read_whatever_their_case() -> None:
    with Adversary(answers(b"x", b"x-REQUEST-id: 7f")) as server:
        assert send(server.url).request_id == "7f"


@pytest.mark.parametrize(
    ("switch", "stage", "words"),
    [
        ("nginx-down", CONNECT, "cannot connect to localhost:{port}: Connection refused"),
        (
            "plain-http",
            TLS,
            "TLS handshake with localhost failed: the server does not speak TLS on this port (plain HTTP?)",
        ),
    ],
)
def test_no_answer(harbor: Simulator, switch: str, stage: Kind, words: str) -> None:
    harbor.switch(switch)
    found_stage, found = refusal(lambda: send(harbor.url))
    assert (found_stage, found.replace("127.0.0.1", "localhost")) == (stage, words.format(port=harbor.port))


def test_a_failure_knows_its_request(harbor: Simulator) -> None:
    harbor.certificate = "expired"
    with pytest.raises(Failure) as failure:
        send(harbor.url, PING._replace(headers={"Authorization": "Basic eA=="}))
    assert (failure.value.stage, failure.value.path, failure.value.login) == (CERTIFICATE, "/api/v2.0/ping", True)


def test_a_limit_of_its_own(harbor: Simulator) -> None:
    harbor.delay("/", 5)
    stage, words = refusal(lambda: transport(harbor.url).send(PING._replace(limit=0.2)))
    assert stage == ANSWER
    assert re.fullmatch(r"timed out after 0\.\d+ s waiting for the answer to GET /api/v2.0/ping", words)


def test_no_other_ca_comes_in_by_the_library(harbor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The urllib3 of Debian gives every connection the system's CAs, and would trust them beside --ca-file."""
    context = tls.context(ca_file(), None, None, True)
    trusted = context.get_ca_certs()
    client = Transport(Origin.parse(harbor.url), Route(), context, None)
    monkeypatch.setattr(client.adapter.pool, "ca_certs", certifi.where())
    assert deadline.supervised(lambda: client.send(PING), 5).status == 200
    assert context.get_ca_certs() == trusted
