"""check_harbor_workers: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import HOUR, Pool, Work
from support.planted import NOW, plant
from support.screens import JOBSERVICE

LONG_JOB = (
    "Next: check the job in the web UI (Administration > Job Service Dashboard > Workers), and stop it if it hangs"
)


def perfdata(pools: int, heartbeat: int | None, busy: str = "0", longest: int = 0) -> str:
    sign = "" if heartbeat is None else f" heartbeat={heartbeat}s;30;120;0"
    share = f" busy={busy}%;90;;0;100" if busy else ""
    return f" | time=Ts;;;0 pools={pools};;1:;0{sign}{share} longest={longest}s;43200;86400;0"


@pytest.mark.parametrize(
    ("recording", "heartbeat"), [("a0-fresh", 4), ("a1-healthy", 4), ("b-registryctl-down", 5), ("b-portal-down", 1)]
)
def test_recorded(ask, harbor: Simulator, recording: str, heartbeat: int) -> None:
    plant(harbor, f"{recording}/js-pools.admin", f"{recording}/js-workers-all.admin")
    assert ask("workers") == [
        "HARBOR WORKERS OK - 1 worker pool alive, 0 of 10 workers busy" + perfdata(1, heartbeat),
        "exit code 0",
    ]


def test_recorded_after_a_restart(ask, harbor: Simulator) -> None:
    """The workers are those of the pool before: they count no more."""
    plant(harbor, "f-queues/pools-after-restart", "v2-datapath/workers-nopool.admin")
    harbor.answer("/api/v2.0/jobservice/pools/all/workers", body=[])
    first, finding, *_ = ask("workers", "-v")
    assert first.startswith("HARBOR WORKERS WARNING - ")
    assert finding.endswith("[workers.no-worker]")


@pytest.mark.parametrize(
    ("pools", "work", "expected"),
    [
        pytest.param(
            [],
            [],
            ["CRITICAL - live worker pools: 0 (critical below 1)" + perfdata(0, None, ""), JOBSERVICE, "exit code 2"],
            id="none",
        ),
        pytest.param(
            [Pool(heartbeat=45)],
            [],
            ["WARNING - last heartbeat 45 s ago (warning at 30 s)" + perfdata(1, 45), JOBSERVICE, "exit code 1"],
            id="slow heart",
        ),
        pytest.param(
            [Pool(heartbeat=300)],
            [],
            [
                "CRITICAL - live worker pools: 0 (critical below 1), last heartbeat 5 min ago (critical at 2 min)"
                + perfdata(0, 300, ""),
                "CRITICAL: live worker pools: 0 (critical below 1)",
                "CRITICAL: last heartbeat 5 min ago (critical at 2 min)",
                JOBSERVICE,
                "exit code 2",
            ],
            id="dead",
        ),
        pytest.param(
            [Pool("old", heartbeat=300), Pool("new", 5, 3)],
            [Work("REPLICATION", 60, "old"), Work("IMAGE_SCAN", 60, "new")],
            [
                "WARNING - 1 of 2 pools silent, for 5 min" + perfdata(1, 3, "20", 60),
                JOBSERVICE,
                "exit code 1",
            ],
            id="one of two crashed, the other lives",
        ),
        pytest.param(
            [Pool(concurrency=10)],
            [Work("IMAGE_SCAN", 100 + number) for number in range(10)],
            [
                "WARNING - 100% of the workers busy (warning at 90%)" + perfdata(1, 4, "100", 109),
                LONG_JOB,
                "exit code 1",
            ],
            id="busy",
        ),
        pytest.param(
            [Pool()],
            [Work("IMAGE_SCAN", 60), Work("GARBAGE_COLLECTION", 13 * HOUR)],
            [
                "WARNING - GARBAGE_COLLECTION has been running for 13 h (warning at 12 h)"
                + perfdata(1, 4, "20", 13 * HOUR),
                LONG_JOB,
                "exit code 1",
            ],
            id="a long job",
        ),
        pytest.param(
            [Pool()],
            [Work("REPLICATION", 30 * HOUR)],
            [
                "CRITICAL - REPLICATION has been running for 1 d 6 h (critical at 1 d)"
                + perfdata(1, 4, "10", 30 * HOUR),
                LONG_JOB,
                "exit code 2",
            ],
            id="a very long job",
        ),
    ],
)
def test_states(ask, harbor: Simulator, pools: list[Pool], work: list[Work], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.pools, harbor.content.work = pools, work
    first, *further = expected
    assert ask("workers") == [f"HARBOR WORKERS {first}", *further]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.pools = [Pool("a", 2, 10), Pool("b", 2, 10)]
    harbor.content.work = [Work("WEBHOOK", 120, "a")]
    options: tuple[str, ...] = ("-w", "3:", "-c", "1:", "--heartbeat-warning", "5s", "--heartbeat-critical", "20s")
    options += ("--busy-warning", "20", "--busy-critical", "50%", "--job-warning", "1min", "--job-critical", "1h")
    assert ask("workers", *options) == [
        "HARBOR WORKERS WARNING - live worker pools: 2 (warning below 3), last heartbeat 10 s ago (warning at 5 s), "
        "25% of the workers busy (warning at... | time=Ts;;;0 pools=2;3:;1:;0 heartbeat=10s;5;20;0 "
        "busy=25%;20;50;0;100 "
        "longest=120s;60;3600;0",
        "WARNING: live worker pools: 2 (warning below 3)",
        "WARNING: last heartbeat 10 s ago (warning at 5 s)",
        "WARNING: 25% of the workers busy (warning at 20%)",
        "WARNING: WEBHOOK has been running for 2 min (warning at 1 min)",
        JOBSERVICE,
        "exit code 1",
    ]


def test_verbose(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    assert ask("workers", "-v")[1:] == [
        "OK: live worker pools: 1",
        "OK: last heartbeat 4 s ago",
        "OK: 0% of the workers busy",
        "OK: the longest job has been running for 0 s",
        "exit code 0",
    ]


def test_never_a_heartbeat(ask, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/jobservice/pools", body=[{"worker_pool_id": "a", "heartbeat_at": "0001-01-01T00:00:00Z"}])
    assert ask("workers")[0].startswith(
        "HARBOR WORKERS CRITICAL - live worker pools: 0 (critical below 1), last heartbeat 2"
    )


@pytest.mark.parametrize("recording", ["b-jobservice-down/js-pools.admin", "b-redis-down/js-pools.admin"])
def test_recorded_failure(ask, harbor: Simulator, recording: str) -> None:
    plant(harbor, recording)
    assert ask("workers")[0] == (
        "HARBOR WORKERS CRITICAL - 500 for /api/v2.0/jobservice/pools from core (X-Request-Id ID)"
    )
