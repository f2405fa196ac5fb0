"""One dead address of two is one page, a WARNING of harbor-health, and the other services are still checked."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from . import plugins
from .engine import Engine
from .test_without import REMOVABLE
from .watched import accounts, authfiles, host, simulated

pytestmark = pytest.mark.timeout(300)

NAME, HEALTH = "harbor.example.com", "harbor-health"
ASKED = ("harbor-certificate", "harbor-v2", "harbor-pull")


def test_one_page_from_health(kind: type[Engine], tmp_path: Path) -> None:
    installed = plugins.install(tmp_path / "plugins")
    without = tuple(name for name in REMOVABLE if name not in ("v2", "pull"))
    with simulated() as first, Simulator(address="127.0.0.2", port=first.port, users=accounts()) as second:
        watched = host(NAME, first, authfiles(tmp_path), 10)
        watched = replace(watched, without=without, replicas="127.0.0.1,127.0.0.2")
        with kind(tmp_path / "engine", installed, [watched]) as engine:
            engine.pass_all()
            engine.alert_at_once()
            second.switch("nginx-down")
            checks = [(NAME, service) for service in ASKED]
            engine.run(checks)
            engine.run([(NAME, HEALTH)])
            assert engine.last[NAME, HEALTH].state == 1
            assert [engine.last[check].state for check in checks] == [3, 3, 3]
            second.switch()
            engine.run([(NAME, HEALTH), *checks])
            assert [engine.last[check].state for check in ((NAME, HEALTH), *checks)] == [0, 0, 0, 0]
            time.sleep(engine.delayed)
            told = Counter((page.kind, page.service) for page in engine.pages())
    assert told == {("PROBLEM", HEALTH): 1, ("RECOVERY", HEALTH): 1}
