"""Every scenario on both engines: one page from whoever owns the failure, one recovery, and nothing else.

The worst order: nobody who owns the failure is checked before everybody else has seen it, and every first failing
check counts. One daemon run for all, one host for each scenario.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from harbor_simulator import MONITOR, Account, Simulator
from harbor_simulator.accounts import MONITOR_RIGHTS, Authenticator
from isolation.scenarios import COMPONENTS, FROZEN, STEADY, TWO_CAUSES, Scenario
from support.runner import NAMES

from . import counted, plugins
from .engine import Engine, Page
from .watched import CANARY, PROJECT, accounts, authfiles, host, simulated

pytestmark = pytest.mark.timeout(600)

#: Scenarios that differ from others in the plugin's words alone; tests/isolation has them all.
LEFT_OUT = {
    "plain HTTP on the port",
    "only TLS below 1.2",
    "core answers 503",
    "jobservice frozen",
    "certificate not yet valid",
    "certificate self-signed",
    "certificate without its intermediate",
    "certificate with an expired intermediate",
    "certificate is weak",
    "PostgreSQL and registry stopped",
    "Redis and Trivy stopped",
    "certificate expired, registry stopped",
    "certificate for another name, portal stopped",
    "certificate expired, /v2/ goes elsewhere",
}
#: What a plugin costs makes us choose: these services are checked in every scenario, all of them in some.
ALWAYS = {"health", "certificate", "portal", "v2", "api", "login", "pull", "push", "queue", "gc", "selfcheck"}
ALWAYS |= {"component-database", "component-redis", "component-registry"}
EVERYTHING_IN = {
    "all is well",
    "host or nginx down",
    "PostgreSQL stopped",
    "Redis stopped",
    "a table locked",
    "login refused",
    "monitoring robot without a right",
}

#: What the robots may do is no matter of the scenarios that need no login.
ROBOTS = (
    Scenario("canary robot's secret revoked", elsewhere=("login",)),
    Scenario("canary robot may not push", elsewhere=("selfcheck",)),
    Scenario("monitoring robot without a right", elsewhere=("selfcheck",)),
)


def service(owner: str) -> str:
    """The service that a scenario means."""
    return f"harbor-component-{owner}" if owner in COMPONENTS else f"harbor-{owner}"


def owners(scenario: Scenario) -> set[str]:
    """The services that must page."""
    return {service(owner) for owner in (*scenario.critical, *scenario.warning, *scenario.elsewhere)}


def covered(scenario: Scenario) -> bool:
    """Whether the probes that page are there."""
    there = {name.removeprefix("check_harbor_") for name in NAMES} | {"selfcheck"}
    return scenario.title not in LEFT_OUT and there.issuperset(scenario.elsewhere)


SCENARIOS = [scenario for scenario in (*STEADY, *TWO_CAUSES, *ROBOTS) if covered(scenario)]


def watched(scenario: Scenario, name: str) -> bool:
    """Whether this service is checked in this scenario."""
    return name.removeprefix("harbor-") in ALWAYS or name in owners(scenario) or scenario.title in EVERYTHING_IN


@dataclass
class Run:
    """One engine's daemon, a host and a Harbor for each scenario, and what was told."""

    engine: Engine
    harbors: dict[str, tuple[Scenario, Simulator]]
    pace: float
    pages: list[Page] = field(default_factory=list)

    def everything(self) -> None:
        """Break all, see it, repair all, see it."""
        self.engine.pass_all()
        self.engine.alert_at_once()
        self.change(broken=True)
        checks = [check for check in self.engine.services() if watched(self.harbors[check[0]][0], check[1])]
        self.check(checks)
        self.change(broken=False)
        self.check([check for check in checks if self.engine.last[check].state != 0])
        self.pages = self.engine.pages()

    def change(self, broken: bool) -> None:
        """Break every Harbor as its scenario says, or repair it."""
        known = [name for name, (scenario, _) in self.harbors.items() if not (broken and scenario.host)]
        self.engine.names.know([f"{name}.harbor.test" for name in known])
        for scenario, simulator in self.harbors.values():
            simulator.switch(*(scenario.switches if broken else ()))
            simulator.certificate = scenario.certificate if broken else "good"
            simulator.authenticator = Authenticator(robots(scenario) if broken else accounts())

    def check(self, checks: list[tuple[str, str]]) -> None:
        """Check these services: what waits long side by side, and whoever owns a failure last of all."""
        last = {check for check in checks if check[1] in {"harbor-selfcheck", *owners(self.harbors[check[0]][0])}}
        for chosen in ([check for check in checks if check not in last], sorted(last)):
            waits = [check for check in chosen if self.harbors[check[0]][0].seconds == FROZEN]
            self.engine.run(waits, at_once=30, pace=self.pace)
            self.engine.run([check for check in chosen if check not in waits], pace=self.pace)
            time.sleep(self.engine.delayed)  # for whatever it has held back or not yet written down

    def counted(self, name: str) -> tuple[str, str, str]:
        """A row of the table: the scenario, who pages, and how often somebody was told."""
        scenario, _ = self.harbors[name]
        kinds = Counter(page.kind for page in self.pages if page.host == name)
        told = f"{kinds['PROBLEM']} + {kinds['RECOVERY']}" if kinds else "0"
        return scenario.title, ", ".join(sorted(owners(scenario))) or "nobody", told


