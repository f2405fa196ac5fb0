"""Each trouble on the way of the data is made on a real registry; all services run, and the table says who speaks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harborlib.judge.isolation import OWNERS

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET
from isolation.scenarios import COMPONENTS
from isolation.services import verdict
from registry import daemon
from registry.lab import IMAGE, Lab
from registry.scenarios import DATA_PATH, SERVICES, Trouble
from registry.troubles import trouble


def command(service: str, lab: Lab) -> list[str]:
    """A probe and its own options."""
    monitor = ["--authfile", lab.login_as(MONITOR, MONITOR_SECRET)]
    return {
        "health": ["health", "--no-login", "--delegate", ",".join((*COMPONENTS, "portal"))],
        "registry": ["component", "--no-login", "--component", "registry"],
        "v2": ["v2", *monitor],
        "api": ["api", *monitor],
        "login": ["login", "--repository", IMAGE.partition(":")[0]],
        "pull": ["pull", "--image", IMAGE],
        "storage": ["storage", *monitor],
        "push": ["push", "--project", "priv", "--image", IMAGE],
    }[service]


@pytest.mark.parametrize("scenario", DATA_PATH, ids=lambda scenario: scenario.title)
def test_one_owner(scenario: Trouble, tmp_path: Path) -> None:
    daemon.needed()
    isolated = ("--isolate", ",".join(OWNERS), "-t", str(scenario.seconds))
    with trouble(scenario, tmp_path) as lab, ThreadPoolExecutor(len(SERVICES)) as pool:
        commands = [[*command(service, lab), *isolated] for service in SERVICES]
        outcomes = dict(zip(SERVICES, pool.map(lambda arguments: lab.here(*arguments), commands)))
    assert {name: verdict(outcome) for name, outcome in outcomes.items()} == {
        name: scenario.said(name) for name in SERVICES
    }


def test_each_row_has_one_owner() -> None:
    owners = {row.title: (*row.critical, *row.warning, *row.elsewhere) for row in DATA_PATH}
    assert owners.pop("all is well") == ()
    assert all(len(names) == 1 for names in owners.values())
