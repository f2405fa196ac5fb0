"""A MariaDB of its own, whose databases a PHP application reaches by its socket."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from engines.daemons import end

from .processes import started

SIZES = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]


class MariaDB:
    """A context manager. Anyone may do anything, as whatever user."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.socket = folder / "socket"

    @staticmethod
    def needed() -> None:
        """Skip the test where it is not installed."""
        if not (shutil.which("mariadbd", path="/usr/sbin") and shutil.which("mariadb")):
            pytest.skip("needs the Debian packages mariadb-client-core mariadb-server-core")

    def __enter__(self) -> MariaDB:
        data = self.folder / "data"
        data.mkdir()
        command = ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", "--skip-grant-tables", *SIZES]
        command += ["--skip-networking", f"--socket={self.socket}", f"--pid-file={self.folder}/pid"]
        command += ["--user=root"] if os.getuid() == 0 else []
        self._daemon = started(command, self.folder / "log", self.socket.exists)
        return self

    def __exit__(self, *_: object) -> None:
        end(self._daemon)

    def create(self, name: str, schema: str) -> None:
        """Create a database from its schema."""
        self.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4; USE {name};\n{schema}")

    def query(self, text: str) -> str:
        """What statements print, without the names of the columns."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "-N"]
        return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
