"""check_harbor_queue: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import Queue
from support.planted import plant

QUEUES = "/api/v2.0/jobservice/queues"
WAITING = (
    "Next: open Administration > Job Service Dashboard, then run docker logs --tail 50 harbor-jobservice (or "
    "kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-jobservice)"
)
RESUME = (
    "Next: resume it in the web UI (Administration > Job Service Dashboard), unless somebody paused it for a reason"
)
COMPARE = "Next: compare --include with the names in Harbor: a robot account sees only what its permissions cover"


def perfdata(latency: int = 0, count: int = 0, paused: int = 0, queues: int = 12) -> str:
    return f" | time=Ts;;;0 latency={latency}s;900;3600;0 count={count};;;0 paused={paused};;;0;{queues}"


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ("a0-fresh/js-queues.admin", ["OK - 12 queues, 0 jobs waiting" + perfdata(), "exit code 0"]),
        ("f-queues/queues-before", ["OK - 12 queues, 0 jobs waiting" + perfdata(), "exit code 0"]),
        (
            "f-queues/queues-paused-pending",
            ["WARNING - REPLICATION: paused, 3 jobs waiting" + perfdata(8, 3, 1), RESUME, "exit code 1"],
        ),
        (
            "f-queues/queues-paused-pending-later",
            ["WARNING - REPLICATION: paused, 3 jobs waiting" + perfdata(28, 3, 1), RESUME, "exit code 1"],
        ),
        (
            "f-queues/queues-scheduler-paused",
            ["CRITICAL - SCHEDULER: paused, no schedule fires" + perfdata(0, 0, 1), RESUME, "exit code 2"],
        ),
        ("f-queues/queues-after-resume", ["OK - 12 queues, 0 jobs waiting" + perfdata(), "exit code 0"]),
    ],
)
def test_recorded(ask, harbor: Simulator, recording: str, expected: list[str]) -> None:
    plant(harbor, recording)
    first, *further = expected
    assert ask("queue") == [f"HARBOR QUEUE {first}", *further]


@pytest.mark.parametrize(
    ("queues", "expected"),
    [
        pytest.param(
            {"REPLICATION": Queue(2, 840)},
            ["OK - 12 queues, 2 jobs waiting, the oldest for 14 min" + perfdata(840, 2), "exit code 0"],
            id="some wait",
        ),
        pytest.param(
            {"REPLICATION": Queue(2, 1000), "IMAGE_SCAN": Queue(1, 2000)},
            [
                "WARNING - IMAGE_SCAN: the oldest job has been waiting for 33 min (warning at 15 min) (and 1 more)"
                + perfdata(2000, 3),
                "WARNING: IMAGE_SCAN: the oldest job has been waiting for 33 min (warning at 15 min)",
                "WARNING: REPLICATION: the oldest job has been waiting for 16 min (warning at 15 min)",
                WAITING,
                "exit code 1",
            ],
            id="long, the longest first",
        ),
        pytest.param(
            {"IMAGE_SCAN": Queue(9, 4000), "WEBHOOK": Queue(1, 950, paused=True)},
            [
                "CRITICAL - IMAGE_SCAN: the oldest job has been waiting for 1 h 6 min (critical at 1 h) (and 2 more)"
                + perfdata(4000, 10, 1),
                "CRITICAL: IMAGE_SCAN: the oldest job has been waiting for 1 h 6 min (critical at 1 h)",
                "WARNING: WEBHOOK: the oldest job has been waiting for 15 min (warning at 15 min)",
                "WARNING: WEBHOOK: paused, 1 job waiting",
                WAITING,
                "exit code 2",
            ],
            id="very long, and a paused one",
        ),
        pytest.param(
            {"REPLICATION": Queue(1, -1)},
            ["OK - 12 queues, 1 job waiting, the oldest for 0 s" + perfdata(0, 1), "exit code 0"],
            id="just queued, by a clock that is ahead",
        ),
        pytest.param(
            {"REPLICATION": Queue(1, -300), "IMAGE_SCAN": Queue(1, 2000)},
            [
                "WARNING - IMAGE_SCAN: the oldest job has been waiting for 33 min (warning at 15 min)"
                + perfdata(2000, 2),
                WAITING,
                "exit code 1",
            ],
            id="beside one that waits long",
        ),
    ],
)
def test_states(ask, harbor: Simulator, queues: dict[str, Queue], expected: list[str]) -> None:
    harbor.content.queues.update(queues)
    first, *further = expected
    assert ask("queue") == [f"HARBOR QUEUE {first}", *further]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.queues.update(REPLICATION=Queue(7, 70), WEBHOOK=Queue(3, 10), SCHEDULER=Queue(paused=True))
    assert ask("queue", "-w", "1min", "-c", "2min", "--exclude", "SCHED*") == [
        "HARBOR QUEUE WARNING - REPLICATION: the oldest job has been waiting for 1 min 10 s (warning at 1 min) | "
        "time=Ts;;;0 latency=70s;60;120;0 count=10;;;0 paused=0;;;0;11",
        WAITING,
        "exit code 1",
    ]
    limits = ("--count-warning", "2", "--count-critical", "5", "--perfdata-for", "WEB*")
    assert ask("queue", "--type", "WEBHOOK,REPLICATION", *limits) == [
        "HARBOR QUEUE CRITICAL - REPLICATION: 7 jobs waiting (critical at 5) (and 1 more) | time=Ts;;;0 "
        "latency_WEBHOOK=10s;900;3600;0 count_WEBHOOK=3;2;5;0 latency=70s;900;3600;0 count=10;;;0 paused=0;;;0;2",
        "CRITICAL: REPLICATION: 7 jobs waiting (critical at 5)",
        "WARNING: WEBHOOK: 3 jobs waiting (warning at 2)",
        WAITING,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        (["--type", "WEBHOOK,TEA"], "no queue is named TEA"),
        (["--include", "TEA*"], "no queue matches TEA*"),
    ],
)
def test_no_such_queue(ask, chosen: list[str], problem: str) -> None:
    assert ask("queue", *chosen) == [f"HARBOR QUEUE UNKNOWN - {problem}", COMPARE, "exit code 3"]


@pytest.mark.parametrize("chosen", [["--exclude", "*"], ["--include", "WEB*", "--exclude", "WEBHOOK"]])
def test_no_queue_is_left(ask, chosen: list[str]) -> None:
    assert ask("queue", *chosen) == [
        "HARBOR QUEUE UNKNOWN - every queue is excluded by --exclude",
        "Next: exclude less, or remove this service from the host: nothing is left to check",
        "exit code 3",
    ]


def test_no_queue_at_all(ask, harbor: Simulator) -> None:
    harbor.answer(QUEUES, body=[])
    assert ask("queue")[0] == "HARBOR QUEUE UNKNOWN - Harbor reports no queue"


def test_usage(ask, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        ask("queue", "--type", "WEBHOOK,,")
    assert capfd.readouterr().out.splitlines() == [
        "HARBOR QUEUE UNKNOWN - usage: --type/--include: not a list of names: 'WEBHOOK,,'",
        "Next: see check_harbor_queue --help",
    ]


@pytest.mark.parametrize("recording", ["b-jobservice-down", "b-redis-down"])
def test_recorded_failure(ask, harbor: Simulator, recording: str) -> None:
    plant(harbor, f"{recording}/js-queues.admin")
    assert ask("queue")[0] == (
        "HARBOR QUEUE CRITICAL - 500 for /api/v2.0/jobservice/queues from core (X-Request-Id ID)"
    )
