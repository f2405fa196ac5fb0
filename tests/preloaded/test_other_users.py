"""Nobody else may speak to the server, or take its place."""

from __future__ import annotations

import harbor_preloaded

import os
import socket

import pytest


def as_nobody(call):
    """The exit code of a process of another user that does this."""
    process = os.fork()
    if process == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            code = call()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_another_user_is_not_heard(server):
    def ask():
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            try:
                client.connect(str(server.socket))
            except PermissionError:
                return 1
            client.settimeout(5)
            try:
                client.send(b"request")
                return 2 if client.recv(100) == b"" else 3
            except OSError:
                return 2

    assert as_nobody(ask) == 1
    server.socket.parent.chmod(0o755)
    server.socket.chmod(0o666)
    assert as_nobody(ask) == 2
    assert server.children() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
@pytest.mark.parametrize("prepare", [lambda folder: folder.chmod(0o777), lambda folder: os.chown(folder, 65534, 0)])
def test_plugin_trusts_no_socket_that_others_may_replace(prepare, check, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
        stranger.bind(str(folder / "socket"))
        stranger.listen(4)
        stranger.setblocking(False)
        prepare(folder)
        monkeypatch.setenv("HARBOR_PRELOADED", str(folder / "socket"))
        assert check().code == 0
        with pytest.raises(BlockingIOError):
            stranger.accept()
