"""Sockets whose every operation ends, at the latest, when the time of the task is up. Then they are closed.

A timeout of a socket alone would begin again with each byte that a slow server sends.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from . import deadline


class Timed:
    """What both kinds of sockets do within the remaining time of the current task; then they raise Failure (hung)."""

    def connect(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().connect, *args)  # type: ignore[misc]

    def do_handshake(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().do_handshake, *args)  # type: ignore[misc]

    def recv(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().recv, *args)  # type: ignore[misc]

    def recv_into(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().recv_into, *args)  # type: ignore[misc]

    def send(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().send, *args)  # type: ignore[misc]

    def sendall(self, *args: Any) -> Any:
        """As a socket does."""
        return self._in_time(super().sendall, *args)  # type: ignore[misc]

    def _in_time(self, operation: Callable[..., Any], *args: Any) -> Any:
        left = deadline.remaining()
        try:
            if left:
                self.settimeout(left)  # type: ignore[attr-defined]
                return operation(*args)
        except socket.timeout:
            pass
        self.close()  # type: ignore[attr-defined]
        raise deadline.hang()


class Plain(Timed, socket.socket):
    """A TCP socket."""


class Secure(Timed, ssl.SSLSocket):
    """A TLS socket."""
