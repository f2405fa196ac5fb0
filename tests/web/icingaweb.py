"""Icinga Web with the modules that Debian has, served by PHP's own server; whoever asks is an administrator."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import requests

from engines.daemons import end, free_port
from engines.engine import ROOT

from .mariadb import MariaDB
from .processes import started

USER = "admin"
SHIPPED = ROOT / "icinga2" / "web"
MODULES = Path("/usr/share/icingaweb2/modules")
RESOURCE = """
[{name}]
type = "db"
db = "mysql"
host = "localhost"
dbname = "{name}"
username = "root"
charset = "utf8mb4"
"""
FILES = {
    "config.ini": '[global]\nshow_stacktraces = "1"\nconfig_backend = "ini"\n[logging]\nlog = "none"\n',
    "authentication.ini": '[external]\nbackend = "external"\n',
    "roles.ini": f'[all]\nusers = "{USER}"\npermissions = "*"\n',
}


class IcingaWeb:
    """A configuration, for `cli`; as a context manager it is also served.

    `databases` are resources of the same name, and `files` further files of the configuration, by path.
    """

    def __init__(
        self,
        folder: Path,
        database: MariaDB | None,
        databases: Iterable[str],
        modules: Iterable[str],
        files: Mapping[str, str],
    ) -> None:
        self.folder = folder
        self.port = free_port()
        resources = "".join(RESOURCE.format(name=name) for name in databases)
        for name, text in {**FILES, "resources.ini": resources, **files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (folder / "enabledModules").mkdir()
        for name in modules:
            (folder / "enabledModules" / name).symlink_to(MODULES / name)
        self._php = ["php", "-d", "error_reporting=8191"]
        self._php += ["-d", f"pdo_mysql.default_socket={database.socket}"] if database else []

    @staticmethod
    def needed(*modules: str) -> None:
        """Skip the test where Icinga Web or one of the modules is not installed."""
        missing = [name for name in modules if not (MODULES / name).exists()]
        if missing or not shutil.which("icingacli"):
            pytest.skip(f"needs the Debian packages icingacli php-mysql and of Icinga Web: {' '.join(missing)}")

    @property
    def _environment(self) -> dict[str, str]:
        return {"ICINGAWEB_CONFIGDIR": str(self.folder), "REMOTE_USER": USER, "PHP_CLI_SERVER_WORKERS": "4"}

    def cli(self, *words: str, text: str = "") -> str:
        """Run icingacli, and return what it prints."""
        return self.script("/usr/bin/icingacli", *words, text=text)

    def script(self, file: str, *words: str, text: str = "") -> str:
        """Run a PHP script with this configuration, and return what it prints."""
        done = subprocess.run(
            [*self._php, file, *words],
            input=text, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, **self._environment},
        )  # fmt: skip
        assert done.returncode == 0, f"{file} {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def __enter__(self) -> IcingaWeb:
        public = MODULES.parent / "public"
        router = "/usr/share/php/Icinga/Application/webrouter.php"
        command = [*self._php, "-S", f"127.0.0.1:{self.port}", "-t", str(public), router]
        self._daemon = started(command, self.folder / "log", self._listens, self._environment)
        return self

    def __exit__(self, *_: object) -> None:
        end(self._daemon)

    def _listens(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def url(self, path: str) -> str:
        """The address of a page."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def page(self, path: str) -> str:
        """The HTML of a page, as Icinga Web's JavaScript asks for a part of the window."""
        answer = requests.get(self.url(path), headers={"X-Requested-With": "XMLHttpRequest"}, timeout=60)
        assert answer.ok, (path, answer.status_code, answer.text[:500])
        return answer.text
