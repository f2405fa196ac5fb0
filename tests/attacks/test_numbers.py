"""Odd numbers, dates and texts in Harbor's answers are no fault of ours: a probe judges them or says what is odd."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from attacks import odd
from contract import grammar
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator

RUNS = 8  # for each case; some thousands were tried by hand
CASES = odd.cases()


@pytest.fixture(scope="module")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users={MONITOR: Account(MONITOR_SECRET, sysadmin=True)}) as simulator:
        yield simulator


def test_every_probe_of_the_api_is_among_them() -> None:
    assert len({case.probe for case in CASES}) >= 17


QUOTA = {"ref": {"name": "a"}, "hard": {"storage": 1e-320}, "used": {"storage": 2**62}}
ROBOT = {"name": "a", "creation_time": "2026-11-22T06:00:00Z", "expires_at": 2**63 - 1}
QUEUE = {"job_type": "GC", "count": 1, "latency": 1e300}
ODD = [
    ("storage", (), "/systeminfo/volumes", {"storage": [{"total": 5e-324}]}, "total is not a whole number"),
    ("storage", (), "/systeminfo/volumes", {"storage": [{"total": -5}]}, "total is -5"),
    ("quota", (), "/quotas", [QUOTA], "storage is not a whole number"),
    ("quota", (), "/quotas", [{**QUOTA, "hard": {"storage": -2}}], "storage is -2"),
    ("robots", ("-c", "9999999999d"), "/robots", [ROBOT], "expires_at is not a time"),
    ("robots", (), "/robots", [{**ROBOT, "expires_at": -2}], "expires_at is -2"),
    ("queue", (), "/jobservice/queues", [QUEUE], "latency is not a number"),
    ("queue", (), "/jobservice/queues", [{**QUEUE, "latency": 0.5}], "latency is not a whole number"),
    ("scan", (), "/scans/all/metrics", {"total": 5e-324, "metrics": {"Error": 9}}, "total is not a whole number"),
    ("vulnerabilities", (), "/security/summary", {"total_artifact": 5e-324}, "total_artifact is not a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("probe", "options", "path", "body", "problem"), ODD)
def test_what_no_harbor_writes(
    harbor: Simulator, authfile: str, probe: str, options: tuple[str, ...], path: str, body: object, problem: str
) -> None:
    case = odd.Case(f"check_harbor_{probe}", f"/api/v2.0{path}", {}, body)
    outcome = odd.run(case, harbor, authfile, *options)
    text = f"unexpected answer to GET /api/v2.0{path}: {problem}"
    assert (outcome.first, outcome.code) == (f"HARBOR {probe.upper()} UNKNOWN - {text}", 3)


@pytest.mark.parametrize(
    ("probe", "options", "path", "body", "first"),
    [
        (
            "storage", (), "/systeminfo/volumes", {"storage": [{"total": 2**63 - 1, "free": 2**63 - 1}]},
            "HARBOR STORAGE OK - 0% of 8 EiB used, 8 EiB free",
        ),
        (
            "quota", (), "/quotas", [{**QUOTA, "hard": {"storage": 1}, "used": {"storage": 2**63 - 1}}],
            "HARBOR QUOTA CRITICAL - a: 9.22337e+20% of its quota used (critical at 99%)",
        ),
        (
            "robots", ("-c", "9999999999d"), "/robots", [{**ROBOT, "expires_at": 185_542_587_100_800}],
            "HARBOR ROBOTS CRITICAL - a: expires in 2147462867 d, 9999-12-31 23:59 UTC",
        ),
        (
            "queue", (), "/jobservice/queues", [{**QUEUE, "latency": 2**63 - 1}],
            "HARBOR QUEUE CRITICAL - GC: the oldest job has been waiting for 106751991167300 d (critical at 1 h)",
        ),
    ],
)  # fmt: skip
def test_what_a_harbor_could_write(
    harbor: Simulator, authfile: str, probe: str, options: tuple[str, ...], path: str, body: object, first: str
) -> None:
    """The largest numbers that are none but true."""
    case = odd.Case(f"check_harbor_{probe}", f"/api/v2.0{path}", {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, body)
    assert odd.run(case, harbor, authfile, *options).first == first


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.probe}{case.path.replace('/api/v2.0', '')}")
def test_odd_values(harbor: Simulator, authfile: str, case: odd.Case) -> None:
    chance = random.Random(f"{case.probe} {case.path}")
    for _ in range(RUNS):
        twisted = odd.twisted(case, chance)
        options = chance.choice(((), ("-v",), ("--output", "json")))
        outcome = odd.run(twisted, harbor, authfile, *options)
        assert "internal error" not in outcome.out, twisted
        assert outcome.code in range(4)
        if "json" not in options:
            grammar.checked(outcome)
