"""Icinga DB with a Redis of its own: what Icinga 2 knows, in a MariaDB."""

from __future__ import annotations

import shutil
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engines.daemons import end, free_port

from .director import Reachable
from .icingaweb import SHIPPED, USER
from .mariadb import MariaDB
from .processes import started

SCHEMA = Path("/usr/share/icingadb/schema/mysql/schema.sql")
CONFIG = """
database: {{ type: mysql, host: {socket}, database: icingadb, user: root }}
redis: {{ host: 127.0.0.1, port: {port} }}
logging: {{ output: console }}
"""


class IcingaDB:
    """A context manager, to be started before the Icinga 2 that fills it."""

    def __init__(self, folder: Path, database: MariaDB) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.database = database
        self.port = free_port()
        (folder / "config.yml").write_text(CONFIG.format(socket=database.socket, port=self.port))

    @staticmethod
    def needed() -> None:
        """Skip the test where it is not installed."""
        if not (SCHEMA.exists() and shutil.which("icingadb", path="/usr/sbin") and shutil.which("redis-server")):
            pytest.skip("needs the Debian packages icingadb redis-server")

    def files(self) -> dict[str, str]:
        """The configuration of Icinga Web that shows it, with the shipped dashlets and business process."""
        return {
            "modules/icingadb/config.ini": '[icingadb]\nresource = "icingadb"\n',
            "modules/icingadb/redis.ini": f'[redis1]\nhost = "127.0.0.1"\nport = "{self.port}"\n',
            "modules/businessprocess/processes/harbor.conf": (SHIPPED / "harbor.conf").read_text(encoding="utf-8"),
            f"dashboards/{USER}/dashboard.ini": (SHIPPED / "dashboard.ini").read_text(encoding="utf-8"),
        }

    def __enter__(self) -> IcingaDB:
        _, tables, rest = SCHEMA.read_text().partition("CREATE TABLE ")
        self.database.create(
            "icingadb", tables + rest
        )  # without a function for SLA reports, which needs a table of MariaDB's
        with ExitStack() as stack:
            redis = [
                "redis-server",
                "--bind",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--save",
                "",
                "--dir",
                str(self.folder),
            ]
            stack.callback(end, started(redis, self.folder / "redis.log", self._listens))
            log = self.folder / "icingadb.log"
            command = ["/usr/sbin/icingadb", "--config", str(self.folder / "config.yml")]
            stack.callback(end, started(command, log, lambda: "Starting Icinga DB" in log.read_text()))
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def outputs(self) -> dict[tuple[str, str], str]:
        """The output of every service that was checked, by host and service."""
        rows = self.database.query(
            "SELECT h.name, s.name, t.output FROM icingadb.service_state t"
            " JOIN icingadb.service s ON s.id = t.service_id JOIN icingadb.host h ON h.id = s.host_id"
            " WHERE t.output IS NOT NULL"
        )
        return {(host, name): text for host, name, text in (row.split("\t") for row in rows.splitlines())}


class Shown(Reachable):
    """An Icinga that fills an Icinga DB."""

    def __init__(self, *arguments: Any, icingadb: IcingaDB, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.icingadb = icingadb

    def definitions(self) -> str:
        feature = f'object IcingaDB "icingadb" {{ host = "127.0.0.1"; port = {self.icingadb.port} }}'
        return f"{super().definitions()}\n{feature}"
