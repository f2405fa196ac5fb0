"""From a name to a socket: every step named when it fails."""

from __future__ import annotations

import socket
import time
from argparse import Namespace
from collections.abc import Callable

from harborlib.wire import deadline, dial
from harborlib.wire.dial import Route
from harborlib.wire.failure import CONNECT, RESOLVE, TLS, Failure, Kind
from harborlib.wire.origin import where

import pytest

from harbor_simulator import Simulator
from support.listeners import listening, proxy, says


def refusal(call: Callable[[], object]) -> tuple[Kind, str]:
    """Stage and words of the Failure that a call raises."""
    with pytest.raises(Failure) as failure:
        call()
    return failure.value.stage, failure.value.detail


def test_a_connection() -> None:
    with listening(says(b"hello")) as port, Route().dial("localhost", port) as sock:
        sock.sendall(b"x")
        assert sock.recv(10) == b"hello"


def test_a_body_does_not_wait_behind_its_head() -> None:
    """Otherwise the kernel keeps it back until the head is acknowledged, which takes 40 ms."""
    with listening(says(b"hello")) as port, Route().dial("localhost", port) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_another_place() -> None:
    """--connect-to: the name is not looked up; without a port of its own it keeps that of the URL."""
    with listening(says(b"hello")) as port:
        for instead in (("127.0.0.1", port), ("127.0.0.1", 0)):
            with Route(instead).dial("harbor.invalid", port) as sock:
                assert sock.getpeername() == ("127.0.0.1", port)


@pytest.mark.parametrize("host", ["harbor.invalid", "x" * 64 + ".example.com", "a..example.com", "\x7f", "256.1.1.1"])
def test_names_without_an_address(host: str) -> None:
    stage, words = refusal(lambda: dial.resolve(host, 443, socket.AF_UNSPEC))
    assert stage == RESOLVE
    assert words.startswith(f"cannot resolve {host}: ")


def test_only_addresses_of_the_family() -> None:
    assert {entry[0] for entry in dial.resolve("localhost", 443, socket.AF_INET)} == {socket.AF_INET}
    assert refusal(lambda: dial.resolve("::1", 443, socket.AF_INET))[0] == RESOLVE


def test_refused() -> None:
    assert refusal(lambda: Route().dial("127.0.0.1", 1)) == (
        CONNECT,
        "cannot connect to 127.0.0.1:1: Connection refused",
    )


def address(port: int, host: str = "127.0.0.1") -> dial.Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))


def test_the_next_address_is_tried() -> None:
    with listening(says(b"hello")) as port:
        sock = dial.connect([address(1), address(port)], "harbor.example.com", port)
        assert sock.getpeername() == ("127.0.0.1", port)
        sock.close()


def test_one_that_hangs_leaves_time_for_the_next(harbor: Simulator) -> None:
    harbor.switch("host-silent")
    with listening(says(b"hello")) as port:
        started = time.monotonic()
        addresses = [address(harbor.port), address(port)]
        sock = deadline.supervised(lambda: dial.connect(addresses, "harbor.example.com", port), 2)
        assert 0.5 < time.monotonic() - started < 1.9
        sock.close()


def test_a_family_that_is_switched_off() -> None:
    odd = (socket.AF_INET, socket.SOCK_STREAM, 255, "", ("127.0.0.1", 1))
    assert refusal(lambda: dial.connect([odd], "harbor.example.com", 443))[0] == CONNECT
    assert refusal(lambda: dial.connect([], "harbor.example.com", 443))[1].endswith(": no address")


def test_a_hang_names_its_step(harbor: Simulator) -> None:
    harbor.switch("host-silent")
    # Closed, because it will come to be when the test is over.
    stage, words = refusal(lambda: deadline.supervised(lambda: Route().dial("127.0.0.1", harbor.port).close(), 1.55))
    assert (stage, words) == (CONNECT, f"timed out after 1.5 s connecting to 127.0.0.1:{harbor.port}")


def test_a_tunnel() -> None:
    asked: list[str] = []
    with listening(says(b"hello")) as port, listening(proxy(asked)) as proxy_port:
        sock = dial.tunnel(Route(), ("127.0.0.1", proxy_port), "localhost", port)
        sock.sendall(b"x")
        assert sock.recv(10) == b"hello"
        sock.close()
    assert asked == [f"localhost:{port}"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            "Tunnel connection failed: 407 Proxy Authentication Required",
        ),
        (b"", "Remote end closed connection without response"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n"),
    ],
)
def test_a_proxy_that_refuses(answer: bytes, words: str) -> None:
    with listening(says(answer)) as port:
        stage, told = refusal(lambda: dial.tunnel(Route(), ("127.0.0.1", port), "localhost", 443))
    assert (stage, told) == (CONNECT, f"the proxy 127.0.0.1:{port} refuses the connection: {words}")


def test_after_the_tunnel_comes_the_handshake() -> None:
    def work(port: int, proxy_port: int) -> tuple[Kind, str]:
        dial.tunnel(Route(), ("127.0.0.1", proxy_port), "localhost", port).close()
        return deadline.stage()

    with listening(says(b"hello")) as port, listening(proxy([])) as proxy_port:
        found = deadline.supervised(lambda: work(port, proxy_port), 5)
    assert found == (TLS, f"in the TLS handshake with localhost:{port} through the proxy 127.0.0.1:{proxy_port}")


@pytest.mark.parametrize(
    ("connect_to", "proxy", "option"),
    [(("node1", 1), None, "--connect-to"), (None, ("proxy", 1), "--proxy"), (None, None, "")],
)
def test_an_address_from_an_option_is_named(connect_to: object, proxy: object, option: str) -> None:
    """What cannot be reached is then the option's, not the URL's."""
    route = Route.of(Namespace(connect_to=connect_to, proxy=proxy, family=socket.AF_UNSPEC, replica=""))
    assert route.option == option
    told = f" (given with {option})" if option else ""
    words = refusal(lambda: route._replace(instead=None).dial("127.0.0.1", 1))[1]
    assert words == f"cannot connect to 127.0.0.1:1: Connection refused{told}"


@pytest.mark.parametrize(
    ("host", "shown"), [("harbor.example.com", "harbor.example.com:443"), ("2001:db8::1", "[2001:db8::1]:443")]
)
def test_where(host: str, shown: str) -> None:
    assert where(host, 443) == shown
