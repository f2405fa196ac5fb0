"""The server's children: a signal, a deadline or an end of the plugin reaches them, and none sees another."""

from __future__ import annotations

import harbor_preloaded

import argparse
import os
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harborlib.run.served import Check, Noted

import pytest

from support import runner
from support.preloaded import OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_reaches_the_child(server, harbor, argv, plugin_python, number):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "30", python=plugin_python)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        server.child_of(harbor)
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
    words = f"interrupted by {number.name} while waiting for the answer to GET /api/v2.0/health"
    assert (process.returncode, words in out) == (3, True), out


def test_child_ends_with_the_plugin(server, harbor, argv, plugin_python):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "30", python=plugin_python)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        server.child_of(harbor)
        process.kill()
    server.wait_until_idle()


def test_stuck_child_is_ended_at_its_deadline(server, harbor, argv, plugin_python):
    harbor.delay("/", 30)
    command = runner.command("check_harbor_health", *argv, "-t", "2", python=plugin_python)
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.kill(server.child_of(harbor), signal.SIGSTOP)
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
            child = server.child_of(harbor)
            os.kill(child if victim == "child" else server.process.pid, signal.SIGKILL)
            out, _ = process.communicate(timeout=20)
        assert (process.returncode, out[: len(OK)]) == (0, OK)


def test_sigterm_finishes_what_runs(server, harbor, check):
    harbor.delay("/", 1)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(check)
        child = server.child_of(harbor)
        server.process.terminate()
        assert answer.result().first.startswith(OK)
    assert server.process.wait(10) == 0
    assert not server.socket.exists()
    assert not Path(f"/proc/{child}").exists()
    assert "stops: SIGTERM" in server.log.read_text()


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


@pytest.mark.parametrize("length", [40, 960, 1000, 4000])
def test_what_a_child_notes_is_seen_as_a_whole(length):
    """The server looks while the child writes; a path that is too long for the note is left out."""
    path = "/" + "x" * length
    whole = Noted(1234.5678, "json", 2, "health", path if length < 1000 else "")
    with socket.socket() as connection:
        checks = [Check(connection) for _ in range(5000)]
        child = os.fork()
        if child == 0:
            for check in checks:
                check.note(whole.until, argparse.Namespace(output="json", verbose=2, ca_file=path), "health")
            os._exit(0)
        try:
            seen = {noted for check in checks for noted in iter(check.noted, whole)}
        finally:
            os.waitpid(child, 0)
            for check in checks:
                check.close()
    assert seen <= {Noted()}
