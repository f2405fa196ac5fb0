"""A restart of core: one page at most, and none where health tries twice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from .engine import Engine, Harbor
from .resident import Resident

pytestmark = pytest.mark.timeout(200)

HEALTH, SELFCHECK = "harbor-health", "harbor-selfcheck"
#: Ten seconds of a restart, as whoever asks meets them.
MOMENTS = ("core-down", "core-just-started", "")


@pytest.mark.parametrize(
    ("attempts", "told"), [(1, ["PROBLEM harbor-health", "RECOVERY harbor-health"]), (2, [])], ids=["once", "patient"]
)
def test_restart_of_core(kind: type[Engine], attempts: int, told: list[str], tmp_path: Path) -> None:
    with Resident() as resident, Simulator() as simulator:
        harbor = Harbor("harbor.example.com", simulator.url, options={"": {"--ca-file": simulator.ca_file}})
        with kind(tmp_path / "engine", resident.install(tmp_path / "plugins"), [harbor]) as engine:
            engine.pass_all()
            engine.attempts(harbor.name, HEALTH, attempts)
            others = [check for check in engine.services() if check[1] not in (HEALTH, SELFCHECK)]
            for switch in MOMENTS:
                simulator.switch(*filter(None, [switch]))
                for checks in (others, [(harbor.name, HEALTH)], [(harbor.name, SELFCHECK)]):
                    engine.run(checks, pace=0.02)
            time.sleep(engine.delayed)
            assert [f"{page.kind} {page.service}" for page in engine.pages()] == told
