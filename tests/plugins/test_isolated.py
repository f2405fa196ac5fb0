"""One outage is reported once: what the operational probes say under --isolate while a component is down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job, Replication
from support.planted import NOW
from support.runner import OF_API
from support.screens import MOUNTS, USAGE

#: Those that ask jobservice itself; what stops because of it is another matter.
JOBSERVICE = ("queue", "workers")


def pointer(line: str) -> str:
    """Where the first line points to."""
    return line.partition(" | ")[0].rpartition(" (see ")[2].rstrip(")")


def side_by_side(ask, probes: Iterable[str], *options: str) -> Iterator[list[str]]:
    """The lines of each probe (and its options), all run at once under --isolate, because mostly they wait."""
    with ThreadPoolExecutor(max_workers=30) as pool:
        yield from pool.map(lambda probe: ask(*probe.split(), "--isolate", *options), probes)


@pytest.mark.parametrize("switches", [("database-down",), ("database-down", "cached-configuration")])
def test_database_down(ask, harbor: Simulator, switches: tuple[str, ...]) -> None:
    harbor.switch(*switches)
    for probe, (first, *_, step, code) in zip(OF_API, side_by_side(ask, OF_API)):
        assert first.startswith(f"HARBOR {probe.upper()} UNKNOWN - ")
        assert pointer(first) == "harbor-component-database"
        assert step == "Next: look at harbor-component-database first: this follows from it"
        assert code == "exit code 3"


@pytest.mark.parametrize("probe", JOBSERVICE)
@pytest.mark.parametrize("switch", ["jobservice-down", "jobservice-frozen"])
def test_jobservice_down(ask, harbor: Simulator, probe: str, switch: str) -> None:
    harbor.switch(switch)
    first, *_, code = ask(probe, "--isolate", "-t", "3")
    assert (pointer(first), code) == ("harbor-component-jobservice", "exit code 3")


@pytest.mark.parametrize("probe", ["audit_purge", "gc", "retention"])
@pytest.mark.parametrize(
    "runs",
    [
        pytest.param([Execution(1, "Success", NOW - 2 * DAY)], id="did not fire"),
        pytest.param([Execution(1, "Running", NOW - 25 * HOUR)], id="does not end"),
    ],
)
def test_what_stops_while_jobservice_is_down(ask, harbor: Simulator, probe: str, runs: list[Execution]) -> None:
    harbor.content.now = NOW
    stuck = Job(runs, "0 0 0 * * *" if runs[0].status == "Success" else "0 0 11 * * *", NOW - 50 * HOUR)
    harbor.content.gc = harbor.content.audit_purge = stuck
    harbor.content.retentions = {1: ("priv", stuck)}
    assert ask(probe)[-1] in ("exit code 1", "exit code 2")
    harbor.switch("jobservice-down")
    first, *_, code = ask(probe, "--isolate")
    assert (pointer(first), code) == ("harbor-component-jobservice", "exit code 3")


@pytest.mark.parametrize("probe", [name for name in OF_API if name not in JOBSERVICE])
def test_others_do_not_suffer_from_jobservice(ask, harbor: Simulator, probe: str) -> None:
    harbor.switch("jobservice-down")
    assert ask(probe, "--isolate")[-1] == "exit code 0"


@pytest.mark.parametrize("probe", JOBSERVICE)
def test_redis_down(ask, harbor: Simulator, probe: str) -> None:
    harbor.switch("redis-down")
    first, *_, code = ask(probe, "--isolate")
    assert (pointer(first), code) == ("harbor-component-redis", "exit code 3")


def test_time_runs_out_because_redis_is_down(ask, harbor: Simulator) -> None:
    """Every answer takes 0.6 seconds then."""
    harbor.content.more_projects = 60
    harbor.content.retentions = {number: (f"team-{number:05}", Job()) for number in range(1, 61)}
    harbor.content.replications = [Replication(number, f"p{number}") for number in range(1, 61)]
    harbor.switch("redis-down")
    for first, *_, code in side_by_side(ask, ["retention", "webhook", "robots --project *", "replication"], "-t", "6"):
        assert " checked: time ran out" in first
        assert (pointer(first), code) == ("harbor-component-redis", "exit code 3")


def test_slow_database(ask, harbor: Simulator) -> None:
    """Every statement takes half a second: no probe but api has an opinion about that, whatever it has seen."""
    harbor.switch("database-slow")
    for first, *_, code in side_by_side(ask, ["replication", "scan", "remote_registry", "retention", "gc"], "-t", "9"):
        assert (pointer(first), code) == ("harbor-api", "exit code 3")


def test_slow_database_is_the_api_s(ask, harbor: Simulator) -> None:
    harbor.switch("database-slow")
    first, *_, code = ask("api", "--isolate")
    assert (first.partition("took")[0], code) == ("HARBOR API WARNING - the answer ", "exit code 1")


@pytest.mark.parametrize(
    ("probe", "path"),
    [("gc", "system/gc/schedule"), ("replication", "replication/executions"), ("workers", "jobservice/pools/all")],
)
def test_little_of_its_own_time_was_left(ask, harbor: Simulator, probe: str, path: str) -> None:
    """That says nothing about who had it: the line tells how far the probe came, and nobody gets up for it."""
    harbor.delay("/api/v2.0/", 1.0)
    first, step, code = ask(probe, "-t", "2")
    line = re.sub(r"\d(\.\d+)? s", "T s", first.partition(" | ")[0])
    told = f"HARBOR {probe.upper()} UNKNOWN - time ran out: 1 answer took T s, T s were left for /api/v2.0/{path}"
    assert line.startswith(told)
    assert (step, code) == ("Next: check the load of the Harbor host and its database, or raise -t", "exit code 3")


def test_tables_locked(ask, harbor: Simulator) -> None:
    harbor.switch("tables-locked")
    for first, *_, code in side_by_side(ask, [probe for probe in OF_API if probe != "api"], "-t", "4"):
        assert (pointer(first), code) == ("harbor-api", "exit code 3")


def test_login_refused(ask, harbor: Simulator) -> None:
    harbor.authenticator.accounts = {}
    for first, *_, code in side_by_side(ask, [probe for probe in OF_API if probe != "api"]):
        assert (pointer(first), code) == ("harbor-api", "exit code 3")


def test_core_down(ask, harbor: Simulator) -> None:
    harbor.switch("core-down")
    for first, *_, code in side_by_side(ask, OF_API):
        assert (pointer(first), code) == ("harbor-health", "exit code 3")


@pytest.mark.parametrize("probe", OF_API)
def test_what_is_well_asks_nothing_extra(ask, harbor: Simulator, probe: str) -> None:
    ask(probe)
    alone = sorted(request.target for request in harbor.requests)
    harbor.requests.clear()
    ask(probe, "--isolate")
    assert sorted(request.target for request in harbor.requests) == alone


PUSH = ("--project", "pub", "--depth", "session", "--isolate")
FULL = "starting an upload: the registry's storage is full"
LOOK = f"Next: check usage with {USAGE}, then delete images and run garbage collection, or enlarge the storage"


def test_push_into_a_full_data_volume(check, harbor: Simulator) -> None:
    """The same line of two services would be two pages; who may not read the volumes leaves it to the engine."""
    pushes = {"pub": ("pull", "push", "delete")}
    harbor.switch("storage-full")
    for account, problem, exit_code in (
        (Account(MONITOR_SECRET, sysadmin=True), "UNKNOWN - {}, the data volume is full (see harbor-storage)", 3),
        (Account(MONITOR_SECRET, projects=pushes), "CRITICAL - {}", 2),
    ):
        harbor.authenticator.accounts[MONITOR] = account
        first, *_, code = check("push", *PUSH, login=True)
        assert (first.partition(" | ")[0], code) == (f"HARBOR PUSH {problem.format(FULL)}", f"exit code {exit_code}")
    assert check("push", *PUSH, "health,push", login=True)[1:] == [LOOK, "exit code 2"]


def test_push_onto_a_read_only_storage_is_its_own(check, harbor: Simulator) -> None:
    """Whatever the data volume says."""
    harbor.authenticator.accounts[MONITOR] = Account(MONITOR_SECRET, sysadmin=True)
    harbor.switch("storage-readonly")
    assert check("push", *PUSH, login=True)[1:] == [f"Next: check the registry's storage: {MOUNTS}", "exit code 2"]
