"""A monitoring host whose clock is an hour off judges ages rightly: by the server's clock."""

from __future__ import annotations

import glob
import os
import re

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import HOUR, Work
from harbor_simulator.records import Execution, Job, Replication, Robot, Scanner, Webhook
from support import runner
from support.screens import screen

#: All but the one that is about the clocks, with what makes them judge an age.
PROBES = {name: [*probe.example] for name, probe in runner.OF_API.items() if name != "api"}
PROBES["artifact"] += ["--maximum-age", "24h"]
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), "")
pytestmark = pytest.mark.skipif(not LIBRARY, reason="needs the Debian package faketime")


def run(harbor: Simulator, authfile: str, plugin_python: str, probe: str, offset: str, *options: str) -> list[str]:
    """A run on a host whose clock is that much off."""
    faked = {"LD_PRELOAD": LIBRARY, "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"} if offset else {}
    common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
    env = {**os.environ, **faked}
    return screen(
        runner.process(f"check_harbor_{probe}", *common, *options, python=plugin_python, env=env), harbor, dates=True
    )


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
@pytest.mark.parametrize("probe", sorted(PROBES))
def test_ages_are_judged_by_the_server_s_clock(
    harbor: Simulator, authfile: str, plugin_python: str, probe: str, offset: str
) -> None:
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
    expected = run(harbor, authfile, plugin_python, probe, "", *PROBES[probe])
    assert expected[-1] == "exit code 0"
    assert unpinged(run(harbor, authfile, plugin_python, probe, offset, *PROBES[probe])) == unpinged(expected)


def unpinged(lines: list[str]) -> list[str]:
    """The lines without the time of a ping, which differs from run to run."""
    return [re.sub(r"ping=[\d.]+s", "ping=Ts", line) for line in lines]


@pytest.mark.parametrize(("offset", "told"), [("+1h", "behind"), ("-1h", "ahead of")])
def test_the_api_says_that_the_clocks_differ(
    harbor: Simulator, authfile: str, plugin_python: str, offset: str, told: str
) -> None:
    first, step, code = run(harbor, authfile, plugin_python, "api", offset)
    assert first.startswith("HARBOR API CRITICAL - Harbor's clock is ")
    assert f" {told} this host's (critical at 5 min) | " in first
    assert step == (
        "Next: compare date -u here with docker exec harbor-core date -u (or the same in the core pod), and "
        "correct the wrong clock"
    )
    assert code == "exit code 2"
