"""Sockets and TLS: a listener on 127.0.0.1 with one thread per connection."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
from typing import Callable

from . import delivery
from .messages import Request, Response, read_request

IDLE_SECONDS = 65  # nginx's keepalive_timeout in Harbor's configuration
TLS_HANDSHAKE = b"\x16"


class Connection:
    """One client; `socket` may be a plain or a TLS one."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._interrupted = False

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Let time pass; False as soon as the client has gone (or the server stops)."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(seconds * 1000)

    def secure(self, context: ssl.SSLContext) -> None:
        """Turn to TLS."""
        secured = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = secured
        if self._interrupted:  # while the plain socket was gone and the secured one not yet known
            raise ConnectionAbortedError
        secured.do_handshake()

    def reset(self) -> None:
        """End with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def interrupt(self) -> None:
        """Wake the thread that serves this connection, whatever it waits for."""
        self._interrupted = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(
                self.socket, socket.SHUT_RDWR
            )  # SSLSocket's own would fall back to clear text


class Server:
    """Accepts connections and answers what `respond` says; `context()` is asked anew for each connection."""

    def __init__(
        self,
        respond: Callable[[Request], Response],
        context: Callable[[], ssl.SSLContext | None],
        port: int = 0,
    ) -> None:
        self._respond = respond
        self._context = context
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._threads: set[threading.Thread] = set()
        self._listener = self._bind(port)
        self._acceptor: threading.Thread | None = None
        self.port: int = self._listener.getsockname()[1]

    @staticmethod
    def _bind(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        return listener

    def open(self) -> None:
        """Take connections from now on."""
        if self._acceptor:
            return
        self._listener.listen(1024)
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Refuse connections and cut the living ones; the port stays ours, bound but not listening."""
        if self._acceptor:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join()
            self._acceptor = None
            self._listener.close()
            self._listener = self._bind(self.port)
        self.disconnect()

    def disconnect(self) -> None:
        """Cut all living connections and wait until their threads have ended."""
        with self._lock:
            connections, threads = list(self._connections), list(self._threads)
        for connection in connections:
            connection.interrupt()
        for thread in threads:
            thread.join()

    def stop(self) -> None:
        """Close for good."""
        self.close()
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connection = Connection(client)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections.add(connection)
                self._threads.add(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.socket.settimeout(IDLE_SECONDS)
            self._converse(connection)
        except OSError:
            pass  # the client went away, did not like the certificate, or stayed silent
        finally:
            with self._lock:
                self._connections.discard(connection)
                self._threads.discard(threading.current_thread())
            connection.socket.close()

    def _converse(self, connection: Connection) -> None:
        context = self._context()
        tls = context is not None and connection.socket.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE
        if context and tls:
            connection.secure(context)
        with connection.socket.makefile("rb") as stream:
            while True:
                try:
                    request = read_request(stream, tls)
                except ValueError:
                    connection.send(delivery.BAD_REQUEST)
                    return
                if request is None:
                    return
                response = self._respond(request)
                if response.after and not connection.wait(response.after):
                    return
                send = response.delivery or delivery.plain
                if not send(connection, request, response):
                    return
