"""What the tests of check_harbor_replication share."""

from __future__ import annotations

from typing import Any

from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job, Replication
from support.planted import NOW

LOG = "read the execution's log in the web UI (Administration > Replications), and run check_harbor_remote_registry"
READ_LOG = f"Next: {LOG}"
NIGHTLY = "0 0 3 * * *"


def perfdata(policies: int = 1, disabled: int = 0, failed: int = 0, age: int = 0, running: int = 0) -> str:
    counts = f"policies={policies};;;0 disabled={disabled};;;0 failed={failed};;;0"
    return f" | time=Ts;;;0 {counts} age={age}s;;;0 running={running}s;7200;43200;0"


def run(number: int, status: str, ago: float, **traits: Any) -> Execution:
    return Execution(number, status, NOW - ago, **traits)


def policy(*runs: Execution, cron: str = "", number: int = 1, name: str = "push-pub", **traits: Any) -> Replication:
    return Replication(number, name, Job(list(runs), cron, NOW - 30 * DAY), **traits)


LAST_NIGHT = run(7, "Success", 9 * HOUR)
THE_NIGHT_BEFORE = run(6, "Success", 33 * HOUR)
