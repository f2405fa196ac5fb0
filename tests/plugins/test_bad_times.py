"""Times that are unknown, or ahead of the clock: none becomes an age."""

from __future__ import annotations

import re
from email.utils import formatdate

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Execution, Remote, Replication, Webhook
from support.planted import NOW, job

API = "/api/v2.0"
NEVER = "0001-01-01T00:00:00.000Z"
DATE = {"Date": formatdate(NOW, usegmt=True)}
ONE = {"X-Total-Count": "1", **DATE}


@pytest.mark.parametrize("moment", [None, NEVER, "1970-01-01T00:00:00Z"])
def test_times_that_are_not_known_are_no_ages(ask, harbor: Simulator, moment: str | None) -> None:
    """No execution, job or disabled account is fifty years old."""
    harbor.content.now = NOW
    one = {"id": 7, "policy_id": 1, "status": "InProgress", "trigger": "manual", "start_time": moment, "total": 1}
    harbor.content.remotes = [Remote(3, "remote"), Remote(4, "other")]
    harbor.content.replications = [Replication(1, "p1", job("Success"))]
    rows = [{**one, "in_progress": 1}]
    harbor.answer(f"{API}/replication/executions", headers=ONE, body=rows)
    assert ask("replication")[-1] == "exit code 3"
    run = {"id": 7, "job_status": "Success", "creation_time": moment, "update_time": moment}
    for probe, path in (("gc", "gc"), ("audit_purge", "purgeaudit")):
        harbor.answer(f"{API}/system/{path}", headers=ONE, body=[run])
        assert ask(probe)[-1] == "exit code 3", probe
    pool = {"worker_pool_id": "a", "heartbeat_at": "2026-11-22T11:59:58Z"}
    worker = {"id": "1", "pool_id": "a", "job_id": "2", "job_name": "GC", "start_at": moment}
    harbor.answer(f"{API}/jobservice/pools", headers=DATE, body=[pool])
    workers = [worker, {"id": "2", "pool_id": "a"}]
    harbor.answer(f"{API}/jobservice/pools/all/workers", headers=DATE, body=workers)
    first, *_ = ask("workers")
    assert " busy=50%;" in first
    assert " longest=0s;" in first
    account = {"name": "robot$off", "expires_at": -1, "disable": True, "update_time": moment}
    harbor.answer(f"{API}/robots", headers=ONE, body=[account])
    assert ask("robots")[-1] == "exit code 1"


def test_times_that_are_ahead_are_no_negative_ages(ask, harbor: Simulator) -> None:
    """The clocks of Harbor's hosts differ."""
    harbor.content.now = NOW
    ahead = [Execution(n, status, NOW + 90) for n, status in enumerate(["Error", "Success"], 1)]
    harbor.content.webhooks = [Webhook(1, "priv", "ci", ahead)]
    harbor.content.retentions = {1: ("priv", job("Success", -90))}
    harbor.content.remotes = [Remote(3, "remote")]
    harbor.content.replications = [Replication(1, "p1", job("Success", -90))]
    for probe in (
        "webhook",
        "retention",
        "replication",
        "gc",
        "audit_purge",
        "workers",
        "scanner",
        "robots",
        "artifact",
    ):
        first, *_ = ask(probe)
        assert not re.search(r"-\d+ (s|min|h|d)\b|=-", first), first
