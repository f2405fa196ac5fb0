"""A database behind core, asked over a real connection: whatever lies between them can delay it."""

from __future__ import annotations

import socket

from .messages import StalledError

STATEMENT = b"SELECT 1;\n"
PATIENCE = 60  # seconds for one answer


def ask(address: tuple[str, int], statements: int) -> None:
    """Run so many statements, one after the other; raises StalledError if one is not answered."""
    try:
        with socket.create_connection(address, PATIENCE) as connection:
            for _ in range(statements):
                connection.sendall(STATEMENT)
                if not connection.recv(len(STATEMENT)):
                    raise StalledError
    except OSError:
        raise StalledError from None
