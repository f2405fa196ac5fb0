"""A monitoring host whose clock is an hour off judges ages rightly: by the server's clock."""

from __future__ import annotations

import glob
import os

import pytest

import runner
from screens import screen
from simulator import Simulator
from simulator.content import HOUR, Execution, Job, Work

PROBES = ("audit_purge", "gc", "queue", "quota", "retention", "storage", "workers")
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
@pytest.mark.parametrize("probe", PROBES)
def test_ages_are_judged_by_the_server_s_clock(
    harbor: Simulator, authfile: str, plugin_python: str, probe: str, offset: str
) -> None:
    now = harbor.content.now = 60 * int(harbor.content.clock() / 60)
    # An hour more or less would be a schedule that did not fire, a heart that does not beat, a job that takes long.
    last = Job([Execution(1, "Success", now - 1800)], "0 */30 * * * *", now - 30 * 86400)
    harbor.content.gc = harbor.content.audit_purge = last
    harbor.content.retentions = {1: ("priv", last)}
    harbor.content.work = [Work("IMAGE_SCAN", 11.5 * HOUR)]
    expected = run(harbor, authfile, plugin_python, probe, "")
    assert expected[-1] == "exit code 0"
    assert run(harbor, authfile, plugin_python, probe, offset) == expected


@pytest.mark.parametrize(("offset", "told"), [("+1h", "behind"), ("-1h", "ahead of")])
def test_the_api_says_that_the_clocks_differ(
    harbor: Simulator, authfile: str, plugin_python: str, offset: str, told: str
) -> None:
    first, step, code = run(harbor, authfile, plugin_python, "api", offset)
    assert first.startswith("HARBOR API CRITICAL - Harbor's clock is ")
    assert f" {told} this host's (critical at 5 min) | " in first
    assert step == "Next: compare both with NTP: timedatectl on the Harbor host and on this one"
    assert code == "exit code 2"
