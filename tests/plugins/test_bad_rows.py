"""One bad row among many: the rest is judged, and the row is a finding of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import formatdate

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job, Remote, Replication, Webhook
from support.planted import NOW, plant

API = "/api/v2.0"
REPORT = "fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output"
ERROR = {"errors": [{"code": "UNKNOWN", "message": "internal server error"}]}
CORE = {"X-Request-Id": "0f1e"}
DAILY = "0 0 4 * * *"


@pytest.fixture
def ask(ask):
    """The same, with one X-Request-Id for all."""
    return lambda *options: [re.sub(r"X-Request-Id [\w-]+", "X-Request-Id ID", line) for line in ask(*options)]


def shown(lines: list[str]) -> list[str]:
    """The output without perfdata."""
    return [line.split(" | ")[0] for line in lines]


def job(status: str, ago: float = 8 * HOUR) -> Job:
    return Job([Execution(9, status, NOW - ago)], DAILY, NOW - 30 * DAY)


class TestRetention:
    SET = "set the project's tag retention again in the web UI: a policy deleted over the API leaves its number behind"
    FAILED = "tiny: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9)"

    @pytest.fixture(autouse=True)
    def three_policies(self, harbor: Simulator) -> None:
        harbor.content.now = NOW
        jobs = (("priv", job("Success")), ("pub", job("Success")), ("tiny", job("Error")))
        harbor.content.retentions = dict(enumerate(jobs, 1))

    def test_a_policy_that_is_gone(self, ask, harbor: Simulator) -> None:
        harbor.answer(f"{API}/retentions/2", 500, CORE, ERROR)
        recorded = "bad request: no such Retention policy with id 2"
        body = {"errors": [{"code": "BAD_REQUEST", "message": recorded}]}
        harbor.answer(f"{API}/retentions/2/executions", 400, CORE, body)
        gone = f"pub: {recorded} (400 for {API}/retentions/2/executions)"
        assert shown(ask("retention")) == [
            f"HARBOR RETENTION WARNING - {gone} (and 1 more)",
            f"WARNING: {gone}",
            f"WARNING: {self.FAILED}",
            f"Next: {self.SET}",
            "exit code 1",
        ]

    def test_one_that_core_cannot_read(self, ask, harbor: Simulator) -> None:
        harbor.answer(f"{API}/retentions/2/executions", 500, CORE, ERROR)
        first, *lines = ask("retention", "-v")
        text = f"pub: 500 for {API}/retentions/2/executions from core (X-Request-Id ID)"
        assert f"WARNING: {text} [retention.not-read]" in lines
        assert f"WARNING: {self.FAILED} [retention.failed]" in lines
        assert " policies=2;" in first

    def test_one_that_is_not_for_us(self, ask, harbor: Simulator) -> None:
        """What could not be judged is UNKNOWN, and an outage is not hidden by it."""
        harbor.answer(f"{API}/retentions/1", 403, CORE, {"errors": [{"code": "FORBIDDEN", "message": "forbidden"}]})
        harbor.content.retentions[3] = ("tiny", job("Error", 20 * DAY))
        first, *lines = ask("retention", "-v")
        assert first.startswith(
            "HARBOR RETENTION CRITICAL - tiny: no successful execution for at least 20 d (critical at 15 d)"
        )
        text = f"priv: the account lacks the permission tag-retention:read (403 for {API}/retentions/1)"
        assert f"UNKNOWN: {text} [retention.not-read]" in lines

    def test_none_that_can_be_read(self, ask, harbor: Simulator) -> None:
        for number in (1, 2, 3):
            harbor.answer(f"{API}/retentions/{number}/executions", 500, CORE, ERROR)
        assert ask("retention")[0] == (
            f"HARBOR RETENTION CRITICAL - priv: 500 for {API}/retentions/1/executions from core (X-Request-Id ID)"
        )

    def test_it_follows_from_a_database_that_is_down(self, ask, harbor: Simulator) -> None:
        """A row that fails while the database goes away is no trouble of that row."""
        harbor.answer(f"{API}/retentions/2/executions", 500, CORE, ERROR)
        plant(harbor, "b-postgres-down/health.anon")
        harbor.content.retentions[3] = ("tiny", job("Success"))
        first, *_ = ask("retention", "--isolate")
        assert first.split(" | ")[0] == (
            f"HARBOR RETENTION UNKNOWN - pub: 500 for {API}/retentions/2/executions from core (X-Request-Id ID) "
            "(see harbor-component-database)"
        )


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


class TestReplication:
    REPAIR = "check this policy's registries in Harbor's database (table replication_policy), and repair or delete it"

    @pytest.fixture(autouse=True)
    def three_policies(self, harbor: Simulator) -> None:
        harbor.content.now = NOW
        harbor.content.remotes = [Remote(3, "remote"), Remote(4, "other")]
        harbor.content.replications = [Replication(n, f"p{n}", job("Success")) for n in (1, 2, 3)]
        harbor.content.replications[2].job.runs[0].status = "Error"

    @pytest.mark.parametrize("gone", [True, False])
    def test_a_list_that_harbor_refuses_because_of_one(self, ask, harbor: Simulator, gone: bool) -> None:
        harbor.content.replications[1].destination = 15 if gone else 4
        harbor.content.remotes[1].readable = False
        first, *lines = ask("replication", "-v")
        path = f"{API}/replication/policies"
        text = f"500 for {path} from core (X-Request-Id ID)"
        if gone:
            text = f"Harbor refuses the whole list because of one row: registry 15 not found (404 for {path})"
        assert f"WARNING: policy 2 of 3 in Harbor's list: {text} [replication.not-read]" in lines
        assert (
            "WARNING: p3: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9) [replication.failed]"
            in lines
        )
        assert " policies=2;" in first
        assert lines[-2:] == [f"Next: {self.REPAIR}", "exit code 1"]

    def test_the_policies_of_remote_registries(self, ask, harbor: Simulator) -> None:
        """Not all policies can be read: the remotes are pinged nevertheless, and their known users are named."""
        harbor.content.replications[1].destination = 15
        harbor.content.remotes[0].ping = 400
        first, *lines = ask("remote_registry", "-v")
        assert first.startswith(
            "HARBOR REMOTE_REGISTRY CRITICAL - remote: live ping fails (the registry is unhealthy), shown as healthy, "
            "used by p3 (+1) (and 1 more) | "
        )
        text = "policy 2 of 3 in Harbor's list: Harbor refuses the whole list because of one row: registry 15 not found"
        assert f"WARNING: {text} (404 for {API}/replication/policies) [remote_registry.not-read]" in lines

    def test_a_registry_whose_secret_is_lost(self, ask, harbor: Simulator) -> None:
        harbor.content.remotes[1].readable = False
        first, *lines = ask("remote_registry", "-v")
        text = f"registry 2 of 2 in Harbor's list: 500 for {API}/registries from core (X-Request-Id ID)"
        assert f"WARNING: {text} [remote_registry.not-read]" in lines
        assert " registries=1;" in first
        assert lines[-1] == "exit code 1"

    def test_one_policy_whose_executions_are_refused(self, ask, harbor: Simulator) -> None:
        """Of a list that was cut short the others tell as well."""
        harbor.answer(f"{API}/replication/executions", 200, {"X-Total-Count": "5"}, [])
        assert ask("replication")[-1] == "exit code 3"


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


def test_a_success_without_a_task_is_said(ask, harbor: Simulator) -> None:
    """A replication whose filter fits nothing succeeds; that is no success like others."""
    harbor.content.now = NOW
    harbor.content.remotes = [Remote(3, "remote"), Remote(4, "other")]
    harbor.content.replications = [Replication(1, "p1", job("Success"))]
    moment = "2026-11-22T05:00:00Z"
    row = {"id": 7, "policy_id": 1, "status": "Succeed", "trigger": "scheduled", "start_time": moment, "total": 0}
    rows = [{**row, "end_time": moment, "in_progress": 0}]
    harbor.answer(f"{API}/replication/executions", headers=ONE, body=rows)
    assert "with nothing to do" in ask("replication")[0]
