"""Graphite: carbon-cache, which Icinga 2 fills, and graphite-web, which Icinga Web asks for pictures."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from engines.daemons import end, free_port

from .processes import started

#: The default strategy, "sorted", goes through the cache while another thread fills it, and then never writes again.
CARBON = """
[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
MAX_CREATES_PER_MINUTE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
PICKLE_RECEIVER_PORT = 0
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {query}
CACHE_WRITE_STRATEGY = naive
ENABLE_TAGS = False
"""
SCHEMAS = "[all]\npattern = .*\nretentions = 1s:10m\n"
SETTINGS = """
SECRET_KEY = "test"
STORAGE_DIR = LOG_DIR = "{folder}"
STANDARD_DIRS = ["{folder}/whisper"]
WHISPER_DIR = "{folder}/whisper"
CARBONLINK_HOSTS = []
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
"""
SERVER = """
from wsgiref.simple_server import make_server
from graphite.wsgi import application
make_server("127.0.0.1", {port}, application).serve_forever()
"""
PYTHON, PROGRAM = "/usr/bin/python3", Path("/usr/bin/carbon-cache")
WEB = Path("/usr/lib/python3/dist-packages/graphite")


class Graphite:
    """A context manager; `port` is where Icinga 2 writes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.port, self._web = free_port(), free_port()
        (folder / "carbon.conf").write_text(CARBON.format(folder=folder, port=self.port, query=free_port()))
        (folder / "storage-schemas.conf").write_text(SCHEMAS)
        (folder / "harbor_settings.py").write_text(SETTINGS.format(folder=folder))

    @staticmethod
    def needed() -> None:
        """Skip the test where it is not installed."""
        if not (PROGRAM.exists() and WEB.exists()):
            pytest.skip("needs the Debian packages graphite-carbon graphite-web")

    @property
    def url(self) -> str:
        """Where graphite-web answers."""
        return f"http://127.0.0.1:{self._web}"

    def __enter__(self) -> Graphite:
        carbon = [PYTHON, str(PROGRAM), f"--config={self.folder}/carbon.conf", "--nodaemon", "start"]
        web = [PYTHON, "-c", SERVER.format(port=self._web)]
        settings = {"GRAPHITE_SETTINGS_MODULE": "harbor_settings", "PYTHONPATH": str(self.folder)}
        with ExitStack() as stack:
            for command, port in ((carbon, self.port), (web, self._web)):
                log = self.folder / f"{port}.log"
                stack.callback(end, started(command, log, partial(listens, port), settings))
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def metrics(self) -> set[str]:
        """The names of those that are stored."""
        whisper = self.folder / "whisper"
        return {".".join(file.relative_to(whisper).with_suffix("").parts) for file in whisper.rglob("*.wsp")}


def listens(port: int) -> bool:
    """Whether a daemon accepts connections."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
