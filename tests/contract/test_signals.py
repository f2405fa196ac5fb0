"""SIGTERM and SIGINT are answered at once, with one line that names the stage."""

from __future__ import annotations

import signal
import threading

import pytest

from contract import grammar, processes
from support import runner
from support.listeners import listening

AT_ONCE = 1.0  # seconds; -t is 30
SIGNALS = (signal.SIGTERM, signal.SIGINT)
NEXT = "set the engine's check timeout higher than -t"


def checked(outcome, number, words):
    printed = grammar.checked(outcome)
    assert (printed.state, printed.lines) == ("UNKNOWN", [f"Next: {NEXT}"])
    assert printed.text.startswith(f"interrupted by {number.name} while {words}"), outcome.out
    assert outcome.seconds < AT_ONCE


@pytest.mark.parametrize("number", SIGNALS)
def test_while_the_resolver_hangs(number, against, plugin_python, tmp_path):
    name = runner.NAMES[number % len(runner.NAMES)]
    with processes.silent_resolver(tmp_path) as (prefix, server):
        argv = against(name, "-t", "30", url="https://harbor.example.com")
        command = [*prefix, *runner.command(name, *argv, python=plugin_python)]
        outcome = processes.interrupted(command, lambda: server.recv(512), number)
    checked(outcome, number, "resolving harbor.example.com")


@pytest.mark.parametrize("number", SIGNALS)
def test_in_the_handshake(number, against, plugin_python):
    """Each plugin gets one of the signals."""

    def run(name):
        greeted = threading.Event()

        def hang(sock):
            while sock.recv(65536):
                greeted.set()

        with listening(hang) as port:
            argv = against(name, "-t", "30", url=f"https://localhost:{port}")
            command = runner.command(name, *argv, python=plugin_python)
            return processes.interrupted(command, lambda: greeted.wait(20), number)

    names = runner.NAMES[SIGNALS.index(number) :: 2]
    for name, outcome in processes.side_by_side(names, run).items():
        # A plugin that runs all others names the last started probe, wherever that is.
        checked(outcome, number, "" if name in runner.RUNS_OTHERS else "in the TLS handshake with localhost:")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("output", ["nagios", "json"])
def test_while_it_waits_for_an_answer(number, output, against, plugin_python, harbor):
    harbor.delay("/", 30)
    argv = against("check_harbor_health", "-t", "30", "--output", output)
    command = runner.command("check_harbor_health", *argv, python=plugin_python)
    outcome = processes.interrupted(command, lambda: arrived(harbor), number)
    if output == "json":
        report = grammar.checked_json(outcome)
        assert report["summary"] == f"interrupted by {number.name} while waiting for the answer to GET /api/v2.0/health"
        assert (report["state"], report["next_step"]) == ("UNKNOWN", NEXT)
    else:
        checked(outcome, number, "waiting for the answer to GET /api/v2.0/health")


def arrived(harbor):
    """Wait until a request has arrived."""
    tick = threading.Event()
    while not harbor.requests:
        tick.wait(0.01)  # the simulator tells nobody
