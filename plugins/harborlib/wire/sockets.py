"""Sockets whose every operation ends, at the latest, when the time of the task is up. Then they are closed.

A timeout of a socket alone would begin again with each byte that a slow server sends.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from . import deadline

Result = TypeVar("Result")


class Plain(socket.socket):
    """A TCP socket that raises Failure (hung) when the time of the current task is up."""

    def connect(self, *args: Any) -> None:
        """As a socket does."""
        self._in_time(super().connect, *args)

    def recv(self, *args: Any) -> bytes:
        """As a socket does."""
        return self._in_time(super().recv, *args)

    def recv_into(self, *args: Any) -> int:
        """As a socket does."""
        return self._in_time(super().recv_into, *args)

    def send(self, *args: Any) -> int:
        """As a socket does."""
        return self._in_time(super().send, *args)

    def sendall(self, *args: Any) -> None:
        """As a socket does."""
        self._in_time(super().sendall, *args)

    def _in_time(self, operation: Callable[..., Result], *args: Any) -> Result:
        left = deadline.remaining()
        try:
            if left:
                self.settimeout(left)
                return operation(*args)
        except socket.timeout:
            pass
        self.close()
        raise deadline.hang()


class Secure(Plain, ssl.SSLSocket):
    """The same with TLS."""

    def do_handshake(self, *args: Any) -> None:
        """As a socket does."""
        self._in_time(super().do_handshake, *args)
