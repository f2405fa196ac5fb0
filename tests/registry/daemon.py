"""A real distribution registry (Debian's docker-registry) as a process, set up as Harbor sets up its own.

But for the cache of known blobs, which is in its memory, not in Redis.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

Section = dict[str, Any]  # of its configuration

PROGRAM = "docker-registry"
USER, PASSWORD = "core", "core-to-registry"
# bcrypt at its lowest cost: the registry checks it with every request.
HTPASSWD = "core:$2b$04$458oTgvF1GlzHgUFtoVKXelsi8Kb6Qce8o5eP.U9CgGRw6BSDcR1m\n"
START_SECONDS = 10


def needed(program: str = PROGRAM) -> None:
    """Skip the test where a server is not installed."""
    import pytest  # the benchmark does without

    if not where(program):
        pytest.skip(f"needs the Debian package {program}")


def where(program: str) -> str | None:
    """A server's program; Debian keeps some from the PATH of users."""
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


class Daemon:
    """A registry on 127.0.0.1 that keeps its data in `storage`; to be used as a context manager.

    `http` and `middleware` are added to those sections of its configuration.
    """

    def __init__(
        self, folder: Path, storage: Path, http: Section | None = None, middleware: Section | None = None
    ) -> None:
        self.folder = folder
        self.storage = storage
        self.port = free_port()
        self._http = {"addr": f"127.0.0.1:{self.port}", "secret": "registry's", **(http or {})}
        self._middleware = middleware
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; returns as soon as it does."""
        htpasswd, configuration = self.folder / "htpasswd", self.folder / "config.yml"
        htpasswd.write_text(HTPASSWD)
        settings = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {
                "filesystem": {"rootdirectory": str(self.storage)},
                "delete": {"enabled": True},
                "cache": {"blobdescriptor": "inmemory"},
            },
            "http": self._http,
            "validation": {"disabled": True},
            "auth": {"htpasswd": {"realm": "harbor-registry-basic-realm", "path": str(htpasswd)}},
        }
        if self._middleware:
            settings["middleware"] = self._middleware
        configuration.write_text(json.dumps(settings))  # every JSON text is YAML, too
        with open(self.folder / "registry.log", "ab") as log:
            command = [*dying_with_us(), PROGRAM, "serve", str(configuration)]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while self._process and self._process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)  # it has no other way to say that it listens
        raise AssertionError((self.folder / "registry.log").read_text()[-2000:])

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process
        self._process.send_signal(number)

    @property
    def root(self) -> Path:
        """Where the registry's tree begins in its storage."""
        return self.storage / "docker" / "registry" / "v2"

    def blob(self, digest: str) -> Path:
        """The file that holds a blob or manifest."""
        algorithm, _, number = digest.partition(":")
        return self.root / "blobs" / algorithm / number[:2] / number / "data"

    def blobs(self) -> set[str]:
        """The digests of all that is stored."""
        return {f"sha256:{path.parent.name}" for path in self.root.glob("blobs/sha256/*/*/data")}

    def uploads(self, repository: str) -> list[Path]:
        """The uploads that a repository still holds, what is left of canceled ones included."""
        return sorted((self.root / "repositories" / repository / "_uploads").glob("*"))

    def files(self) -> set[str]:
        """Every file and folder in the storage."""
        return {str(path.relative_to(self.storage)) for path in self.storage.rglob("*")}


def dying_with_us() -> list[str]:
    """What a server's command begins with, so that it does not outlive tests that are killed."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def free_port() -> int:
    """A port that nobody listens on, below those that the kernel gives to clients meanwhile."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port
