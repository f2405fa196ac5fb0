"""Permissions: what each operational probe documents is sufficient, and each one is necessary.

The simulator requires the permissions that a real Harbor 2.9.5 was seen to require, tried one by one.
"""

from __future__ import annotations

import importlib
import re
from typing import NamedTuple

from harborlib.harbor import endpoints
from harborlib.harbor.endpoints import PROJECT, SYSTEM
from harborlib.run import Probe

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.api import ENDPOINTS
from harbor_simulator.records import Remote
from support import runner
from support.replay import DIRECTORY
from support.screens import screen


class Needs(NamedTuple):
    """What a robot needs on system level, and in the projects; `options` make the probe need it."""

    system: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


#: What only an option makes a probe ask for, or what it does without.
SPARED = {"quota": "project:list", "remote_registry": "project:list"}


def needed(probe: Probe) -> Needs:
    """What its declared endpoints need; with permissions on system level those in projects are not needed."""
    held: dict[str, dict[str, None]] = {SYSTEM: {}, PROJECT: {}}
    for endpoint in probe.asks:
        if endpoint.permission and endpoint.permission != SPARED.get(probe.name):
            held[endpoint.level][endpoint.permission] = None
    return Needs(tuple(held[SYSTEM]), () if held[SYSTEM] else tuple(held[PROJECT]), tuple(probe.example))


NEEDED = {name: needed(probe) for name, probe in runner.OF_API.items()}


def run(probe: str, authfile: str, needs: Needs, version: str = "2.9.5") -> list[str]:
    robot = Account(MONITOR_SECRET, permissions=frozenset(needs.system), project_permissions=frozenset(needs.projects))
    with Simulator(users={MONITOR: robot}, version=version) as harbor:
        common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
        return screen(runner.here(f"check_harbor_{probe}", *common, *needs.options), harbor)


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_sufficient(probe: str, authfile: str) -> None:
    assert run(probe, authfile, NEEDED[probe])[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("probe", "permission"),
    [(probe, permission) for probe, needs in sorted(NEEDED.items()) for permission in needs.system + needs.projects],
)
def test_necessary(probe: str, permission: str, authfile: str) -> None:
    full = NEEDED[probe]
    rest = Needs(
        tuple(other for other in full.system if other != permission),
        # One that covers no project at all would not see the project either.
        tuple(other for other in full.projects if other != permission),
        full.options,
    )
    *lines, step, code = run(probe, authfile, rest)
    lack = rf"(\w+: )?the account lacks the permission {permission} \(403 for /api/v2.0/[\w/.-]+\)"
    # A line that is too long for the first one follows in full.
    assert re.fullmatch(rf"(HARBOR {probe.upper()} UNKNOWN - |UNKNOWN: ){lack}", lines[-1].split(" | ")[0])
    assert step.startswith(f"Next: grant the robot account {permission} ")
    assert re.search(r", possible since Harbor 2\.\d+$", step)
    assert code == "exit code 3"


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_one_robot_for_everything(probe: str, harbor: Simulator, ask) -> None:
    """Harbor 2.10 and newer; on 2.9 permissions on system level take away those in projects."""
    assert ask(probe, *NEEDED[probe].options)[-1] == "exit code 0"


def test_on_harbor_2_9_system_permissions_remove_those_in_projects(authfile: str) -> None:
    both = NEEDED["retention"]._replace(system=("project:list",))
    assert run("retention", authfile, both)[0] == (
        "HARBOR RETENTION UNKNOWN - priv: the account lacks the permission tag-retention:list "
        "(403 for /api/v2.0/retentions/1/executions)"
    )
    assert run("retention", authfile, both, version="2.10.3")[-1] == "exit code 0"


def test_robots_of_projects_need_the_permission_there(authfile: str) -> None:
    inside = Needs(projects=("robot:list",), options=("--project", "*"))
    assert run("robots", authfile, inside)[-1] == "exit code 0"
    elsewhere = Needs(("robot:list", "project:list"), options=("--project", "*"))
    first, step, code = run("robots", authfile, elsewhere)
    assert (
        first
        == "HARBOR ROBOTS UNKNOWN - library: the account lacks the permission robot:list (403 for /api/v2.0/robots)"
    )
    assert step.startswith(
        "Next: grant the robot account robot:list in the project (on Harbor 2.9 with a robot of its own:"
    )
    assert step.endswith(", possible since Harbor 2.12")
    assert code == "exit code 3"


def test_private_proxy_caches_are_seen_with_the_permission_to_list_projects(authfile: str) -> None:
    for permission, state in (((), "WARNING"), (("project:list",), "CRITICAL")):
        permissions = frozenset({*NEEDED["remote_registry"].system, *permission})
        with Simulator(users={MONITOR: Account(MONITOR_SECRET, permissions=permissions)}) as harbor:
            harbor.content.remotes, harbor.content.replications = [Remote(4, "hub", ping=400)], []
            harbor.content.proxies = {"tiny": 4}
            common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
            outcome = runner.here("check_harbor_remote_registry", *common)
        assert outcome.first.startswith(f"HARBOR REMOTE_REGISTRY {state} - hub: live ping fails")


def test_quota_by_name_needs_the_projects(authfile: str) -> None:
    named = Needs(("quota:list", "project:list"), options=("--project", "tiny"))
    assert run("quota", authfile, named)[-1] == "exit code 0"
    hidden = Needs(("quota:list",), options=("--project", "tiny"))
    assert run("quota", authfile, hidden) == [
        "HARBOR QUOTA UNKNOWN - no project is named tiny",
        "Next: compare --include with the names in Harbor: a robot account sees only what its permissions cover",
        "exit code 3",
    ]


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_without_a_login(check, harbor: Simulator, probe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARBOR_USERNAME", "HARBOR_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert check(probe, *NEEDED[probe].options) == [
        f"HARBOR {probe.upper()} UNKNOWN - usage: credentials are required: --authfile FILE, or HARBOR_USERNAME "
        f"and HARBOR_PASSWORD",
        f"Next: see check_harbor_{probe} --help",
        "exit code 3",
    ]
    assert harbor.requests == []


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_documented(probe: str) -> None:
    doc = importlib.import_module(f"check_harbor_{probe}").main.probe.doc
    told = doc.partition("Permissions: ")[2].partition("\n\n")[0]
    permissions = NEEDED[probe].system + NEEDED[probe].projects
    assert [permission for permission in permissions if permission not in told] == []
    assert set(re.findall(r"[a-z-]+:(?:list|read)", told)) - set(permissions) <= {"project:list"}
    assert permissions or told.startswith("none")


def measured() -> dict[str, str]:
    """Path to permission, as tried on a real Harbor 2.9.5."""
    table = (DIRECTORY / "PERMISSIONS-v2.9.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {path.partition("?")[0]: permission for _, path, *_, permission in rows}


def test_the_simulator_requires_the_permissions_that_harbor_requires() -> None:
    found = measured()
    needs = {endpoints.BASE + path: methods["GET"].needs for path, methods in ENDPOINTS.items() if "GET" in methods}
    asked = {path: permission for path, permission in needs.items() if permission and path in found}
    assert len(asked) > 7
    assert asked == {path: found[path] for path in asked}


def test_the_messages_name_the_permissions_that_harbor_requires() -> None:
    found = measured()
    table = [value for value in vars(endpoints).values() if isinstance(value, endpoints.Endpoint)]
    told = {endpoint.at(): endpoint.permission for endpoint in table if "{}" not in endpoint.path}
    closed = {path: permission for path, permission in found.items() if path in told and ":" in permission}
    assert len(closed) > 15
    assert {path: told[path] for path in closed} == closed
