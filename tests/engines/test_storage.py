"""A full volume is one page, from harbor-storage; and whoever has paged, recovers: also while that page is open.

The engines check on their own, at intervals divided by SPEED.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from .engine import Engine, until
from .resident import Resident
from .test_without import REMOVABLE
from .watched import authfiles, host, simulated

pytestmark = pytest.mark.timeout(300)

SPEED = 10
PUSH, STORAGE = "harbor-push", "harbor-storage"
NAME = "harbor.example.com"
VOLUMES = "/api/v2.0/systeminfo/volumes"
#: A volume that is nearly full, while pushes still work.
NEARLY_FULL = {"storage": [{"total": 1000, "free": 40}]}


@contextlib.contextmanager
def watching(kind: type[Engine], folder: Path) -> Iterator[tuple[Engine, Simulator]]:
    """An engine that watches push, storage and what the two need."""
    without = tuple(name for name in REMOVABLE if name not in ("push", "storage", "api"))
    with Resident() as resident, simulated() as simulator:
        watched = replace(host(NAME, simulator, authfiles(folder), 5), without=without)
        plugins = resident.install(folder / "plugins")
        with kind(folder / "engine", plugins, [watched], active=True, speed=SPEED) as engine:
            until(lambda: set(engine.states().values()) == {0}, "every service is OK")
            yield engine, simulator


def told(engine: Engine) -> Counter[str]:
    return Counter(f"{page.kind} {page.service}" for page in engine.pages())


def test_full_volume_is_one_page_from_storage(kind: type[Engine], tmp_path: Path) -> None:
    with watching(kind, tmp_path) as (engine, harbor):
        harbor.switch("storage-full")
        until(lambda: told(engine)[f"PROBLEM {STORAGE}"] == 1, "storage pages")
        until(lambda: engine.states()[NAME, PUSH] == 2 or kind.name == "nagios4", "push fails")
        harbor.switch()
        until(lambda: told(engine)[f"RECOVERY {STORAGE}"] == 1, "storage recovers")
        until(lambda: set(engine.states().values()) == {0}, "every service is OK")
        assert told(engine) == {f"PROBLEM {STORAGE}": 1, f"RECOVERY {STORAGE}": 1}


def test_push_that_has_paged_recovers(kind: type[Engine], tmp_path: Path) -> None:
    """Push fails and pages, then the volume fills up, push works again, and at last there is room."""
    with watching(kind, tmp_path) as (engine, harbor):
        harbor.switch("storage-readonly")
        until(lambda: told(engine)[f"PROBLEM {PUSH}"] == 1, "push pages")
        harbor.answer(VOLUMES, body=NEARLY_FULL)
        until(lambda: told(engine)[f"PROBLEM {STORAGE}"] == 1, "storage pages")
        harbor.switch()
        engine.run([(NAME, PUSH)])  # by force: on its own the engine does not check it meanwhile
        harbor.reset()
        until(lambda: set(engine.states().values()) == {0}, "every service is OK")
        until(lambda: told(engine)[f"RECOVERY {PUSH}"] == 1, "push recovers")
        both = {f"{kind} {service}": 1 for kind in ("PROBLEM", "RECOVERY") for service in (PUSH, STORAGE)}
        assert told(engine) == both
