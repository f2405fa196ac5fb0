"""How people find the services: by groups, and under names without the prefix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .engine import Engine
from .icinga import Icinga
from .test_definitions import everything

pytestmark = pytest.mark.timeout(120)

HOST = everything("harbor-1")
USERS = {"health", "certificate", "v2", "login", "pull", "push", "portal", "component-database", "component-registry"}


def test_service_groups(kind: type[Engine], tmp_path: Path) -> None:
    with kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), [HOST]) as engine:
        groups, services = engine.groups(), engine.services()
    assert groups == {"harbor": set(services), "harbor-users": {(HOST.name, f"harbor-{name}") for name in USERS}}


def test_names_and_icons_in_icinga(tmp_path: Path) -> None:
    Icinga.needed()
    with Icinga(tmp_path / "engine", Path("/opt/check_harbor/bin"), [HOST]) as engine:
        names = [service for _, service in engine.services()]
        shown = {name: engine.attributes("services", f"{HOST.name}!{name}")["display_name"] for name in names}
        host = engine.attributes("hosts", HOST.name)
    assert {
        name: said for name, said in shown.items() if said != re.sub("[-_]", " ", name.removeprefix("harbor-"))
    } == {
        f"harbor-component-{name}": name
        for name in ("database", "redis", "registry", "jobservice", "registryctl", "trivy")
    }
    assert (shown["harbor-audit_purge"], shown["harbor-remote_registry"]) == ("audit purge", "remote registry")
    assert (host["groups"], host["icon_image"]) == (["harbor"], "cubes")
