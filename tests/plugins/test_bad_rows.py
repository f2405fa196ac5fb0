"""One bad row among many: the rest is judged, and the row is a finding of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Execution, Webhook
from support.planted import NOW

API = "/api/v2.0"
REPORT = "fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output"
CORE = {"X-Request-Id": "0f1e"}


@pytest.mark.parametrize("probe", ["gc", "audit_purge"])
def test_a_status_that_no_harbor_had_so_far(ask, harbor: Simulator, probe: str) -> None:
    harbor.content.now = NOW
    path = {"gc": "system/gc", "audit_purge": "system/purgeaudit"}[probe]
    day = "2026-11-22T0"
    runs = [
        {"id": 9, "job_status": "Dreaming", "creation_time": f"{day}6:00:00Z"},
        {"id": 8, "job_status": "Error", "creation_time": f"{day}4:00:00Z", "update_time": f"{day}4:00:00Z"},
    ]
    harbor.answer(f"{API}/{path}", body=runs)
    text = f"run 9: unexpected answer to GET {API}/{path}: unknown job_status Dreaming"
    first, *lines = ask(probe, "-v")
    assert first.startswith(f"HARBOR {probe.upper()} UNKNOWN - {text} | ")
    assert f"UNKNOWN: {text} [{probe}.not-read]" in lines
    assert f"WARNING: the last execution failed 8 h ago, 2026-11-22 04:00 UTC (number 8) [{probe}.failed]" in lines
    assert lines[-2] == f"Next: {REPORT}"


def test_projects_deleted_after_the_list_was_read(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    bad = [Execution(n, "Error", NOW - n * 60) for n in range(1, 11)]
    harbor.content.webhooks = [Webhook(1, "priv", "ci", bad), Webhook(2, "pub", "ci", bad)]
    body = {"errors": [{"code": "NOT_FOUND", "message": "project 3 not found"}]}
    harbor.answer(f"{API}/projects/3/webhook/policies", 404, CORE, body)
    first, *lines = ask("webhook", "-v")
    assert first.startswith("HARBOR WEBHOOK CRITICAL - pub/ci: 100% of the last deliveries failed, no success")
    text = f"priv: project 3 not found (404 for {API}/projects/3/webhook/policies)"
    assert f"WARNING: {text} [webhook.not-read]" in lines


def test_a_queue_that_cannot_be_read(ask, harbor: Simulator) -> None:
    rows = [{"job_type": "GC", "latency": "long"}, {"job_type": "WEBHOOK", "latency": 4000, "count": 1}]
    harbor.answer(f"{API}/jobservice/queues", body=rows)
    first, *lines = ask("queue", "-v")
    assert first.startswith(
        "HARBOR QUEUE CRITICAL - WEBHOOK: the oldest job has been waiting for 1 h 6 min (critical at 1 h) (and 1"
    )
    text = f"GC: unexpected answer to GET {API}/jobservice/queues: latency is not a number"
    assert f"UNKNOWN: {text} [queue.not-read]" in lines


def quota(name: str, hard: object, used: int) -> dict[str, object]:
    return {"id": 1, "ref": {"name": name} if name else None, "hard": {"storage": hard}, "used": {"storage": used}}


def test_quotas_of_nobody_and_of_no_number(ask, harbor: Simulator) -> None:
    """A quota that a deleted project left behind is nobody's; it has no name, and is not counted."""
    rows = [quota("", 10, 10), quota("odd", "much", 5), quota("full", 100, 100), quota("fine", -1, 5)]
    harbor.answer(f"{API}/quotas", headers={"X-Total-Count": "4"}, body=rows)
    first, *lines = ask("quota", "-v")
    assert first.startswith("HARBOR QUOTA CRITICAL - full: 100% of its quota used (critical at 99%) (and 1 more) | ")
    assert " projects=2;" in first
    text = f"quota 1: unexpected answer to GET {API}/quotas: storage is not a number"
    assert f"UNKNOWN: {text} [quota.not-read]" in lines


def test_an_account_whose_expiry_cannot_be_read(ask, harbor: Simulator) -> None:
    rows = [{"name": "robot$odd"}, {"name": "robot$late", "creation_time": "2026-11-22T06:00:00Z", "expires_at": 1}]
    harbor.answer(f"{API}/robots", headers={"X-Total-Count": "2"}, body=rows)
    first, *lines = ask("robots", "-v")
    assert " robots=1;" in first
    text = f"robot$odd: unexpected answer to GET {API}/robots: expires_at is missing"
    assert f"UNKNOWN: {text} [robots.not-read]" in lines


