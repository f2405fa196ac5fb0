"""Executions: what is kept of the rows that Harbor answers with."""

from __future__ import annotations

from harborlib.harbor.fields import Fields
from harborlib.judge.executions import NOTHING, Execution
from harborlib.wire import CONTENT, Failure

MOMENT = "2026-11-22T04:00:00Z"
ROW = {"id": 7, "status": "Success", "start_time": MOMENT, "creation_time": MOMENT, "job_status": "Success",
       "job_parameters": '{"freed_space": 12}'}  # fmt: skip


def row() -> Fields:
    return Fields(ROW, lambda problem: Failure(CONTENT, problem))


def test_no_row_is_kept() -> None:
    """A row keeps its whole answer in memory: with a thousand policies 137 MiB instead of 52."""
    assert Execution.of(row()).parameters is NOTHING


def test_a_probe_keeps_what_it_needs() -> None:
    kept = row().inner("nothing")
    assert Execution.of(row(), parameters=kept).parameters is kept
    assert Execution.of_system_jobs([row()], {})[0].parameters.number("freed_space") == 12
