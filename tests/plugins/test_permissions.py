"""Rights: what each operational probe documents is enough, and nothing of it is too much.

The simulator holds the rights that a real Harbor 2.9.5 was seen to ask for, tried one by one.
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


class Rights(NamedTuple):
    """What a robot needs on system level, and in the projects; `options` make the probe need it."""

    system: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


#: What only an option makes a probe ask for, or what it does without.
SPARED = {"quota": "project:list", "remote_registry": "project:list"}


def needed(probe: Probe) -> Rights:
    """What its endpoints want, as it declares them; with rights on system level those in projects are not needed."""
    held: dict[str, dict[str, None]] = {SYSTEM: {}, PROJECT: {}}
    for endpoint in probe.asks:
        if endpoint.right and endpoint.right != SPARED.get(probe.name):
            held[endpoint.level][endpoint.right] = None
    return Rights(tuple(held[SYSTEM]), () if held[SYSTEM] else tuple(held[PROJECT]), tuple(probe.example))


NEEDED = {name: needed(probe) for name, probe in runner.OF_API.items()}


def run(probe: str, authfile: str, rights: Rights, version: str = "2.9.5") -> list[str]:
    robot = Account(MONITOR_SECRET, rights=frozenset(rights.system), project_rights=frozenset(rights.projects))
    with Simulator(users={MONITOR: robot}, version=version) as harbor:
        common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
        return screen(runner.here(f"check_harbor_{probe}", *common, *rights.options), harbor)


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_sufficient(probe: str, authfile: str) -> None:
    assert run(probe, authfile, NEEDED[probe])[-1] == "exit code 0"


@pytest.mark.parametrize(
    ("probe", "right"),
    [(probe, right) for probe, rights in sorted(NEEDED.items()) for right in rights.system + rights.projects],
)
def test_necessary(probe: str, right: str, authfile: str) -> None:
    full = NEEDED[probe]
    rest = Rights(
        tuple(other for other in full.system if other != right),
        # One that covers no project at all would not see the project either.
        tuple(other for other in full.projects if other != right),
        full.options,
    )
    *lines, step, code = run(probe, authfile, rest)
    lack = rf"(\w+: )?the account lacks the permission {right} \(403 for /api/v2.0/[\w/.-]+\)"
    # A line that is too long for the first one follows in full.
    assert re.fullmatch(rf"(HARBOR {probe.upper()} UNKNOWN - |UNKNOWN: ){lack}", lines[-1].split(" | ")[0])
    assert step.startswith(f"Next: grant the robot account {right} ")
    assert re.search(r", possible since Harbor 2\.\d+$", step)
    assert code == "exit code 3"


@pytest.mark.parametrize("probe", sorted(NEEDED))
def test_one_robot_for_everything(probe: str, harbor: Simulator, ask) -> None:
    """Harbor 2.10 and newer; on 2.9 rights on system level take away those in projects."""
    assert ask(probe, *NEEDED[probe].options)[-1] == "exit code 0"


def test_on_harbor_2_9_rights_on_system_level_take_away_those_in_projects(authfile: str) -> None:
    both = NEEDED["retention"]._replace(system=("project:list",))
    assert run("retention", authfile, both)[0] == (
        "HARBOR RETENTION UNKNOWN - priv: the account lacks the permission tag-retention:list "
        "(403 for /api/v2.0/retentions/1/executions)"
    )
    assert run("retention", authfile, both, version="2.10.3")[-1] == "exit code 0"


def test_robots_of_projects_need_the_right_there(authfile: str) -> None:
    inside = Rights(projects=("robot:list",), options=("--project", "*"))
    assert run("robots", authfile, inside)[-1] == "exit code 0"
    elsewhere = Rights(("robot:list", "project:list"), options=("--project", "*"))
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


def test_private_proxy_caches_are_seen_with_the_right_to_list_projects(authfile: str) -> None:
    for right, state in (((), "WARNING"), (("project:list",), "CRITICAL")):
        rights = frozenset({*NEEDED["remote_registry"].system, *right})
        with Simulator(users={MONITOR: Account(MONITOR_SECRET, rights=rights)}) as harbor:
            harbor.content.remotes, harbor.content.replications = [Remote(4, "hub", ping=400)], []
            harbor.content.proxies = {"tiny": 4}
            common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
            outcome = runner.here("check_harbor_remote_registry", *common)
        assert outcome.first.startswith(f"HARBOR REMOTE_REGISTRY {state} - hub: live ping fails")


def test_quota_by_name_needs_the_projects(authfile: str) -> None:
    named = Rights(("quota:list", "project:list"), options=("--project", "tiny"))
    assert run("quota", authfile, named)[-1] == "exit code 0"
    hidden = Rights(("quota:list",), options=("--project", "tiny"))
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
    rights = NEEDED[probe].system + NEEDED[probe].projects
    assert [right for right in rights if right not in told] == []
    assert set(re.findall(r"[a-z-]+:(?:list|read)", told)) - set(rights) <= {"project:list"}
    assert rights or told.startswith("none")


def measured() -> dict[str, str]:
    """Path to right, as tried on a real Harbor 2.9.5."""
    table = (DIRECTORY / "PERMISSIONS-v2.9.md").read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {path.partition("?")[0]: right for _, path, *_, right in rows}


def test_the_simulator_asks_for_the_rights_that_harbor_asks_for() -> None:
    found = measured()
    needs = {endpoints.BASE + path: methods["GET"].needs for path, methods in ENDPOINTS.items() if "GET" in methods}
    asked = {path: right for path, right in needs.items() if right and path in found}
    assert len(asked) > 7
    assert asked == {path: found[path] for path in asked}


def test_the_messages_name_the_rights_that_harbor_asks_for() -> None:
    found = measured()
    table = [value for value in vars(endpoints).values() if isinstance(value, endpoints.Endpoint)]
    told = {endpoint.at(): endpoint.right for endpoint in table if "{}" not in endpoint.path}
    closed = {path: right for path, right in found.items() if path in told and ":" in right}
    assert len(closed) > 15
    assert {path: told[path] for path in closed} == closed
