"""Every scenario on both engines: one page from whoever owns the failure, one recovery, and nothing else.

One daemon run for all, one host for each scenario.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from isolation.scenarios import PEOPLE, STEADY, TWO_CAUSES, Scenario
from support.runner import NAMES

from . import counted, plugins
from .engine import Engine
from .outages import Run, begin, slug

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
#: What the robots may do is no matter of the scenarios that need no login.
ROBOTS = (
    Scenario("canary robot's secret revoked", elsewhere=("login",)),
    Scenario("canary robot may not push", elsewhere=("selfcheck",)),
    Scenario("monitoring robot without a permission", elsewhere=("selfcheck",)),
)


def covered(scenario: Scenario) -> bool:
    """Whether the probes that page are there."""
    there = {name.removeprefix("check_harbor_") for name in NAMES} | {"selfcheck"}
    return scenario.title not in LEFT_OUT and there.issuperset(scenario.elsewhere)


SCENARIOS = [scenario for scenario in (*STEADY, *TWO_CAUSES, *ROBOTS, *PEOPLE) if covered(scenario)]


@pytest.fixture(scope="module")
def run(kind: type[Engine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All scenarios on one engine."""
    folder = tmp_path_factory.mktemp(kind.name)
    installed = plugins.install(folder / "plugins")
    cost = plugins.cost(installed)
    with contextlib.ExitStack() as stack:
        simulators, hosts = begin(stack, SCENARIOS, folder, cost)
        engine = stack.enter_context(kind(folder / "engine", installed, hosts))
        run = Run(engine, simulators, pace=cost / 3)
        run.everything()
        yield run


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_one_page_from_the_owner(run: Run, scenario: Scenario, request: pytest.FixtureRequest) -> None:
    name = slug(scenario)
    if name in run.retried:
        request.node.user_properties.append(("attempts", 2))
    pages = "\n".join(str(page) for page in run.pages if page.host == name)
    assert run.paged(name) == run.expected(name), pages


def test_preloaded_server_runs_the_checks(run: Run, pytestconfig: pytest.Config) -> None:
    """With --preloaded; how many it may leave out is asserted when the daemon ends."""
    asked, _ = run.engine.preloading.runs()
    assert (asked > len(SCENARIOS)) == pytestconfig.getoption("preloaded")


def test_table_in_the_documentation(run: Run) -> None:
    found = [run.counted(slug(scenario)) for scenario in SCENARIOS]
    if os.environ.get("WRITE_COUNTED"):
        counted.write(run.engine.name, found)
    assert counted.column(run.engine.name) == found
