"""-t is wall clock from main(): 2 seconds are over within 2.3, whatever hangs, and the line names what hung."""

from __future__ import annotations

import re

import pytest

from contract import grammar, processes
from contract.conftest import for_every_plugin
from support import runner

LIMIT = 2.3
#: What hangs, and how the line names it.
HANGS = {
    "host-silent": r"connecting to 127\.0\.0\.1:\d+",
    "nginx-frozen": r"in the TLS handshake with localhost:\d+",
    "slow-drip-header": r"waiting for the answer to GET /",
    "slow-drip-body": r"reading the answer to GET /",
    "endless-body": r"reading the answer to GET /|is larger than",
}
ON_THE_WIRE = ("host-silent", "nginx-frozen")  # for all clients; the rest is HTTP


def checked(name, outcome, words):
    printed = grammar.checked(outcome)
    assert printed.state == "CRITICAL", f"{name}: {outcome.out}"
    assert re.search(words, outcome.out), f"{name}: {outcome.out}"
    assert name in runner.RUNS_OTHERS or [line for line in printed.lines if not line.startswith("Next: ")] == []


@pytest.mark.parametrize("switch", HANGS)
def test_two_seconds(switch, harbor, against, plugin_python):
    """Each plugin meets every other hang."""
    harbor.switch(switch)
    turn = list(HANGS).index(switch)
    names = [name for name in runner.NAMES if switch in ON_THE_WIRE or name not in runner.HANDSHAKE_ONLY][turn % 2 :: 2]

    def run(name):
        argv = against(name, "-t", "2")
        return processes.in_time(lambda: processes.timed(plugin_python, name, *argv), LIMIT, HANGS[switch])

    for name, outcome in processes.side_by_side(names, run).items():
        checked(name, outcome, HANGS[switch])


def test_name_server(against, plugin_python, tmp_path):
    words = r"resolving harbor\.example\.com"
    with processes.silent_resolver(tmp_path) as (prefix, _):

        def run(name):
            argv = against(name, "-t", "2", url="https://harbor.example.com")
            return processes.in_time(lambda: processes.timed(plugin_python, name, *argv, prefix=prefix), LIMIT, words)

        for name, outcome in processes.side_by_side(runner.NAMES, run).items():
            checked(name, outcome, words)


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_also_while_others_are_asked(isolate, harbor, against, plugin_python):
    """What isolation asks, and the second try, are within the limit too."""
    harbor.switch("tables-locked", "core-frozen")
    for name in ("check_harbor_health", "check_harbor_v2"):
        argv = against(name, "-t", "2", *isolate)
        outcome = processes.in_time(lambda: processes.timed(plugin_python, name, *argv), LIMIT)  # noqa: B023
        grammar.checked(outcome)
        assert outcome.code == (3 if isolate and name != "check_harbor_health" else 2)


@pytest.mark.parametrize("seconds", ["0.001", "0.1", "0.3"])
def test_less_time_than_it_takes(seconds, here):
    def in_time(name):
        outcome = here(name, "-t", seconds)
        grammar.checked(outcome)
        assert outcome.seconds < 1

    for_every_plugin(in_time)
