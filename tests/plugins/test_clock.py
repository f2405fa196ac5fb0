"""A monitoring host whose clock is an hour off judges ages rightly: by the server's clock."""

from __future__ import annotations

import glob
import json
import os
import re
import subprocess
import sys

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import HOUR, Work
from harbor_simulator.records import Execution, Job, Replication, Robot, Scanner, Webhook
from support import runner
from support.cases import for_each
from support.screens import screen

#: All but the one that is about the clocks, with what makes them judge an age.
PROBES = {name: [*probe.example] for name, probe in runner.OF_API.items() if name != "api"}
PROBES["artifact"] += ["--maximum-age", "24h"]
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), "")
pytestmark = pytest.mark.skipif(not LIBRARY, reason="needs the Debian package faketime")


#: Runs probe after probe: their names and arguments come as JSON, and so go their exit codes and outputs.
RUNS = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from support import runner
outcomes = [runner.here(*words) for words in json.load(sys.stdin)]
json.dump([(outcome.code, outcome.out) for outcome in outcomes], sys.stdout)
"""


def environment(offset: str) -> dict[str, str]:
    """That of a host whose clock is so much off."""
    return {**os.environ, "LD_PRELOAD": LIBRARY, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def away(offset: str, runs: list[list[str]]) -> list[runner.Outcome]:
    """What probes find on a host whose clock is so much off."""
    command = [sys.executable, "-c", RUNS, json.dumps([path for path in sys.path if path])]
    done = subprocess.run(
        command, input=json.dumps(runs), env=environment(offset), capture_output=True, text=True, timeout=50, check=True
    )
    return [runner.Outcome(*found) for found in json.loads(done.stdout)]


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_ages_are_judged_by_the_server_s_clock(harbor: Simulator, authfile: str, offset: str) -> None:
    now = harbor.content.now = 60 * int(harbor.content.clock() / 60)
    # An hour more or less would be a schedule that did not fire, a heart that does not beat, a job that takes long.
    last = Job([Execution(1, "Success", now - 1800)], "0 */30 * * * *", now - 30 * 86400)
    harbor.content.gc = harbor.content.audit_purge = last
    harbor.content.retentions = {1: ("priv", last)}
    harbor.content.work = [Work("IMAGE_SCAN", 11.5 * HOUR)]
    # Or a success, a push or a database that is too old, an account that has expired, a scan that is overdue.
    harbor.content.replications = [Replication(1, "push-pub", last)]
    harbor.content.robots = [Robot(1, "robot$ci", now - 31 * HOUR, now + 10.5 * HOUR)]
    harbor.content.scan_all, harbor.content.scan_schedule = (None, None), Job(cron="0 0 * * * *", since=now - 1)
    harbor.content.scanners = [Scanner(database=now - 47.5 * HOUR)]
    harbor.content.webhooks = [Webhook(1, "priv", "chat", last.runs)]
    harbor.content.artifacts["priv/img", "1.0"].pushed = now - 23.5 * HOUR
    common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
    runs = {probe: [f"check_harbor_{probe}", *common, *options] for probe, options in PROBES.items()}
    found = dict(zip(runs, away(offset, [*runs.values()])))

    def judged(probe: str) -> None:
        expected = lines(runner.here(*runs[probe]), harbor)
        assert expected[-1] == "exit code 0"
        assert lines(found[probe], harbor) == expected

    for_each(PROBES, judged)


def lines(outcome: runner.Outcome, harbor: Simulator) -> list[str]:
    """What is shown, without the time of a ping, which differs from run to run."""
    return [re.sub(r"ping=[\d.]+s", "ping=Ts", line) for line in screen(outcome, harbor, dates=True)]


@pytest.mark.parametrize(("offset", "told"), [("+1h", "behind"), ("-1h", "ahead of")])
def test_the_api_says_that_the_clocks_differ(
    harbor: Simulator, authfile: str, plugin_python: str, offset: str, told: str
) -> None:
    common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
    outcome = runner.process("check_harbor_api", *common, python=plugin_python, env=environment(offset))
    first, step, code = screen(outcome, harbor, dates=True)
    assert first.startswith("HARBOR API CRITICAL - Harbor's clock is ")
    assert f" {told} this host's (critical at 5 min) | " in first
    assert step == (
        "Next: compare date -u here with docker exec harbor-core date -u (or the same in the core pod), and "
        "correct the wrong clock"
    )
    assert code == "exit code 2"
