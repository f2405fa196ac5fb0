"""Processes of the engines: a port for one, and its end."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess


def free_port() -> int:
    """None that the kernel gives to clients: a daemon that is started again would find it taken."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port
    raise OSError("no free port")


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop a daemon and whatever it has started."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
