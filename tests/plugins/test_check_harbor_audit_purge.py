"""check_harbor_audit_purge: what an operator sees. How runs are judged is shown in test_check_harbor_gc.py."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job
from support.planted import NOW, plant

LOG = "read the execution's log in the web UI (Administration > Clean Up > Log Rotation)"
NOT_SCHEDULED = [
    "HARBOR AUDIT_PURGE WARNING - no audit log purge is scheduled | time=Ts;;;0 running=0s;43200;86400;0",
    "Next: set a schedule in Harbor's web UI",
    "exit code 1",
]


@pytest.mark.parametrize(
    ("runs", "schedule", "expected"),
    [
        ("a0-fresh/purgeaudit.admin", "a0-fresh/purgeaudit-schedule.admin", NOT_SCHEDULED),
        ("a1-healthy/purgeaudit.admin", "a0-fresh/purgeaudit-schedule.admin", NOT_SCHEDULED),
        (
            "a1-healthy/purgeaudit.admin",
            "a1-healthy/purgeaudit-schedule.admin",
            [
                "HARBOR AUDIT_PURGE OK - audit log purge: no execution yet, scheduled daily at 00:00 UTC | "
                "time=Ts;;;0 running=0s;43200;86400;0",
                "exit code 0",
            ],
        ),
    ],
)
def test_recorded(ask, harbor: Simulator, runs: str, schedule: str, expected: list[str]) -> None:
    plant(harbor, runs, schedule)
    assert ask("audit_purge") == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            "Success",
            [
                "HARBOR AUDIT_PURGE OK - audit log purge: last execution succeeded 9 h ago, took 1 h, "
                "scheduled daily at 02:00 UTC | "
                "time=Ts;;;0 age=32400s;691200;1296000;0 running=0s;43200;86400;0 duration=3600s;;;0",
                "exit code 0",
            ],
        ),
        (
            "Error",
            [
                "HARBOR AUDIT_PURGE WARNING - the last execution failed 9 h ago, 2026-11-22 03:00 UTC (number 3) | "
                "time=Ts;;;0 age=118800s;691200;1296000;0 running=0s;43200;86400;0 duration=3600s;;;0",
                f"Next: {LOG}",
                "exit code 1",
            ],
        ),
        (
            "Running",
            [
                "HARBOR AUDIT_PURGE OK - audit log purge: last execution succeeded 1 d 9 h ago, took 1 h, "
                "another running for 10 h, "
                "scheduled daily at 02:00 UTC | "
                "time=Ts;;;0 age=118800s;691200;1296000;0 running=36000s;43200;86400;0 duration=3600s;;;0",
                "exit code 0",
            ],
        ),
    ],
)
def test_states(ask, harbor: Simulator, status: str, expected: list[str]) -> None:
    harbor.content.now = NOW
    runs = [Execution(3, status, NOW - 10 * HOUR, 3600), Execution(2, "Success", NOW - 34 * HOUR, 3600)]
    harbor.content.audit_purge = Job(runs, "0 0 2 * * *", NOW - 30 * DAY)
    assert ask("audit_purge") == expected


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.audit_purge = Job([Execution(2, "Success", NOW - 34 * HOUR, 3600)], "0 0 2 * * *", NOW - 30 * DAY)
    limits = ("-w", "12h", "-c", "1d", "--running-warning", "1h", "--running-critical", "2h", "--schedule-grace", "9h")
    assert ask("audit_purge", *limits) == [
        "HARBOR AUDIT_PURGE CRITICAL - last success 1 d 9 h ago (critical at 1 d) | "
        "time=Ts;;;0 age=118800s;43200;86400;0 running=0s;3600;7200;0 duration=3600s;;;0",
        "CRITICAL: last success 1 d 9 h ago (critical at 1 d)",
        "WARNING: the schedule (daily at 02:00 UTC) did not fire at 2026-11-22 02:00 UTC",
        f"Next: {LOG}",
        "exit code 2",
    ]
    assert ask("audit_purge", *limits[:-1], "11h") == [
        "HARBOR AUDIT_PURGE CRITICAL - last success 1 d 9 h ago (critical at 1 d) | "
        "time=Ts;;;0 age=118800s;43200;86400;0 running=0s;3600;7200;0 duration=3600s;;;0",
        f"Next: {LOG}",
        "exit code 2",
    ]
