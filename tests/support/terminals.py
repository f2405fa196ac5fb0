"""A terminal of its own for a command: what appears on it, byte by byte."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence

CLEAR = "\r\x1b[K"  # rewrites a line
PATIENCE = 60  # seconds
NOT_OURS = ("NO_COLOR", "COLUMNS", "LINES")  # of the terminal that the tests run in


def shown(
    command: Sequence[str],
    columns: int = 100,
    environment: Mapping[str, str] | None = None,
    folder: str | None = None,
    interrupt_at: str = "",
) -> tuple[str, int]:
    """What a command writes to a terminal of this width, and its exit code.

    `interrupt_at`: it gets a SIGINT, as of Ctrl-C, as soon as this text has appeared.
    """
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    settings = {"env": {**kept, "TERM": "xterm-256color", **(environment or {})}, "cwd": folder}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, **settings) as process:  # type: ignore[call-overload]
        os.close(slave)
        killer = threading.Timer(PATIENCE, process.kill)
        killer.start()
        seen = b""
        with contextlib.suppress(OSError):  # of a terminal at whose other end nobody is left
            while piece := os.read(master, 65536):
                seen += piece
                if interrupt_at and interrupt_at.encode() in seen:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = ""
        killer.cancel()
    os.close(master)
    return seen.decode("latin-1").replace("\r\n", "\n"), process.returncode


def final(text: str) -> str:
    """What remains on the terminal: a line that was rewritten is gone."""
    return text.rpartition(CLEAR)[2]
