"""What Icinga 2 makes of our performance data: the labels as they were printed, whatever they are named after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harbor_simulator.records import Remote

from . import plugins
from .icinga import Icinga
from .watched import authfiles, host, simulated

pytestmark = pytest.mark.timeout(120)

PER_REGISTRY = {"remote_registry": {"--perfdata-for": "*"}}


def test_icinga_keeps_every_label(tmp_path: Path) -> None:
    """Two colons in one would be the prefix of all that follow."""
    Icinga.needed()
    with simulated() as simulator:
        names = ["fra::hub", "muc::quay", "::", "a:b"]
        simulator.content.remotes = [Remote(number, name) for number, name in enumerate(names, 1)]
        simulator.content.replications = []
        watched = host("harbor.example.com", simulator, authfiles(tmp_path), 15)
        watched = replace(watched, options={**watched.options, **PER_REGISTRY})
        with Icinga(tmp_path / "engine", plugins.install(tmp_path / "plugins"), [watched]) as engine:
            engine.run([(watched.name, "harbor-remote_registry")])
            found = engine.attributes("services", f"{watched.name}!harbor-remote_registry")
    assert sorted(entry.split("=")[0] for entry in found["last_check_result"]["performance_data"]) == [
        "failed", "ping", "ping___", "ping_a:b", "ping_fra__hub", "ping_muc__quay", "registries", "time"
    ]  # fmt: skip
