"""check_harbor_gc: Harbor 2.0 and 2.1 keep one row for a schedule, and only newer ones show the freed space."""

from __future__ import annotations

import time

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR, moment
from harbor_simulator.records import Job
from support.garbage import DAILY


def listed(harbor: Simulator, *rows: dict[str, object]) -> None:
    """Plant these rows; times are seconds ago."""
    times = {"creation_time", "update_time"}
    shown = [
        {key: moment(time.time() - int(str(value))) if key in times else value for key, value in row.items()}
        for row in rows
    ]
    harbor.answer("/api/v2.0/system/gc", body=shown)


def periodic(status: str, since: int) -> dict[str, object]:
    """The row of a daily schedule as Harbor 2.0 and 2.1 keep it: one for all its runs, created a hundred days ago."""
    return {
        "creation_time": 100 * DAY, "deleted": False, "id": 6, "job_kind": "Periodic", "job_name": "IMAGE_GC",
        "job_parameters": '{"delete_untagged":true}', "job_status": status,
        "schedule": {"cron": DAILY, "type": "Daily"}, "update_time": since,
    }  # fmt: skip


def generic(status: str, ago: int, number: int = 9) -> dict[str, object]:
    return {**periodic(status, ago - 1000), "creation_time": ago, "id": number, "job_kind": "Generic"}


@pytest.mark.parametrize(
    ("rows", "state", "text"),
    [
        ([periodic("finished", 39000)], "OK", "last execution succeeded 10 h ago, scheduled"),
        ([generic("finished", 40000)], "OK", "last execution succeeded 10 h ago, took 16 min, scheduled"),
        ([generic("error", 40000), periodic("finished", 50000)], "WARNING", "the last execution failed 10 h ago"),
        ([periodic("error", 39000)], "WARNING", "the last execution failed 10 h ago"),
        ([periodic("stopped", 39000)], "WARNING", "the last execution was stopped 10 h ago"),
        ([generic("canceled", 40000)], "WARNING", "the last execution was stopped 10 h ago"),
        (
            [periodic("running", 600), generic("finished", 40000)],
            "OK",
            "last execution succeeded 10 h ago, took 16 min, another",
        ),
        (
            [periodic("running", 20 * HOUR + 60), generic("finished", 90000)],
            "WARNING",
            "an execution has been running for 20 h",
        ),
        ([periodic("pending", 40000)], "OK", "no execution yet, scheduled"),
        ([periodic("scheduled", 40000), generic("finished", 50000)], "OK", "last execution succeeded 13 h ago, took"),
    ],
)
def test_harbor_2_0_and_2_1(ask, harbor: Simulator, rows: list[dict[str, object]], state: str, text: str) -> None:
    listed(harbor, *rows)
    schedule = {**rows[0], "schedule": {"cron": DAILY, "type": "Daily"}}
    harbor.answer(
        "/api/v2.0/system/gc/schedule",
        body={**schedule, "update_time": moment(time.time() - 39000), "creation_time": ""},
    )
    lead = "garbage collection: " if state == "OK" else ""
    first, *_ = ask("gc", "--schedule-grace", "1d")
    assert first.startswith(f"HARBOR GC {state} - {lead}{text}"), first
    timed = [row for row in rows if row["job_kind"] == "Generic" and row["job_status"] == "finished"]
    assert ("duration=" in first) == bool(timed)
    assert "freed" not in first


@pytest.mark.parametrize(
    ("parameters", "freed"),
    [
        ('{"delete_untagged":true,"dry_run":false,"time_window":2}', ""),
        ("null", ""),
        ("", ""),
        (None, ""),
        ("{}", ""),
        ('{"freed_space":null}', ""),
        ('{"freed_space":0}', "freed 0 B, "),
        ('{"freed_space":1024}', "freed 1 KiB, "),
    ],
)
def test_freed_space_only_where_harbor_shows_it(ask, harbor: Simulator, parameters: str | None, freed: str) -> None:
    harbor.content.gc = Job(cron=DAILY, since=time.time() - 30 * DAY)
    row = {"creation_time": 40000, "id": 31, "job_kind": "SCHEDULE", "job_status": "Success", "update_time": 39000}
    listed(harbor, {**row, "job_parameters": parameters})
    first, code = ask("gc", "--schedule-grace", "1d")
    assert first.startswith(
        f"HARBOR GC OK - garbage collection: last execution succeeded 10 h ago, took 16 min, {freed}scheduled "
        "daily at 00:00 UTC | "
    )
    assert ("freed=" in first, code) == (bool(freed), "exit code 0")
