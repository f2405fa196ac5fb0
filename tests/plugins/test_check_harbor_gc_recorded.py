"""check_harbor_gc: what an operator sees of a Harbor's recorded answers."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support.garbage import perfdata
from support.planted import plant

SET_SCHEDULE = "Next: set a schedule in Harbor's web UI"
NOT_SCHEDULED = "HARBOR GC WARNING - no garbage collection is scheduled"


@pytest.mark.parametrize(
    ("runs", "schedule", "expected"),
    [
        ("a0-fresh/gc.admin", "a0-fresh/gc-schedule.admin", [NOT_SCHEDULED + perfdata(), SET_SCHEDULE, "exit code 1"]),
        (
            "a0-fresh/gc.admin",
            "i-schedules/gc-schedule-none",
            [NOT_SCHEDULED + perfdata(), SET_SCHEDULE, "exit code 1"],
        ),
        (
            "a0-fresh/gc.admin",
            "i-schedules/gc-schedule-daily",
            [
                "HARBOR GC OK - garbage collection: no execution yet, scheduled daily at 00:00 UTC" + perfdata(),
                "exit code 0",
            ],
        ),
        (
            "a1-healthy/gc.admin",
            "a1-healthy/gc-schedule.admin",
            [
                "HARBOR GC OK - garbage collection: last execution succeeded 2 min 37 s ago, took 13 s, freed 0 B, "
                "scheduled daily at 00:00 UTC" + perfdata(157, took=13),
                "exit code 0",
            ],
        ),
        (
            "v2-datapath/gc-q.admin",
            "i-schedules/gc-schedule-hourly",
            [
                "HARBOR GC OK - garbage collection: last execution succeeded 35 min ago, took 13 s, freed 0 B, "
                "scheduled hourly at minute 0" + perfdata(2118, took=13),
                "exit code 0",
            ],
        ),
        (
            "f-gc-failed/gc-right-after",
            "i-schedules/gc-schedule-custom",
            [
                "HARBOR GC OK - garbage collection: last execution succeeded 35 min ago, took 13 s, another "
                "running for 6 min, "
                "freed 0 B, custom sche..." + perfdata(2118, 366, took=13),
                "exit code 0",
            ],
        ),
        (
            "f-queues/gc-jobservice-down",
            "i-schedules/gc-schedule-custom",
            [
                "HARBOR GC OK - garbage collection: last execution succeeded 4 min ago, took 25 s, freed 0 B, "
                "custom schedule" + perfdata(279, took=25),
                "exit code 0",
            ],
        ),
    ],
)
def test_recorded(ask, harbor: Simulator, runs: str, schedule: str, expected: list[str]) -> None:
    plant(harbor, runs, schedule)
    assert ask("gc") == expected
