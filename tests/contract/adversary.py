"""A server that is no Harbor: it answers each connection with bytes of the test's choice."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Callable

from harbor_simulator import tls

Reply = Callable[[bytes], Iterable[bytes]]


class Adversary:
    """Speaks TLS as `localhost` under the simulator's CA; `reply` gets the head of a request and yields what is sent.

    The connection ends with the reply, or with the adversary. To be used as a context manager.
    """

    def __init__(self, reply: Reply) -> None:
        context = tls.context("good", "localhost", "")
        self._streams: set[ssl.SSLSocket] = set()
        streams = self._streams

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as stream:
                    streams.add(stream)
                    for piece in reply(head_of(stream)):
                        stream.sendall(piece)

        self._server = Server(("127.0.0.1", 0), Handler)

    def __enter__(self) -> Adversary:
        threading.Thread(target=self._server.serve_forever, args=(0.005,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        for stream in list(self._streams):
            with contextlib.suppress(OSError):
                # Not SSLSocket's own shutdown: it would make the other thread continue in clear text.
                socket.socket.shutdown(stream, socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_address[1]}"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def head_of(stream: ssl.SSLSocket) -> bytes:
    """A request up to its empty line; raises OSError when the client leaves before."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = stream.recv(65536)
        if not received:
            raise ConnectionResetError
        head += received
    return head


def says(*pieces: bytes) -> Reply:
    """The same for every request."""
    return lambda head: pieces


def answers(body: bytes = b"42", *headers: bytes, status: bytes = b"200 OK") -> Reply:
    """A complete answer, which calls itself JSON."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: application/json", b"Content-Length: %d" % len(body), *headers]
    return says(b"\r\n".join(lines) + b"\r\n\r\n" + body)


def for_ever(start: bytes, *pieces: bytes) -> Reply:
    """A start, and then the same again and again."""

    def reply(head: bytes) -> Iterator[bytes]:
        yield start
        for piece in itertools.cycle(pieces):
            yield piece
            # 64 MB/s fill a memory soon enough. Small pieces come slowly: reading them takes much of the processor.
            time.sleep(0.001 if len(piece) > 10_000 else 0.01)

    return reply
