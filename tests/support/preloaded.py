"""A preloaded server of its own for tests."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harbor_simulator import Simulator

from .runner import PLUGINS

OK = "HARBOR HEALTH OK - localhost:"  # what check_harbor_health of the tests answers


class Server:
    """A running server, of these `plugins`: its process, its socket and its log."""

    def __init__(self, python: str, folder: Path, *argv: str, plugins: Path = PLUGINS, **options: object) -> None:
        self.socket = folder / "socket"
        self.log = folder / "log"
        with self.log.open("a") as log:
            command = [python, str(plugins / "harbor_preloaded.py"), "--socket", str(self.socket), *argv]
            self.process = subprocess.Popen(command, stderr=log, **options)  # type: ignore[call-overload]
        self.wait_for("listens on")

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until the log holds these words."""
        until = time.monotonic() + 30
        while self.log.read_text().count(words) < times:
            assert time.monotonic() < until, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)

    def children(self) -> list[int]:
        """The processes that it has forked and that have not been reaped."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(child) for child in found]

    def child_of(self, harbor: Simulator) -> int:
        """Wait until a check has sent its request to this Harbor; the process that runs the check."""
        until = time.monotonic() + 20
        while not harbor.requests:
            assert time.monotonic() < until
            time.sleep(0.01)
        (child,) = self.children()
        return child

    def descriptors(self) -> int:
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self) -> int:
        """Its anonymous memory in KiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(text.partition("RssAnon:")[2].split()[0])

    def wait_until_idle(self) -> None:
        """Wait until all children are reaped: a child answers before it ends."""
        until = time.monotonic() + 20
        while self.children():
            assert time.monotonic() < until
            time.sleep(0.02)


@contextlib.contextmanager
def running(python: str, *argv: str, **options: Any) -> Iterator[Server]:
    """The server, and the variable with which plugins find it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(python, Path(folder), *argv, **options)
        before = os.environ.get("HARBOR_PRELOADED")
        os.environ["HARBOR_PRELOADED"] = str(server.socket)
        try:
            yield server
        finally:
            os.environ["HARBOR_PRELOADED"] = before or ""
            server.process.kill()
            server.process.wait()
