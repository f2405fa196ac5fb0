"""All services of one host, run side by side as an engine would, and what they said."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from harbor_simulator import Account, Simulator
from isolation.scenarios import COMPONENTS, LOGINS, SERVICES, Scenario
from support import runner
from support.runner import Outcome

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
POINTER = re.compile(r" \(see harbor-(?:component-)?(\w+)\)$")


def command(service: str, authfile: str) -> list[str]:
    """The plugin behind a service, and its own options."""
    if service in COMPONENTS:
        return ["check_harbor_component", "--component", service]
    further = {
        "health": ["--delegate", ",".join((*COMPONENTS, "portal"))],
        **{login: ["--authfile", authfile] for login in LOGINS},
    }
    return [f"check_harbor_{service}", *further.get(service, [])]


def simulated(scenario: Scenario) -> Simulator:
    """A Harbor in this condition."""
    users: dict[str, Account] | None = None if scenario.login else {}
    return Simulator(*scenario.switches, certificate=scenario.certificate, users=users)


def run(
    harbor: Simulator,
    owners: Iterable[str],
    authfile: str,
    *,
    services: Iterable[str] = SERVICES,
    host: str = "",
    seconds: float = 10,
) -> dict[str, Outcome]:
    """Run services at the same time with `--isolate OWNERS`; `host` stands in for the simulator's name."""
    url = harbor.url.replace(harbor.host, host) if host else harbor.url
    common = ["-H", url, "--ca-file", harbor.ca_file, "--isolate", ",".join(owners), "-t", str(seconds)]

    def one(service: str) -> Outcome:
        plugin, *further = command(service, authfile)
        return runner.here(plugin, *common, *further)

    chosen = list(services)
    with ThreadPoolExecutor(len(chosen)) as pool:
        return dict(zip(chosen, pool.map(one, chosen)))


def verdict(outcome: Outcome) -> str:
    """`OK`, `WARNING`, `CRITICAL`, the owner to which an UNKNOWN points, or the line of an UNKNOWN that names none."""
    state = STATES[outcome.code]
    if state != "UNKNOWN":
        return state
    pointer = POINTER.search(outcome.first)
    return pointer[1] if pointer else outcome.first
