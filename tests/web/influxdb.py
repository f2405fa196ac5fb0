"""An InfluxDB 1 of its own."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from engines.daemons import end, free_port

DATABASE = "icinga2"
CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[http]
bind-address = "127.0.0.1:{port}"
log-enabled = false
"""


class InfluxDB:
    """A context manager."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_port()
        config = CONFIG.format(folder=folder, port=self.port, rpc=free_port())
        (folder / "influxdb.conf").write_text(config)

    @staticmethod
    def needed() -> None:
        """Skip the test where it is not installed."""
        if not shutil.which("influxd"):
            pytest.skip("needs the Debian package influxdb")

    def __enter__(self) -> InfluxDB:
        with (self.folder / "log").open("wb") as log:
            command = ["influxd", "-config", str(self.folder / "influxdb.conf")]
            self._daemon = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + 60
        while not self._created():
            assert time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.1)  # nothing tells when a daemon listens
        return self

    def __exit__(self, *_: object) -> None:
        end(self._daemon)

    def _created(self) -> bool:
        try:
            return requests.post(self._url, params={"q": f"CREATE DATABASE {DATABASE}"}, timeout=10).ok
        except requests.ConnectionError:
            return False

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}/query"

    def query(self, query: str) -> list[dict[str, Any]]:
        """The series that a query finds; an error of InfluxDB fails the test."""
        answer = requests.get(self._url, params={"db": DATABASE, "q": query}, timeout=10).json()
        (result,) = answer["results"]
        assert "error" not in result, (query, result)
        series: list[dict[str, Any]] = result.get("series", [])
        return series
