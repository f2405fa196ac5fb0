"""Sockets and TLS: a listener on this host with one thread per connection."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import Callable

from . import delivery
from .connection import Connection
from .messages import Request, Response, read_request

BACKLOG = 1024
IDLE_SECONDS = 65  # nginx's keepalive_timeout in Harbor's configuration
TLS_HANDSHAKE = b"\x16"


class Server:
    """Sends the answers of `respond`; `context` is requested for each connection, None means plain HTTP.

    The port is ours from the start, but refuses connections until `open`.
    """

    def __init__(
        self,
        respond: Callable[[Request], Response],
        context: Callable[[], ssl.SSLContext | None],
        port: int = 0,
        address: str = "127.0.0.1",
    ) -> None:
        self._address = address
        self._respond = respond
        self._context = context
        self._lock = threading.Lock()
        self._connections: dict[threading.Thread, Connection] = {}
        self._acceptor: threading.Thread | None = None
        self._fillers: list[socket.socket] = []
        self._listening = False
        self._listener = self._bind(port)
        self.port: int = self._listener.getsockname()[1]

    def _bind(self, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in self._address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._address, port))
        except (OSError, OverflowError):  # OverflowError: a number that is not a valid port
            listener.close()
            raise
        return listener

    def open(self) -> None:
        """Serve from now on."""
        if self._acceptor:
            return
        self._listen(BACKLOG)
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._acceptor.start()

    def freeze(self) -> None:
        """Let the kernel accept connections that are never served."""
        self._listen(BACKLOG)

    def drop(self) -> None:
        """Leave every connection attempt without an answer, by a full backlog."""
        self._listen(0)
        self._fillers.append(socket.create_connection((self._address, self.port)))

    def close(self) -> None:
        """Refuse connections and cut the open ones; the port stays ours."""
        if self._listening:
            self._hang_up()
            retired, self._listener = self._listener, self._bind(self.port)  # in this order, to keep the port
            retired.close()
        self._disconnect()

    def stop(self) -> None:
        """Close for good."""
        if self._listening:
            self._hang_up()
        self._listener.close()
        self._disconnect()

    def _hang_up(self) -> None:
        self._listening = False
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._acceptor:
            self._acceptor.join()
            self._acceptor = None
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()

    def _listen(self, backlog: int) -> None:
        self.close()
        self._listening = True
        self._listener.listen(backlog)

    def _disconnect(self) -> None:
        with self._lock:
            connections = dict(self._connections)
        for connection in connections.values():
            connection.interrupt()
        for thread in connections:
            thread.join()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connection = Connection(client)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            with self._lock:
                self._connections[thread] = connection
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.socket.settimeout(IDLE_SECONDS)
            self._converse(connection)
        except OSError:
            pass  # the client disconnected, rejected the certificate, or stayed silent
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]
            connection.socket.close()

    def _converse(self, connection: Connection) -> None:
        context = self._context()
        tls = connection.socket.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE
        if tls and context is None:
            connection.refuse()
            return
        if tls and context:
            connection.secure(context)
        with connection.socket.makefile("rb") as stream:
            while True:
                try:
                    request = read_request(stream, tls)
                except ValueError:
                    connection.refuse()
                    return
                if request is None or not self._answer(connection, request):
                    return

    def _answer(self, connection: Connection, request: Request) -> bool:
        response = self._respond(request)
        if response.after and not connection.wait(response.after):
            return False
        deliver = response.delivery or delivery.plain
        return deliver(connection, request, response)
