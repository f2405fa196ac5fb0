"""Sockets that keep the deadline of the task, whatever the other end does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable

from harborlib.wire import deadline, sockets, tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import BODY, TLS, Failure

import pytest
import trustme

from support.listeners import Serve, listening

SECONDS = 0.4
LATE = 1.5  # seconds on a busy host


def connected(port: int) -> socket.socket:
    """A connection, whose task then reads."""
    sock = Route().dial("127.0.0.1", port)
    deadline.enter(BODY, "reading")
    return sock


def given_up(call: Callable[[], object]) -> Failure:
    """The Failure by which a task ends in time."""
    begun = time.monotonic()
    with pytest.raises(Failure) as failure:
        deadline.supervised(lambda: deadline.in_time(call, SECONDS), 20)
    assert SECONDS <= time.monotonic() - begun < LATE
    assert failure.value.hung
    return failure.value


def drips(sock: socket.socket) -> None:
    """A byte from time to time, without an end."""
    sock.recv(1)
    while True:
        sock.sendall(b"x")
        time.sleep(0.02)


def silent(sock: socket.socket) -> None:
    """Neither reads nor writes."""
    with contextlib.suppress(OSError):
        sock.recv(1)
        threading.Event().wait(5)


def read_line(port: int) -> bytes:
    """A line, as http.client reads it."""
    sock = connected(port)
    sock.sendall(b"?")
    return sock.makefile("rb").readline()


def read_bytes(port: int) -> bytes:
    """A fixed number of bytes."""
    sock = connected(port)
    sock.sendall(b"?")
    return sock.makefile("rb").read(1000)


def read_directly(port: int) -> None:
    """One piece after the other."""
    sock = connected(port)
    sock.sendall(b"?")
    while sock.recv(10):
        pass


def write(port: int) -> None:
    """More than the other end takes."""
    connected(port).sendall(bytes(50_000_000))


@pytest.mark.parametrize(
    ("manners", "call"),
    [(drips, read_line), (drips, read_bytes), (drips, read_directly), (silent, read_line), (silent, write)],
)
def test_ends_in_time(manners: Serve, call: Callable[[int], object]) -> None:
    with listening(manners) as port:
        failure = given_up(lambda: call(port))
    assert (failure.stage, failure.detail) == (BODY, f"timed out after {SECONDS} s reading")


def test_a_handshake_ends_in_time() -> None:
    context = tls.context(None, None, None, verify=False)
    with listening(silent) as port:
        failure = given_up(lambda: tls.shake_hands(Route().dial("127.0.0.1", port), context, "127.0.0.1"))
    told = f"timed out after {SECONDS} s in the TLS handshake with 127.0.0.1:{port}"
    assert (failure.stage, failure.detail) == (TLS, told)


def test_what_drips_through_tls_ends_in_time() -> None:
    authority, server = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)

    def secured(sock: socket.socket) -> None:
        with server.wrap_socket(sock, server_side=True) as safe:
            drips(safe)

    def read(port: int) -> bytes:
        context: ssl.SSLContext = tls.context(None, None, None, verify=False)
        with context.wrap_socket(connected(port)) as sock:
            assert isinstance(sock, sockets.Secure)
            sock.sendall(b"?")
            return sock.makefile("rb").readline()

    with listening(secured) as port:
        assert given_up(lambda: read(port)).stage == BODY


def test_one_that_hangs_is_closed() -> None:
    kept: list[socket.socket] = []

    def read(port: int) -> None:
        kept.append(connected(port))
        kept[0].recv(1)

    with listening(silent) as port:
        given_up(lambda: read(port))
    assert kept[0].fileno() == -1


def test_without_a_task_there_is_time() -> None:
    with listening(lambda sock: sock.sendall(b"hello")) as port, Route().dial("127.0.0.1", port) as sock:
        assert sock.recv(10) == b"hello"
