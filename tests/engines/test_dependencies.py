"""What waits for what, as the engines have compiled it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from .engine import Engine, Harbor
from .icinga import SHIPPED, Icinga, host
from .nagios import Nagios

pytestmark = pytest.mark.timeout(120)

HEALTH, STORAGE, PUSH, SATELLITE = "harbor-health", "harbor-storage", "harbor-push", "harbor-satellite"
ALONE = {HEALTH, "harbor-certificate", "harbor-selfcheck"}
STACK = Harbor("stack.example.com", "https://stack.example.com")
ROBOT = replace(STACK, name="robot.example.com", robot_authfile="/etc/harbor/robot.auth")
CANARY = replace(
    ROBOT,
    name="canary.example.com",
    canary_authfile="/etc/harbor/canary.auth",
    canary_project="canary",
    canary_image="canary/alpine:3",
)
NO_STORAGE = replace(CANARY, name="no-storage.example.com", without=("storage",))
HARBORS = [STACK, ROBOT, CANARY, NO_STORAGE]


class Zoned(Icinga):
    """The hosts stand in the zone of the node, as a host with an endpoint must."""

    def definitions(self) -> str:
        (self.folder / "zones" / self.node).mkdir()
        (self.folder / "zones" / self.node / self.objects).write_text("\n".join(map(host, self.harbors)))
        return f'include "{SHIPPED}/*.conf"'


def expected(services: set[str], satellite: bool = False) -> set[tuple[str, str]]:
    """Who waits for whom on a host with these services."""
    pairs = {(service, HEALTH) for service in services - ALONE - {SATELLITE}}
    if {PUSH, STORAGE} <= services:
        pairs = pairs - {(PUSH, HEALTH)} | {(PUSH, STORAGE)}
    return pairs | ({(service, SATELLITE) for service in ALONE} if satellite else set())


def compiled(engine: Engine) -> dict[str, tuple[set[str], list[tuple[str, str]]]]:
    """By host: its services, and which of them waits for which."""
    services, waiting = engine.services(), engine.dependencies()
    return {
        harbor.name: (
            {service for host, service in services if host == harbor.name},
            sorted((child, parent) for host, child, parent in waiting if host == harbor.name),
        )
        for harbor in engine.harbors
    }


def test_never_two_dependencies_on_one_service_in_icinga(tmp_path: Path) -> None:
    """Icinga 2.12 and 2.13 let a service go that has one parent that is well."""
    Zoned.needed()
    far = [replace(harbor, name=f"far-{harbor.name}", endpoint=Zoned.node) for harbor in HARBORS]
    with Zoned(tmp_path / "engine", Path("/opt/check_harbor/bin"), [*HARBORS, *far]) as engine:
        found = compiled(engine)
    for name, (services, waiting) in found.items():
        times = Counter(child for child, _ in waiting)
        assert max(times.values()) == 1, f"{name}: {[child for child, count in times.items() if count > 1]}"
        assert waiting == sorted(expected(services, name.startswith("far-"))), name


def test_everything_waits_for_health_in_nagios(tmp_path: Path) -> None:
    """All of its dependencies count there: push has two, since storage alone would not pass on what health says."""
    Nagios.needed()
    with Nagios(tmp_path / "engine", Path("/opt/check_harbor/bin"), HARBORS) as engine:
        found = compiled(engine)
    for name, (services, waiting) in found.items():
        both = {(PUSH, HEALTH)} if {PUSH, STORAGE} <= services else set()
        assert waiting == sorted(expected(services) | both), name
