"""The simulator's switches for what goes wrong while /health is green, and the one probe that reports each."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator

PROBES = ("api", "audit_purge", "gc", "queue", "quota", "retention", "storage", "workers")
CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2}
TOLD = {
    "workers-dead": ("workers", "CRITICAL", "live worker pools: 0 (critical below 1), last heartbeat 5 min ago"),
    "workers-busy": (
        "workers",
        "WARNING",
        "100% of the workers busy (warning at 90%), IMAGE_SCAN has been running for 13 h",
    ),
    "queue-stuck": ("queue", "CRITICAL", "REPLICATION: the oldest job has been waiting for 2 h (critical at 1 h)"),
    "queue-paused": ("queue", "WARNING", "REPLICATION: paused, 3 jobs waiting"),
    "scheduler-paused": ("queue", "CRITICAL", "SCHEDULER: paused, no schedule fires"),
    "gc-failing": ("gc", "WARNING", "the last execution failed "),
    "gc-forgotten": ("gc", "WARNING", "the schedule (daily at 00:00 UTC) did not fire at "),
    "quota-used-up": ("quota", "CRITICAL", "tiny: 100% of its quota used (critical at 99%)"),
    "volume-unreported": ("storage", "OK", "Harbor reports no data volume (object storage, or Helm)"),
    "clock-wrong": ("api", "CRITICAL", "Harbor's clock is "),
    "read-only-mode": ("api", "WARNING", "Harbor is in read-only mode: pushes are refused"),
    "storage-full": ("storage", "CRITICAL", "100% of the data volume used (critical at 90%)"),
}


@pytest.mark.parametrize("switch", TOLD)
def test_one_reports_and_the_others_are_fine(ask, harbor: Simulator, switch: str) -> None:
    harbor.switch(switch)
    teller, state, line = TOLD[switch]
    said = {probe: ask(probe, "--isolate") for probe in PROBES}
    first, *_, code = said.pop(teller)
    assert first.startswith(f"HARBOR {teller.upper()} {state} - {line}")
    assert code == f"exit code {CODES[state]}"
    assert {probe: lines[-1] for probe, lines in said.items()} == dict.fromkeys(said, "exit code 0")
