"""Policies of tag retention and replication that Harbor does not show: a finding each, and the others are judged."""

from __future__ import annotations

import re

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY
from harbor_simulator.records import Remote, Replication
from support.planted import NOW, job, plant

API = "/api/v2.0"
CORE = {"X-Request-Id": "0f1e"}
ERROR = {"errors": [{"code": "UNKNOWN", "message": "internal server error"}]}


@pytest.fixture
def ask(ask):
    """The same, with one X-Request-Id for all."""
    return lambda *options: [re.sub(r"X-Request-Id [\w-]+", "X-Request-Id ID", line) for line in ask(*options)]


def shown(lines: list[str]) -> list[str]:
    """The output without perfdata."""
    return [line.split(" | ")[0] for line in lines]


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
