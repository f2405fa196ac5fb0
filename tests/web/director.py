"""Icinga Director on a MariaDB, driven through icingacli."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engines.icinga import PASSWORD, USER, Icinga

from .icingaweb import MODULES, IcingaWeb
from .mariadb import MariaDB

NEEDED = ("director", "incubator", "reactbundle")
SCHEMA = MODULES / "director" / "schema" / "mysql.sql"
MAIL = 'object NotificationCommand "mail-service-notification" { command = [ "/bin/true" ] }\n'
KICKSTART = """
[config]
endpoint = "{endpoint}"
host = "localhost"
port = {port}
username = "{user}"
password = "{password}"
"""


class Reachable(Icinga):
    """An Icinga that Director finds by its endpoint, with the notification command that distributions have."""

    def zones(self) -> str:
        return super().zones().replace("NodeName { }", f'NodeName {{ host = "localhost"; port = {self.port} }}')

    def definitions(self) -> str:
        return super().definitions() + "\n" + MAIL


class Director:
    """Icinga 2 and the database must be running; `web` has the files of `files` and the modules that are NEEDED."""

    def __init__(self, web: IcingaWeb, database: MariaDB) -> None:
        self.web = web
        self.database = database
        database.create("director", SCHEMA.read_text())

    @staticmethod
    def needed() -> None:
        """Skip the test where something is not installed."""
        MariaDB.needed()
        if not SCHEMA.exists():
            pytest.skip("needs the Debian package icingaweb2-module-director")
        IcingaWeb.needed(*NEEDED)

    @staticmethod
    def files(icinga: Icinga) -> dict[str, str]:
        """Its configuration in Icinga Web."""
        values = {"endpoint": icinga.node, "port": icinga.port, "user": USER, "password": PASSWORD}
        place = Path("modules", "director")
        return {
            str(place / "config.ini"): '[db]\nresource = "director"\n',
            str(place / "kickstart.ini"): KICKSTART.format(**values),
        }

    def count(self, table: str) -> int:
        """The number of rows in a table."""
        return int(self.database.query(f"SELECT COUNT(*) FROM director.{table}"))

    def run(self, *words: str, text: str = "") -> str:
        """Run `icingacli director`, and return what it prints."""
        return self.web.cli("director", *words, text=text)

    def create(self, kind: str, name: str, properties: dict[str, Any]) -> None:
        """Create an object."""
        self.run(kind, "create", name, "--json", json.dumps(properties))
