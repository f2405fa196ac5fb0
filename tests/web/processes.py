"""Daemons that are ready some time after they were started."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def started(
    command: Sequence[str], log: Path, ready: Callable[[], bool], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a daemon in the foreground and return when it is ready; what it prints goes to the log."""
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(env or {})}, start_new_session=True
        )
    until = time.monotonic() + 60
    while not ready():
        if daemon.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()}")
        time.sleep(0.1)  # nothing tells when a daemon listens
    return daemon