def slug(scenario: Scenario) -> str:
    """A host name for a scenario."""
    return re.sub(r"[^a-z0-9]+", "-", scenario.title.lower()).strip("-")


@pytest.fixture(scope="module")
def run(kind: type[Engine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All scenarios on one engine."""
    folder = tmp_path_factory.mktemp(kind.name)
    logins = authfiles(folder)
    installed = plugins.install(folder / "plugins")
    cost = plugins.cost(installed)
    with contextlib.ExitStack() as stack:
        simulators, hosts = {}, []
        for scenario in SCENARIOS:
            name = slug(scenario)
            simulator = stack.enter_context(simulated(f"{name}.harbor.test"))
            simulators[name] = (scenario, simulator)
            hosts.append(host(name, simulator, logins, frozen_seconds(cost) if scenario.seconds == FROZEN else 15))
        engine = stack.enter_context(kind(folder / "engine", installed, hosts))
        run = Run(engine, simulators, pace=cost / 3)
        run.everything()
        yield run


def frozen_seconds(cost: float) -> int:
    """How long a plugin waits for what never answers: long enough to do everything else in time."""
    return max(6, min(20, math.ceil(25 * cost)))


def robots(scenario: Scenario) -> dict[str, Account]:
    """Both robots as they are in this scenario."""
    found = accounts()
    if not scenario.login:
        found[MONITOR] = replace(found[MONITOR], password="another")
    if scenario.title == "monitoring robot without a right":
        found[MONITOR] = replace(found[MONITOR], rights=MONITOR_RIGHTS - {"quota:list"})
    if scenario.title == "canary robot's secret revoked":
        found[CANARY] = replace(found[CANARY], password="another")
    if scenario.title == "canary robot may not push":
        found[CANARY] = replace(found[CANARY], projects={PROJECT: ("pull",)})
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_one_page_from_the_owner(run: Run, scenario: Scenario) -> None:
    name = slug(scenario)
    told = Counter((page.kind, page.service) for page in run.pages if page.host == name)
    expected = Counter((kind, owner) for owner in owners(scenario) for kind in ("PROBLEM", "RECOVERY"))
    assert told == expected, "\n".join(str(page) for page in run.pages if page.host == name)


def test_table_in_the_documentation(run: Run) -> None:
    found = [run.counted(slug(scenario)) for scenario in SCENARIOS]
    if os.environ.get("WRITE_COUNTED"):
        counted.write(run.engine.name, found)
    assert counted.column(run.engine.name) == found
