"""Servers that are no Harbor: a port with any manners, a TLS port with any context, a proxy."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator

Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def listening(serve: Serve) -> Iterator[int]:
    """A port on 127.0.0.1; every connection is served in a thread of its own and then closed."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client went away, or did not like what it saw
                serve(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 128  # a plugin that runs all others connects as often as they do together

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def tls(context: ssl.SSLContext) -> Serve:
    """A TLS handshake, and nothing after it."""

    def serve(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(1)

    return serve


def echoes(sock: socket.socket) -> None:
    """Gives back what it hears."""
    while heard := sock.recv(4096):
        sock.sendall(heard)


def delays(port: int, seconds: float) -> Serve:
    """A TCP proxy for a port on 127.0.0.1 that passes on each piece that a client sends so much later."""

    def serve(sock: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as behind:
            while True:
                for readable in select.select([sock, behind], [], [])[0]:
                    piece = readable.recv(65536)
                    if not piece:
                        return
                    if readable is sock:
                        time.sleep(seconds)
                    (behind if readable is sock else sock).sendall(piece)

    return serve


def says(text: bytes) -> Serve:
    """Hears something and gives always the same answer."""

    def serve(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(text)

    return serve


def proxy(asked: list[str], refusal: bytes = b"") -> Serve:
    """An HTTP proxy for CONNECT, which notes what it was asked for; `refusal` is its answer where it lets nobody."""

    def serve(sock: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(4096)
        target = head.split()[1].decode()
        asked.append(target)
        if refusal:
            sock.sendall(refusal)
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port))) as upstream:
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pump(sock, upstream)

    return serve


def pump(one: socket.socket, other: socket.socket) -> None:
    """Hand on what comes from either side until one of them is through."""
    while True:
        for source in select.select([one, other], [], [])[0]:
            data = source.recv(65536)
            if not data:
                return
            (other if source is one else one).sendall(data)
