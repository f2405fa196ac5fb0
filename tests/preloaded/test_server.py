"""The preloaded server: who answers, what happens without it, and what it leaves behind."""

from __future__ import annotations

import harbor_preloaded

import os
import re
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme

from support import runner
from support.storm import Storm

OK = "HARBOR HEALTH OK - localhost:"


def same(outcome):
    """What an engine sees, without the seconds."""
    return outcome.code, outcome.err, outcome.first


def started(server, harbor):
    """Wait until a check of the server has sent its request; returns its process."""
    until = time.monotonic() + 20
    while not harbor.requests:
        assert time.monotonic() < until
        time.sleep(0.01)
    (child,) = server.children()
    return child


def test_the_child_of_the_server_answers(server, harbor, check):
    harbor.delay("/", 1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(check)
        started(server, harbor)
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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_reaches_the_child(server, harbor, argv, plugin_python, number):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "30", python=plugin_python)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        started(server, harbor)
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
    words = f"interrupted by {number.name} while waiting for the answer to GET /api/v2.0/health"
    assert (process.returncode, words in out) == (3, True), out


def test_child_ends_with_the_plugin(server, harbor, argv, plugin_python):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "30", python=plugin_python)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        started(server, harbor)
        process.kill()
    server.wait_until_idle()


def test_stuck_child_is_ended_at_its_deadline(server, harbor, argv, plugin_python):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "2", python=plugin_python)
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.kill(started(server, harbor), signal.SIGSTOP)
        out, _ = process.communicate(timeout=10)
    assert process.returncode == 3
    assert "stuck while waiting for the answer to GET /api/v2.0/health: ended by force after" in out
    assert time.monotonic() - begun < 4


def test_killed_child_and_killed_server(server, harbor, argv, plugin_python):
    """The plugin runs the check itself, or the child finishes it."""
    for victim in ("child", "server"):
        harbor.requests.clear()
        harbor.delay("/", 1)
        command = runner.command("check_harbor_health", *argv, python=plugin_python)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            child = started(server, harbor)
            os.kill(child if victim == "child" else server.process.pid, signal.SIGKILL)
            out, _ = process.communicate(timeout=20)
        assert (process.returncode, out[: len(OK)]) == (0, OK)


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
        (["-t", "1min"], harbor_preloaded.SHORT),
        (["-t45"], harbor_preloaded.SHORT),
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


def test_sigterm_finishes_what_runs(server, harbor, check):
    harbor.delay("/", 1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(check)
        child = started(server, harbor)
        server.process.terminate()
        assert answer.result().first.startswith(OK)
    assert server.process.wait(10) == 0
    assert not server.socket.exists()
    assert not Path(f"/proc/{child}").exists()
    assert "stops: SIGTERM" in server.log.read_text()


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


def test_a_child_sees_nothing_of_another(server, harbor, check):
    harbor.delay("/", 1)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(check) for _ in range(2)]
        until = time.monotonic() + 20
        while len(harbor.requests) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        sockets = [
            {os.readlink(f"/proc/{child}/fd/{number}") for number in os.listdir(f"/proc/{child}/fd")}
            for child in server.children()
        ]
        assert len(sockets) == 2
        assert {name for name in sockets[0] & sockets[1] if name.startswith("socket:")} == set()
        for answer in running:
            assert answer.result().code == 0


def test_upgrade(server, check, tmp_path, plugin_python):
    """A server whose installation changes starts again, with the same socket."""
    subprocess.run(["cp", "-r", str(runner.PLUGINS), str(tmp_path / "plugins")], check=True)
    here = tmp_path / "plugins"
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    command = [plugin_python, str(here / "harbor_preloaded.py"), "--socket", str(folder / "socket")]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        wait_for(tmp_path / "log", "listens on", 1)
        (here / "harborlib" / "new.py").touch()
        time.sleep(1.1)
        run = [plugin_python, str(here / "check_harbor_health.py"), "-V"]
        variables = {**os.environ, "HARBOR_PRELOADED": str(folder / "socket")}
        for _ in range(2):
            done = subprocess.run(run, env=variables, capture_output=True, text=True, timeout=20, check=False)
            assert done.stdout.startswith("check_harbor_health ")
            wait_for(tmp_path / "log", "listens on", 2)
        assert process.poll() is None
        process.terminate()
    assert "the installation changed" in (tmp_path / "log").read_text()


def wait_for(log, words, times):
    until = time.monotonic() + 20
    while log.read_text().count(words) < times:
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)


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
