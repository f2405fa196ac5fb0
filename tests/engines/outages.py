"""Outages on an engine: a host and a Harbor for each scenario, all broken, seen, repaired, and the notifications.

The worst order: nobody who owns the failure is checked before everybody else has seen it, and every first failing
check counts. A service that waits for another one fails as often as it may, around the first check of that.
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harbor_simulator import MONITOR, Account, Simulator
from harbor_simulator.accounts import MONITOR_PERMISSIONS, Authenticator
from isolation.scenarios import COMPONENTS, FROZEN, Scenario

from .engine import Engine, Harbor, Page
from .watched import CANARY, PROJECT, accounts, authfiles, host, simulated

#: What a plugin costs makes us choose: these services are checked in every scenario, all of them in some.
ALWAYS = {"health", "certificate", "portal", "v2", "api", "login", "pull", "push", "queue", "gc", "storage"}
ALWAYS |= {"selfcheck", "component-database", "component-redis", "component-registry"}
EVERYTHING_IN = {
    "all is well",
    "host or nginx down",
    "PostgreSQL stopped",
    "Redis stopped",
    "a table locked",
    "login refused",
    "monitoring robot without a permission",
}

#: By the owner: who waits for it, and after how many failing checks that alerts. The owner is checked before the last.
WAITING = {"harbor-storage": ("harbor-push", 3)}
#: More than these at once are no accident.
RETRIED_AT_MOST = 5


def service(owner: str) -> str:
    """The service that a scenario means."""
    return f"harbor-component-{owner}" if owner in COMPONENTS else f"harbor-{owner}"


def owners(scenario: Scenario) -> set[str]:
    """The services that must page."""
    return {service(owner) for owner in (*scenario.critical, *scenario.warning, *scenario.elsewhere)}


def watched(scenario: Scenario, name: str) -> bool:
    """Whether this service is checked in this scenario."""
    return name.removeprefix("harbor-") in ALWAYS or name in owners(scenario) or scenario.title in EVERYTHING_IN


@dataclass
class Run:
    """One engine's daemon, a host and a Harbor for each scenario, and the notifications."""

    engine: Engine
    harbors: dict[str, tuple[Scenario, Simulator]]
    pace: float
    pages: list[Page] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)

    def everything(self) -> None:
        """Break all, see it, repair all, see it; once more where the pages were not as expected.

        A check that is late on a busy machine adds a page. So does Icinga 2 when its timer for reminders looks at a
        problem whose first notification is on its way. What is wrong with the definitions is wrong both times.
        """
        self.engine.pass_all()
        self.engine.alert_at_once()
        self.outage(self.harbors)
        wrong = [name for name in self.harbors if self.paged(name) != self.expected(name)]
        if len(wrong) <= RETRIED_AT_MOST:
            self.retried = wrong
            for check in self.watched(wrong):
                self.engine.submit(*check, 0, "before the second outage")
            time.sleep(self.engine.delayed)
            self.outage(wrong)

    def outage(self, names: Collection[str]) -> None:
        """Break these, see it, repair them, see it; the pages of these are what was sent meanwhile."""
        before = len(self.engine.pages())
        waiting = self.wait(names)
        self.change(names, broken=True)
        checks = self.watched(names)
        self.check(checks)
        for _ in range(max(waiting.values(), default=1) - 1 if self.engine.checks_waiting else 0):
            self.engine.run(waiting, pace=self.pace)
        self.change(names, broken=False)
        self.check([check for check in checks if self.engine.last[check].state != 0])
        self.pages = [page for page in self.pages if page.host not in names]
        self.pages += [page for page in self.engine.pages()[before:] if page.host in names]

    def watched(self, names: Collection[str]) -> list[tuple[str, str]]:
        """The services of these hosts that are checked."""
        services = self.engine.services()
        return [(name, of) for name, of in services if name in names and watched(self.harbors[name][0], of)]

    def paged(self, name: str) -> Counter[tuple[str, str]]:
        """How often each service of a host paged, by kind and service."""
        return Counter((page.kind, page.service) for page in self.pages if page.host == name)

    def expected(self, name: str) -> Counter[tuple[str, str]]:
        """One page and one recovery of each owner."""
        return Counter((kind, owner) for owner in owners(self.harbors[name][0]) for kind in ("PROBLEM", "RECOVERY"))

    def wait(self, names: Collection[str]) -> dict[tuple[str, str], int]:
        """Leave their attempts to the services that wait for an owner; by host and service."""
        found = {
            (name, WAITING[owner][0]): WAITING[owner][1]
            for name in names
            for owner in owners(self.harbors[name][0])
            if owner in WAITING
        }
        for (name, waiting), attempts in found.items():
            self.engine.attempts(name, waiting, attempts)
        return found

    def change(self, names: Collection[str], broken: bool) -> None:
        """Break these Harbors as their scenarios say, or repair them."""
        gone = {name for name in names if broken and self.harbors[name][0].host}
        known = [name for name in self.harbors if name not in gone]
        self.engine.names.know([f"{name}.harbor.test" for name in known])
        for scenario, simulator in map(self.harbors.__getitem__, names):
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
        """A row of the table: the scenario, who pages, and how often."""
        scenario, _ = self.harbors[name]
        kinds = Counter(page.kind for page in self.pages if page.host == name)
        told = f"{kinds['PROBLEM']} + {kinds['RECOVERY']}" if kinds else "0"
        return scenario.title, ", ".join(sorted(owners(scenario))) or "nobody", told


def slug(scenario: Scenario) -> str:
    """A host name for a scenario."""
    return re.sub(r"[^a-z0-9]+", "-", scenario.title.lower()).strip("-")


def begin(
    stack: contextlib.ExitStack, scenarios: Sequence[Scenario], folder: Path, cost: float
) -> tuple[dict[str, tuple[Scenario, Simulator]], list[Harbor]]:
    """A simulated Harbor and a host for each scenario, by its name; a plugin takes `cost` seconds here and now."""
    logins, simulators, hosts = authfiles(folder), {}, []
    for scenario in scenarios:
        name = slug(scenario)
        simulator = stack.enter_context(simulated(f"{name}.harbor.test"))
        simulators[name] = (scenario, simulator)
        hosts.append(host(name, simulator, logins, frozen_seconds(cost) if scenario.seconds == FROZEN else 15))
    return simulators, hosts


def frozen_seconds(cost: float) -> int:
    """How long a plugin waits for what never answers: long enough to do everything else in time."""
    return max(6, min(20, math.ceil(25 * cost)))


def robots(scenario: Scenario) -> dict[str, Account]:
    """Both robots as they are in this scenario."""
    found = accounts()
    if not scenario.login:
        found[MONITOR] = replace(found[MONITOR], password="another")
    if scenario.title == "monitoring robot without a permission":
        found[MONITOR] = replace(found[MONITOR], permissions=MONITOR_PERMISSIONS - {"quota:list"})
    if scenario.title == "canary robot's secret revoked":
        found[CANARY] = replace(found[CANARY], password="another")
    if scenario.title == "canary robot may not push":
        found[CANARY] = replace(found[CANARY], projects={PROJECT: ("pull",)})
    return found
