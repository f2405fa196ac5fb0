"""Where nobody reads the output, the exit code still tells the state, and nothing is said elsewhere."""

from __future__ import annotations

import os
import subprocess

from harborlib import __version__

import pytest

from support import runner
from support.listeners import listening

#: What a shell does with stdout (and more), and the exit code of the command is kept.
REDIRECTIONS = {"closed": ">&-", "full": ">/dev/full", "all closed": "<&- >&- 2>&-", "nobody reads": "| true"}


@pytest.fixture
def shell(plugin_python):
    """A plugin's exit code and stderr behind a redirection."""

    def run(redirection, name, *argv):
        command = runner.command(name, *argv, python=plugin_python)
        script = f'set -o pipefail; "$@" {redirection}'
        done = subprocess.run(["bash", "-c", script, "sh", *command], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_state(redirection, shell, against, harbor):
    command = REDIRECTIONS[redirection]
    turn = list(REDIRECTIONS).index(redirection)
    for name in runner.NAMES[turn::4]:
        assert shell(command, name, *against(name)) == (0, ""), name
        assert shell(command, name, *against(name, "-I", "127.0.0.1:1")) == (2, ""), name


@pytest.mark.parametrize("argument", ["--help", "--version", "--nonsense"])
@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_text(redirection, argument, shell):
    assert shell(REDIRECTIONS[redirection], "check_harbor_v2", argument) == (3, "")


@pytest.mark.parametrize("redirection", REDIRECTIONS)
def test_broken_installation(redirection, shell, tmp_path, monkeypatch):
    (tmp_path / "nagiosplugin.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert shell(REDIRECTIONS[redirection], "check_harbor_v2", "-H", "h") == (3, "")


@pytest.mark.parametrize("redirection", ["closed", "all closed"])
def test_the_output_does_not_go_to_harbor(redirection, shell):
    """The first socket gets the number that stdout had."""
    received: list[bytes] = []

    def listen(sock):
        sock.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        received.extend(iter(lambda: sock.recv(65536), b""))

    with listening(listen) as port:
        argv = ("check_harbor_portal", "-H", f"http://127.0.0.1:{port}")
        assert shell(REDIRECTIONS[redirection], *argv) == (2, "")
    assert b"".join(received).startswith(b"GET / HTTP/1.1\r\n")
    assert b"HARBOR" not in b"".join(received)


def test_nobody_waits_for_a_slow_reader(plugin_python):
    """A pipe that takes the whole answer: a reader can come later, as an engine that is busy."""
    reader, writer = os.pipe()
    try:
        command = runner.command("check_harbor_v2", "--version", python=plugin_python)
        assert subprocess.run(command, stdout=writer, timeout=30).returncode == 3
        assert os.read(reader, 4096).decode() == f"check_harbor_v2 {__version__}\n"
    finally:
        os.close(reader)
        os.close(writer)
