"""Icinga Director on a MariaDB of its own, driven through icingacli."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from engines.daemons import end
from engines.icinga import PASSWORD, USER, Icinga

PACKAGES = "icingacli icingaweb2-module-director mariadb-client-core mariadb-server-core php-mysql"
MODULES = Path("/usr/share/icingaweb2/modules")
SCHEMA = MODULES / "director" / "schema" / "mysql.sql"
RESOURCES = """
[director]
type = "db"
db = "mysql"
host = "localhost"
dbname = "director"
username = "root"
charset = "utf8mb4"
"""
KICKSTART = """
[config]
endpoint = "{endpoint}"
host = "localhost"
port = {port}
username = "{user}"
password = "{password}"
"""


class Director:
    """A context manager; Icinga 2 must be running."""

    def __init__(self, folder: Path, icinga: Icinga) -> None:
        self.folder = folder
        self._socket = folder / "mariadb.sock"
        modules = folder / "etc" / "modules" / "director"
        modules.mkdir(parents=True)
        (folder / "etc" / "enabledModules").mkdir()
        for name in ("director", "incubator", "reactbundle"):
            (folder / "etc" / "enabledModules" / name).symlink_to(MODULES / name)
        (folder / "etc" / "config.ini").write_text('[logging]\nlog = "none"\n')
        (folder / "etc" / "resources.ini").write_text(RESOURCES)
        (modules / "config.ini").write_text('[db]\nresource = "director"\n')
        values = {"endpoint": icinga.node, "port": icinga.port, "user": USER, "password": PASSWORD}
        (modules / "kickstart.ini").write_text(KICKSTART.format(**values))

    @staticmethod
    def needed() -> None:
        """Skip the test where something is not installed."""
        if not (SCHEMA.exists() and shutil.which("icingacli") and shutil.which("mariadbd", path="/usr/sbin")):
            pytest.skip(f"needs the Debian packages {PACKAGES}")

    def __enter__(self) -> Director:
        data = self.folder / "data"
        data.mkdir()
        common = ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={data}", "--skip-grant-tables"]
        common += ["--user=root"] if os.getuid() == 0 else []
        small = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-networking"]
        with (self.folder / "mariadb.log").open("wb") as log:
            command = [*common, *small, f"--socket={self._socket}", f"--pid-file={self.folder}/mariadb.pid"]
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 60
        while not self._socket.exists():
            assert time.monotonic() < until, (self.folder / "mariadb.log").read_text()
            time.sleep(0.1)  # nothing tells when a daemon listens
        create = "CREATE DATABASE director CHARACTER SET utf8mb4; USE director;\n" + SCHEMA.read_text()
        self._sql(create)
        return self

    def __exit__(self, *_: object) -> None:
        end(self._daemon)

    def _sql(self, text: str) -> str:
        command = ["mariadb", "--no-defaults", f"--socket={self._socket}", "-N"]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60).stdout

    def count(self, table: str) -> int:
        """The number of rows in a table."""
        return int(self._sql(f"SELECT COUNT(*) FROM director.{table}"))

    def run(self, *words: str, text: str = "") -> str:
        """Run `icingacli director`, and return what it prints."""
        php = ["php", "-d", f"pdo_mysql.default_socket={self._socket}", "-d", "error_reporting=8191"]
        done = subprocess.run(
            [*php, "/usr/bin/icingacli", "director", *words],
            input=text, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "ICINGAWEB_CONFIGDIR": str(self.folder / "etc")},
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def create(self, kind: str, name: str, properties: dict[str, Any]) -> None:
        """Create an object."""
        self.run(kind, "create", name, "--json", json.dumps(properties))
