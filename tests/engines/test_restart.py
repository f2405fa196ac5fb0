"""A restart of ten seconds: one page at most, and none on a host that is patient with it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from .engine import Engine, Harbor
from .resident import Resident

pytestmark = pytest.mark.timeout(200)

SELFCHECK = "harbor-selfcheck"
HOST = "harbor.example.com"
#: By the service that owns it: ten seconds of a restart, as whoever asks meets them. Once health is well again, the
#: others are checked once more: Icinga 2 holds back what it saw of them while health was not.
RESTARTS = {
    "harbor-health": ("core-down", "core-just-started", "", ""),
    "harbor-component-database": ("database-down", ""),
    "harbor-component-redis": ("redis-down", ""),
    "harbor-component-registry": ("registry-down", ""),
}


@pytest.mark.parametrize("patient", [False, True], ids=["at once", "patient"])
def test_restart(kind: type[Engine], patient: bool, tmp_path: Path) -> None:
    """One after the other: all others first, then the owner, at each moment."""
    expected = [] if patient else [f"{told} {owner}" for owner in RESTARTS for told in ("PROBLEM", "RECOVERY")]
    with Resident() as resident, Simulator() as simulator:
        harbor = Harbor(HOST, simulator.url, options={"": {"--ca-file": simulator.ca_file}}, patient=patient)
        with kind(tmp_path / "engine", resident.install(tmp_path / "plugins"), [harbor]) as engine:
            engine.pass_all()
            for owner, moments in RESTARTS.items():
                others = [check for check in engine.services() if check[1] not in (owner, SELFCHECK)]
                for switch in moments:
                    simulator.switch(*filter(None, [switch]))
                    for checks in (others, [(HOST, owner)], [(HOST, SELFCHECK)]):
                        engine.run(checks, pace=0.02)
                time.sleep(engine.delayed)
            assert [f"{page.kind} {page.service}" for page in engine.pages()] == expected


def test_patience_is_two_checks_fifteen_seconds_apart(kind: type[Engine], tmp_path: Path) -> None:
    harbors = [Harbor(f"{patient}", "https://harbor.example.com", patient=patient) for patient in (False, True)]
    with kind(tmp_path / "engine", Path("/opt/check_harbor/bin"), harbors) as engine:
        usual, patient = ({name: engine.timing(host, name) for name in RESTARTS} for host in ("False", "True"))
        others = [name for host, name in engine.services() if host == "True" and name not in RESTARTS]
        changed = [name for name in others if engine.timing("True", name) != engine.timing("False", name)]
    assert [attempts for attempts, _ in usual.values()] == [1, 1, 1, 1]
    assert set(patient.values()) == {(2, 15.0)}
    assert changed == []