def row_of(path: str) -> dict[str, object]:
    """A good row of a list."""
    moment = "2026-11-22T05:59:58Z"
    rows: dict[str, dict[str, object]] = {
        "jobservice/pools": {"worker_pool_id": "a", "heartbeat_at": moment},
        "jobservice/pools/all/workers": {"id": "1", "pool_id": "a"},
        "jobservice/queues": {"job_type": "GC", "latency": 4000, "count": 1},
        "projects": {"name": "good", "project_id": 7},
        "quotas": quota("full", 100, 100),
        "registries": {"id": 1, "name": "good", "status": "healthy", "url": "https://registry.test"},
        "replication/policies": {"id": 1, "name": "good", "enabled": False},
        "robots": {"name": "robot$good", "creation_time": moment, "expires_at": -1},
        "scanners": {"name": "trivy", "uuid": "1", "is_default": True},
        "system/gc": {"id": 1, "job_status": "Success", "creation_time": moment, "update_time": moment},
        "system/purgeaudit": {"id": 1, "job_status": "Success", "creation_time": moment, "update_time": moment},
    }
    return rows[path]


@pytest.mark.parametrize(
    "odd", [None, {"job_type": 5, "name": 5, "worker_pool_id": 5, "pool_id": 5, "id": "x"}], ids=str
)
@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("workers", "jobservice/pools"),
        ("workers", "jobservice/pools/all/workers"),
        ("queue", "jobservice/queues"),
        ("retention", "projects"),
        ("webhook", "projects"),
        ("remote_registry", "registries"),
        ("remote_registry", "replication/policies"),
        ("replication", "replication/policies"),
        ("robots", "robots"),
        ("gc", "system/gc"),
        ("audit_purge", "system/purgeaudit"),
    ],
)
def test_a_row_of_nonsense(ask, harbor: Simulator, probe: str, path: str, odd: object) -> None:
    """It is a finding of its own, and the other row is read."""
    harbor.content.now = NOW
    harbor.answer(f"{API}/{path}", headers={"X-Total-Count": "2"}, body=[odd, row_of(path)])
    first, *lines = ask(probe, "-v")
    found = [line for line in lines if line.endswith(f"[{probe}.not-read]")]
    assert [line.partition(":")[0] for line in found] == ["UNKNOWN"], first


def test_a_scanner_of_nonsense(ask, harbor: Simulator) -> None:
    """The default one is judged nevertheless."""
    rows = [{"name": "odd", "is_default": "no"}, {**row_of("scanners"), "uuid": harbor.content.scanners[0].uuid}]
    harbor.answer(f"{API}/scanners", headers={"X-Total-Count": "2"}, body=rows)
    first, *lines = ask("scanner", "-v")
    assert " age=" in first
    assert any(line.endswith("[scanner.not-read]") for line in lines)


def test_a_silent_pool_beside_one_of_nonsense(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    pools = [{"worker_pool_id": "a", "heartbeat_at": "yesterday"}, {"worker_pool_id": "b", "heartbeat_at": None}]
    harbor.answer(f"{API}/jobservice/pools", body=pools)
    first, *lines = ask("workers", "-v")
    assert first.startswith("HARBOR WORKERS CRITICAL - live worker pools: 0")
    assert any(line.startswith("UNKNOWN: a: ") and line.endswith("[workers.not-read]") for line in lines)


def test_a_row_that_is_not_selected(ask, harbor: Simulator) -> None:
    rows = [{"job_type": "GC", "latency": "long"}, {"job_type": "WEBHOOK", "latency": 4, "count": 1}]
    harbor.answer(f"{API}/jobservice/queues", body=rows)
    assert ask("queue", "--type", "WEBHOOK")[-1] == "exit code 0"
    assert ask("queue", "--exclude", "GC")[-1] == "exit code 0"
    first, *lines = ask("queue", "--type", "GC", "-v")
    assert [line for line in lines if line.endswith("[queue.not-read]")], (first, lines)


def test_one_project_whose_quota_is_refused(ask, harbor: Simulator) -> None:
    harbor.content.quotas = {"priv": (100, 100), "pub": (100, 5)}
    number = harbor.content.projects["priv"].number
    rows = [{"name": "pub", "project_id": "x"}, {"name": "priv", "project_id": number}]
    harbor.answer(f"{API}/projects", headers={"X-Total-Count": "2"}, body=rows)
    first, *lines = ask("quota", "--project", "priv,pub", "-v")
    assert first.startswith("HARBOR QUOTA CRITICAL - priv: 100% of its quota used")
    assert [line for line in lines if line.endswith("[quota.not-read]")], (first, lines)


@pytest.mark.parametrize("probe", ["retention", "webhook"])
def test_a_project_that_harbor_refuses(ask, harbor: Simulator, probe: str) -> None:
    """It makes Harbor refuse the whole list; it is named, and not left out."""
    harbor.content.now = NOW
    harbor.content.projects["pub"] = replace(harbor.content.projects["pub"], readable=False)
    first, *lines = ask(probe, "-v")
    found = [line for line in lines if line.endswith(f"[{probe}.not-read]")]
    assert [line.partition(" ")[0] for line in found] == ["WARNING:"], first
