"""A check that a server was expected to run, but did not, shows with -v why. Its first line stays as it is."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import runner

NOTE = "Note: the preloaded server did not run this check: {} (docs/preloaded.md)"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the plugin asks."""
    tmp_path.chmod(0o700)
    monkeypatch.setenv("HARBOR_PRELOADED", str(tmp_path / "socket"))
    return tmp_path / "socket"


@pytest.fixture
def listener(path: Path) -> Iterator[socket.socket]:
    """A server that never answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen(4)
        yield listener


def notes(outcome) -> list[str]:
    """The notes of a run whose first line is as always."""
    assert (outcome.code, outcome.err) == (0, "")
    sentence = r"HARBOR HEALTH OK - localhost:\d+ answers, all 8 components healthy"
    perfdata = r"time=[\d.]+s;1\.5;5;0( \w+=1;;;0;1){8}"
    assert re.fullmatch(rf"{sentence} \| {perfdata}", outcome.out.splitlines()[0]), outcome.out
    return [line for line in outcome.out.splitlines() if line.startswith("Note: ")]


def test_absent_server(path, check):
    assert notes(check("-v")) == [NOTE.format("No such file or directory")]


def test_refusing_server(path, listener, check):
    listener.close()  # the file is still there, as of a server that was killed
    assert notes(check("-v")) == [NOTE.format("Connection refused")]
    assert notes(check()) == []


def test_hung_server(listener, check):
    assert notes(check("-v")) == [NOTE.format("it does not answer")]


def test_full_server(listener, check):
    def answer() -> None:
        connection, _ = listener.accept()
        connection.send(b"w")
        connection.recv(1)  # until the plugin has gone
        connection.recv(150000)
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    assert notes(check("-v", "-t", "14")) == [NOTE.format("all its places are taken")]
    thread.join()


def test_setting_that_the_server_does_not_share(listener, check, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nonexistent")
    assert notes(check("-v")) == [NOTE.format("PYTHONPATH, or another setting that it does not share, is set")]


def test_server_of_others(path, listener, check):
    path.parent.chmod(0o777)
    assert notes(check("-v")) == [NOTE.format("its folder belongs to another user, or others may write to it")]


@pytest.mark.usefixtures("server")
def test_server_that_is_used(check):
    assert notes(check("-v")) == []


@pytest.mark.usefixtures("server")
def test_server_of_another_installation(argv, plugin_python, tmp_path):
    shutil.copytree(runner.PLUGINS, tmp_path / "plugins")
    command = [plugin_python, str(tmp_path / "plugins" / "check_harbor_health.py"), *argv, "-v"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    outcome = runner.Outcome(done.returncode, done.stdout, done.stderr)
    assert notes(outcome) == [NOTE.format("it is of another installation, or in another namespace")]


def test_server_that_is_not_expected(check, monkeypatch):
    monkeypatch.setenv("HARBOR_PRELOADED", "")
    assert notes(check("-v")) == []
    monkeypatch.delenv("HARBOR_PRELOADED")
    if not Path("/run/check_harbor/preloaded.sock").exists():
        assert notes(check("-v")) == []
