"""Answers without an end: the plugin ends in time, names the stage, and takes no memory for it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract import grammar, wire
from contract.adversary import Adversary
from support import runner

MEMORY = 120_000  # KiB; a run takes 30,000, and an answer of 8 MiB is read before it is called too large
SECONDS = 2  # a busy host needs part of it before the first request
#: Together with all others, a plugin that runs all others would be too much for one process.
NAMES = [name for name in runner.NAMES if name not in runner.HANDSHAKE_ONLY | runner.RUNS_OTHERS]
SECONDS_FOR_ALL = 3


@pytest.fixture
def ends_in_time(here, harbor):
    """Checks what all plugins make of the same server: at the same time, then those that run all others."""

    def run(url=""):
        with ThreadPoolExecutor(max_workers=len(NAMES)) as pool:
            jobs = {name: pool.submit(here, name, "-t", str(SECONDS), url=url) for name in NAMES}
        for name, job in jobs.items():
            check(name, job.result(), SECONDS)
        for name in runner.RUNS_OTHERS:
            check(name, here(name, "-t", str(SECONDS_FOR_ALL), url=url), SECONDS_FOR_ALL)

    yield run
    harbor.switch("nginx-down")  # or the abandoned threads would continue to read


def check(name, outcome, seconds):
    """The outcome by the grammar, and not late."""
    printed = grammar.checked(outcome)
    assert outcome.seconds < seconds + 1, name  # test_time_limit.py measures it better
    assert printed.state == "CRITICAL", f"{name}: {outcome.first}"


@pytest.mark.parametrize("case", sorted(wire.ENDLESS))
def test_ends_in_time(case, ends_in_time):
    with Adversary(wire.ENDLESS[case]) as server:
        ends_in_time(server.url)


@pytest.mark.parametrize("switch", ["slow-drip-header", "slow-drip-body", "endless-body"])
def test_drips(switch, ends_in_time, harbor):
    harbor.switch(switch)
    ends_in_time()


@pytest.mark.parametrize("case", wire.FILLING)
def test_takes_no_memory(case, against, plugin_python):
    with Adversary(wire.ENDLESS[case]) as server:
        argv = against("check_harbor_health", "-t", "2", url=server.url)
        plugin = runner.command("check_harbor_health", *argv, python=plugin_python)
        done = subprocess.run([sys.executable, "-c", MEASURE, *plugin], capture_output=True, text=True, timeout=10)
    assert grammar.checked(runner.Outcome(done.returncode, done.stdout)).state == "CRITICAL"
    assert int(done.stderr) < MEMORY


#: Runs a command and prints the most memory that it had, in KiB; more than a gigabyte it does not get.
MEASURE = """
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
code = subprocess.call(sys.argv[1:])
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""
