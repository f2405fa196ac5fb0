"""A list that shows less than it announces is not fine: what was not seen cannot be judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from attacks import floods
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.hostile import Distortion
from harbor_simulator.messages import Request, Response
from support import runner
from support.screens import problem

NEXT = "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output"
API = "/api/v2.0"


@pytest.fixture(scope="module")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users={MONITOR: Account(MONITOR_SECRET, sysadmin=True)}) as simulator:
        yield simulator


@pytest.fixture
def ask(harbor: Simulator, authfile: str) -> Callable[..., list[str]]:
    """Run a probe; the lines without the perfdata, and the exit code."""

    def run(probe: str, *options: str) -> list[str]:
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        outcome = runner.here(f"check_harbor_{probe}", *common, *options)
        return [outcome.first, *outcome.out.splitlines()[1:], f"exit code {outcome.code}"]

    return run


PUB = ("--project", "pub")
ALL = ("--project", "*")
CASES = [
    ("quota", (), "/quotas", "Harbor announces 500 projects"),
    ("quota", ("--page-limit", "2"), "/quotas", "Harbor announces 200 projects"),
    ("quota", PUB, "/projects", "Harbor announces 500 projects"),
    ("quota", PUB, "/quotas", "pub: Harbor announces 500 quotas"),
    ("quota", ALL, "/quotas", "Harbor announces 500 projects"),
    ("retention", (), "/projects", "Harbor announces 500 projects"),
    ("retention", (), "/retentions/1/executions", "priv: Harbor announces 100 runs"),
    ("webhook", (), "/projects", "Harbor announces 500 projects"),
    ("webhook", (), "/projects/3/webhook/policies", "priv: Harbor announces 500 webhooks"),
    ("webhook", (), "/projects/3/webhook/policies/1/executions", "priv: Harbor announces 20 deliveries"),
    ("robots", (), "/robots", "Harbor announces 500 robot accounts"),
    ("robots", ALL, "/projects", "Harbor announces 500 projects"),
    ("robots", PUB, "/robots", "pub: Harbor announces 500 robot accounts"),
    ("replication", (), "/replication/policies", "Harbor announces 500 policies"),
    ("replication", (), "/replication/executions", "push-priv: Harbor announces 5 executions"),
    ("remote_registry", (), "/registries", "Harbor announces 500 registries"),
    ("remote_registry", (), "/replication/policies", "Harbor announces 500 policies"),
    ("scanner", (), "/scanners", "Harbor announces 500 scanners"),
    ("gc", (), "/system/gc", "Harbor announces 100 runs"),
    ("audit_purge", (), "/system/purgeaudit", "Harbor announces 100 runs"),
    ("queue", (), "/jobservice/queues", "Harbor announces 500 queues"),
    ("workers", (), "/jobservice/pools", "Harbor announces 500 pools"),
    ("workers", (), "/jobservice/pools/all/workers", "Harbor announces 500 workers"),
]


@pytest.mark.parametrize(("probe", "options", "path", "announced"), CASES)
def test_an_empty_page_of_five_hundred(
    ask, harbor: Simulator, probe: str, options: tuple[str, ...], path: str, announced: str
) -> None:
    change(harbor, path, floods.cut_short)
    text = f"{announced} but shows 0 (GET {API}{path})"
    assert ask(probe, *options) == [*problem(probe, "UNKNOWN", text), NEXT, "exit code 3"]


def test_what_was_seen_is_judged(ask, harbor: Simulator) -> None:
    harbor.content.quotas["tiny"] = (1000, 1000)
    change(harbor, "/quotas", announced(500))
    first, *lines = ask("quota")
    assert first == "HARBOR QUOTA CRITICAL - tiny: 100% of its quota used (critical at 99%) (and 1 more)"
    assert "UNKNOWN: Harbor announces 500 projects but shows 4 (GET /api/v2.0/quotas)" in lines
    assert lines[-1] == "exit code 2"


def test_a_list_that_shrinks_while_it_is_read(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 146

    def shrinking(request: Request, response: Response) -> Response:
        total = "150" if request.query["page"] == "1" else "20"
        rows = json.loads(response.body)[: 100 if request.query["page"] == "1" else 0]
        return replace(response, headers={**response.headers, "X-Total-Count": total}, body=json.dumps(rows).encode())

    change(harbor, "/quotas", shrinking)
    assert (
        ask("quota")[0] == "HARBOR QUOTA UNKNOWN - Harbor announces 150 projects but shows 100 (GET /api/v2.0/quotas)"
    )


def test_rows_deleted_meanwhile_are_normal(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 146

    def deleted(request: Request, response: Response) -> Response:
        if request.query["page"] == "1":
            return response
        rows = json.loads(response.body)[:-5]
        return replace(response, headers={**response.headers, "X-Total-Count": "145"}, body=json.dumps(rows).encode())

    change(harbor, "/quotas", deleted)
    assert ask("quota")[0].startswith("HARBOR QUOTA OK - 145 projects, ")


def test_a_page_without_a_row_that_leads_to_the_next(ask, harbor: Simulator) -> None:
    def endless(request: Request, response: Response) -> Response:
        return replace(response, headers={"Content-Type": "application/json", "Link": '</x>; rel="next"'}, body=b"[]")

    change(harbor, "/robots", endless)
    text = "Harbor announces more than the 0 robot accounts that it showed (GET /api/v2.0/robots)"
    assert ask("robots")[0] == f"HARBOR ROBOTS UNKNOWN - {text}"


def test_more_rows_than_a_page(ask, harbor: Simulator) -> None:
    harbor.answer(f"{API}/robots", headers={"X-Total-Count": "99999999"}, body=[{"name": "a", "expires_at": -1}] * 3000)
    first, *rest = ask("robots")
    text = "unexpected answer to GET /api/v2.0/robots: 3000 rows instead of at most 100"
    assert [first, *rest] == [f"HARBOR ROBOTS UNKNOWN - {text}", NEXT, "exit code 3"]


def test_triage_sees_it_too(ask, harbor: Simulator) -> None:
    harbor.state.distortions.append(((API,), floods.cut_short))
    lines = ask("triage", "-t", "20")
    assert lines[0].startswith("HARBOR TRIAGE UNKNOWN - ")
    for name in ("quota", "replication", "remote_registry", "retention", "webhook", "robots", "scanner", "gc", "queue"):
        assert any(line.startswith(f"UNKNOWN: {name}: Harbor announces ") for line in lines), name
    assert lines[-1] == "exit code 3"


def change(harbor: Simulator, path: str, distortion: Distortion) -> None:
    """Distort the answers of this path, and of none below it."""

    def distorted(request: Request, response: Response) -> Response:
        return distortion(request, response) if request.path == API + path else response

    harbor.state.distortions.append(((API + path,), distorted))


def announced(total: int) -> Distortion:
    return lambda request, response: replace(response, headers={**response.headers, "X-Total-Count": str(total)})
