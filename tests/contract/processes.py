"""Plugins as processes whose time and stages matter."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest

from support.runner import PLUGINS, Outcome

#: Runs a plugin as its console script does, and says on a descriptor when main() begins.
TIMED = f"""
import importlib, os, sys, time
sys.path.insert(0, {str(PLUGINS)!r})
descriptor, name = int(sys.argv[1]), sys.argv[2]
main = importlib.import_module(name).main
sys.argv[:3] = [name]
os.write(descriptor, repr(time.monotonic()).encode())
os.close(descriptor)
main()
"""


def timed(python: str, name: str, *argv: str, prefix: tuple[str, ...] = ()) -> Outcome:
    """Run a plugin; `seconds` are those since main() began, by the clock that all processes share."""
    begun, tell = os.pipe()
    with os.fdopen(begun) as reader:
        command = [*prefix, python, "-W", "error", "-c", TIMED, str(tell), name, *argv]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[tell],
            text=True,
        )
        os.close(tell)
        out, err = process.communicate(timeout=30)
        ended = time.monotonic()
        return Outcome(process.returncode, out, err, ended - float(reader.read()))


def in_time(run: Callable[[], Outcome], seconds: float, words: str = "") -> Outcome:
    """A run that kept the limit and says that; on a machine that is busy with other things not every one does."""
    for _ in range(4):
        outcome = run()
        if outcome.seconds <= seconds and re.search(words, outcome.out):
            return outcome
    raise AssertionError(f"four times late or mute, at last after {outcome.seconds:.2f} s: {outcome.out}")


def side_by_side(names: list[str], run: Callable[[str], Outcome]) -> dict[str, Outcome]:
    """The outcome for every name, a few at a time: they mostly wait, but each has to start first."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        return dict(zip(names, pool.map(run, names)))


def interrupted(command: list[str], ready: Callable[[], object], number: signal.Signals) -> Outcome:
    """Start a plugin, wait until `ready` returns, send it a signal; `seconds` are those from the signal to its end."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True, **pipes) as process:
        ready()
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        return Outcome(process.returncode, out, err, time.monotonic() - sent)


@contextlib.contextmanager
def silent_resolver(folder: Path) -> Iterator[tuple[tuple[str, ...], socket.socket]]:
    """A name server that never answers: what to put before a command so that it asks there, and the server's socket."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a resolv.conf of its own")
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    if probe.returncode:
        pytest.skip(f"needs mount namespaces: {probe.stderr.decode().strip()}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.66.66.66", 53))
        server.settimeout(20)
        file = folder / "resolv.conf"
        file.write_text("nameserver 127.66.66.66\noptions timeout:30 attempts:5\n")
        script = f'mount --bind {file} /etc/resolv.conf && exec "$@"'
        yield ("unshare", "-m", "sh", "-c", script, "sh"), server
