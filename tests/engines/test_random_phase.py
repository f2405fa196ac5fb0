"""Everything down at one moment and up again, the engines checking on their own, at whatever phase each service is.

Both engines at once, each with Harbors of its own. The intervals are the shipped ones divided by SPEED, so that the
order in which services see the outage is an accident, as in real life.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from harbor_simulator import Simulator
from support import runner

from .engine import ROOT, Engine, until
from .icinga import Icinga
from .nagios import Nagios
from .resident import Resident
from .watched import authfiles, host, simulated

sys.path.insert(0, str(ROOT / "tools"))

import services

pytestmark = pytest.mark.timeout(300)

SPEED = 12
LONGEST = 300 / SPEED  # seconds between two checks of the stack's and the canary's services
TIMEOUT = 5  # seconds, for every plugin
#: What takes Harbor as a whole down, at once or by time-outs.
OUTAGES = ("nginx-down", "nginx-frozen", "host-silent", "core-down", "core-frozen", "database-frozen")
CHECKS_PER_SECOND = 2.3  # of one Harbor
SHARE = 0.6  # of the time of one core, for the plugins; the simulators, the engines and their shells need the rest
SLOW = {service.title for service in services.shipped() if service.interval / SPEED > LONGEST}


def test_one_page_and_one_recovery_for_each_harbor(run: dict[str, dict[str, Counter[str]]]) -> None:
    expected = Counter({"PROBLEM harbor-health": 1, "RECOVERY harbor-health": 1})
    surprises = {
        f"{engine} {host}": dict(told)
        for engine, hosts in run.items()
        for host, told in hosts.items()
        if told != expected
    }
    assert not surprises


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Counter[str]]]]:
    """The notifications, by engine and host."""
    for kind in (Icinga, Nagios):
        kind.needed()
    folder = tmp_path_factory.mktemp("random")
    with contextlib.ExitStack() as stack:
        resident = stack.enter_context(Resident())
        logins = authfiles(folder)
        plugins = resident.install(folder / "plugins")
        simulators: dict[str, Simulator] = {}
        engines = []
        count = carried()
        for kind in (Icinga, Nagios):
            names = [f"{kind.name}-{number}" for number in range(count)]
            simulators.update({name: stack.enter_context(simulated()) for name in names})
            hosts = [host(name, simulators[name], logins, TIMEOUT) for name in names]
            engines.append(stack.enter_context(kind(folder / kind.name, plugins, hosts, active=True, speed=SPEED)))
        until(lambda: all(watching(engine) for engine in engines), "every service is OK")
        for number, simulator in enumerate(simulators.values()):
            simulator.switch(OUTAGES[number % len(OUTAGES)])
        time.sleep(LONGEST + 2 * TIMEOUT)
        for simulator in simulators.values():
            simulator.switch()
        until(lambda: all(watching(engine) for engine in engines), "every service is OK again")
        time.sleep(max(engine.delayed for engine in engines))
        yield {engine.name: told(engine) for engine in engines}


def carried() -> int:
    """How many Harbors for each engine this machine carries without any of them looking slow."""
    with Simulator() as simulator:
        options = ["-H", simulator.url, "--ca-file", simulator.ca_file]
        runner.here("check_harbor_v2", *options)
        started = time.monotonic()
        for _ in range(10):
            runner.here("check_harbor_v2", *options)
        cost = (time.monotonic() - started) / 10
    return max(2, min(10, math.floor(SHARE / CHECKS_PER_SECOND / cost / 2)))


def watching(engine: Engine) -> bool:
    """Whether every service that is checked often is OK."""
    return all(state == 0 for (_, service), state in engine.states().items() if service not in SLOW)


def told(engine: Engine) -> dict[str, Counter[str]]:
    """The notifications of each host."""
    counts = {harbor.name: Counter[str]() for harbor in engine.harbors}
    for page in engine.pages():
        counts[page.host][f"{page.kind} {page.service}"] += 1
    return counts
