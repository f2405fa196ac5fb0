"""The preloaded server: who answers, what happens without it, and what it leaves behind."""

from __future__ import annotations

import harbor_preloaded

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from support import preloaded, runner
from support.preloaded import OK
from support.storm import Storm


def same(outcome):
    """What an engine sees, without the seconds."""
    return outcome.code, outcome.err, outcome.first


def test_the_child_of_the_server_answers(server, harbor, check):
    harbor.delay("/", 1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(check)
        server.child_of(harbor)
    assert same(answer.result())[:2] == (0, "")
    assert answer.result().first.startswith(OK)


@pytest.mark.parametrize("further", [(), ("--output", "json"), ("--help",), ("-w", "5:1"), ("--nonsense",)])
def test_same_answer(server, check, further, monkeypatch):
    warm = check(*further)
    monkeypatch.setenv("HARBOR_PRELOADED", "")
    cold = check(*further)
    unstable = r"(time=|0\.)[\d.]+"
    assert re.sub(unstable, "", warm.out) == re.sub(unstable, "", cold.out)
    assert (warm.code, warm.err) == (cold.code, cold.err)


def test_folder_environment_and_login_are_those_of_the_plugin(server, harbor, check, tmp_path, authfile, plugin_python):
    (tmp_path / "ca.pem").write_bytes(Path(harbor.ca_file).read_bytes())
    variables = {"HARBOR_URL": harbor.url, "HARBOR_USERNAME": "robot$nobody", "HARBOR_PASSWORD": "wrong-password"}
    settings = {"cwd": tmp_path, "env": {**os.environ, **variables}}
    first = runner.process("check_harbor_api", "--ca-file", "ca.pem", python=plugin_python, **settings)
    assert (first.code, "login refused" in first.first or "refused" in first.first) == (2, True), first.out
    again = runner.process("check_harbor_api", "--ca-file", "ca.pem", python=plugin_python, cwd=tmp_path)
    assert again.out.startswith("HARBOR API UNKNOWN - usage: "), again.out


def test_a_replaced_ca_file_is_read_again(server, harbor, check, tmp_path, plugin_python):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(Path(harbor.ca_file).read_bytes())
    argv = ["-H", harbor.url, "--ca-file", str(ca_file)]

    def run():
        return runner.process("check_harbor_health", *argv, python=plugin_python)

    assert [run().code, run().code] == [0, 0]
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    outcome = run()
    assert (outcome.code, "certificate does not verify" in outcome.first) == (2, True), outcome.out


def test_stopped_server_is_not_waited_for(server, check):
    os.kill(server.process.pid, signal.SIGSTOP)
    outcome = check("-t", "6")
    os.kill(server.process.pid, signal.SIGCONT)
    assert outcome.first.startswith(OK)
    assert outcome.seconds < 5


def test_who_comes_with_others_hears_at_once_that_the_server_is_alive(server):
    """Forking a child for each of them takes longer than a plugin waits for a server that may be hung."""
    os.kill(server.process.pid, signal.SIGSTOP)
    clients = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(5)]
    for client in clients:
        client.connect(str(server.socket))
        client.send(b"not a request, whose child ends at once")
    os.kill(server.process.pid, signal.SIGCONT)
    heard = []
    for client in clients:
        client.settimeout(20)
        heard.append(client.recv(100)[:1])
        client.close()
    assert sorted(heard) == [b"g", b"w", b"w", b"w", b"w"]


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ([], harbor_preloaded.PATIENCE),
        (["-w", "3"], harbor_preloaded.PATIENCE),
        (["-t", "45"], 15),
        (["--timeout", "45s"], 15),
        (["-t45"], 15),
        (["--timeout=45"], 15),
        (["-t", "1min"], harbor_preloaded.SHORT),
        (["-t1min"], harbor_preloaded.SHORT),
        (["-t", "9" * 20], harbor_preloaded.SHORT),
        (["-t", "9" * 400], harbor_preloaded.SHORT),
        (["--options-file", "more"], harbor_preloaded.SHORT),
        (["-t"], harbor_preloaded.SHORT),
    ],
)
def test_patience_of_a_plugin(words, seconds, monkeypatch):
    monkeypatch.setattr("sys.argv", ["check_harbor_health", *words])
    assert harbor_preloaded.patience() == seconds


def test_full_server(small, harbor, check):
    """Who waits too long runs alone; who waits less is answered by the server."""
    harbor.delay("/", 1.3)
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda further: check(*further), [(), ("-t", "1min"), ("-t", "30s")]))
    assert [outcome.first.startswith(OK) for outcome in outcomes] == [True, True, True]


def test_many_checks_leave_nothing(server, argv, plugin_python):
    """Memory, descriptors, children; `make storm` runs 10,000 checks."""
    storm = Storm(plugin_python, argv)
    assert storm.many(24) == []
    server.wait_until_idle()
    descriptors, memory = server.descriptors(), server.memory()
    assert storm.many(160) == []
    server.wait_until_idle()
    assert server.descriptors() == descriptors
    assert server.memory() < memory + 300
    assert server.log.read_text().count("\n") == 1


def test_upgrade(tmp_path, plugin_python):
    """A server whose installation changes starts again, with the same socket."""
    plugins = tmp_path / "plugins"
    shutil.copytree(runner.PLUGINS, plugins)
    with preloaded.running(plugin_python, plugins=plugins) as server:
        (plugins / "harborlib" / "new.py").touch()
        time.sleep(1.1)
        run = [plugin_python, str(plugins / "check_harbor_health.py"), "-V"]
        for _ in range(2):
            done = subprocess.run(run, capture_output=True, text=True, timeout=20, check=False)
            assert done.stdout.startswith("check_harbor_health ")
            server.wait_for("listens on", 2)
        assert "the installation changed" in server.log.read_text()


def test_socket_of_systemd(check, plugin_python, tmp_path, monkeypatch):
    """As systemd does it: descriptor 3 and two variables."""
    tmp_path.chmod(0o700)
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(16)
        script = 'exec 3<&"$1"; export LISTEN_PID=$$ LISTEN_FDS=1; shift; exec "$@"'
        command = ["bash", "-c", script, "bash", str(listener.fileno()), plugin_python]
        command += [str(runner.PLUGINS / "harbor_preloaded.py"), "--socket", "/nonexistent/socket"]
        with subprocess.Popen(command, pass_fds=[listener.fileno()], stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            assert "listens on" in process.stderr.readline()
            monkeypatch.setenv("HARBOR_PRELOADED", str(path))
            assert check().first.startswith(OK)
            process.terminate()
    assert path.exists()


def test_storm(server, argv, plugin_python):
    """Many checks at once, and the server is killed among them; `make storm` has 200."""
    _, children, wrong = Storm(plugin_python, argv).strike(server, 40)
    assert children > 0
    assert wrong == []
