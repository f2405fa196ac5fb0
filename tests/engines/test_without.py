"""A host that does without some of the services: they are gone, with all that waits for them, and nobody names them."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from . import recorded
from .engine import ROOT, Engine
from .icinga import Icinga
from .test_definitions import everything

sys.path.insert(0, str(ROOT / "tools"))

import services

pytestmark = pytest.mark.timeout(120)

NOWHERE = Path("/opt/check_harbor/bin")
HOST = everything("harbor-1")
NEEDED = {"harbor-health", "harbor-certificate", "harbor-selfcheck"}
REMOVABLE = tuple(service.name for service in services.shipped() if not service.independent)


@pytest.mark.parametrize(
    "without",
    [("quota",), ("storage",), ("push",), ("component-trivy", "component-redis"), ("portal", "v2"), REMOVABLE],
    ids=lambda without: without[0] if len(without) < 3 else "all",
)
def test_the_others_stay(kind: type[Engine], without: tuple[str, ...], tmp_path: Path) -> None:
    with kind(tmp_path / "engine", NOWHERE, [HOST, replace(HOST, name="less", without=without)]) as engine:
        found = engine.services()
        waiting = engine.dependencies()
    there = {service for host, service in found if host == HOST.name}
    gone = {f"harbor-{name}" for name in without}
    assert gone & there  # whether a host has an artifact to watch is its own choice
    assert {service for host, service in found if host == "less"} == there - gone
    assert not [child for host, child, parent in waiting if host == "less" and {child, parent} & gone]
    assert {child for host, child, _ in waiting if host == "less"} == there - gone - NEEDED


def asked(without: tuple[str, ...], folder: Path) -> dict[str, str]:
    """What the options of health come to, on a host in Icinga that does without these."""
    Icinga.needed()
    plugins = recorded.install(folder / "plugins", "check_harbor_health")
    watched = replace(HOST, without=without)
    with Icinga(folder / "engine", plugins, [watched]) as engine:
        engine.run([(watched.name, "harbor-health")])
        assert engine.last[watched.name, "harbor-health"].output == "noted"
    return recorded.came(plugins, "check_harbor_health")


def test_icinga_names_no_owner_that_is_gone(tmp_path: Path) -> None:
    came = asked(("component-trivy", "component-redis", "portal", "pull"), tmp_path)
    components, others = (
        {"database", "registry", "jobservice", "registryctl"},
        {"api", "v2", "login", "push", "storage"},
    )
    assert set(re.findall(r"'(\w+)'", came["isolate"])) == {"health", "certificate"} | others | components
    assert re.findall(r"'(\w+)'", came["delegate"]) == sorted(components)


def test_health_judges_all_components_where_none_has_a_service(tmp_path: Path) -> None:
    came = asked(REMOVABLE, tmp_path)
    assert set(re.findall(r"'(\w+)'", came["isolate"])) == {"health", "certificate"}
    assert came["delegate"] == "[]"
