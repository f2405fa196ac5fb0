"""check_harbor_gc: what an operator sees."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job
from support.garbage import DAILY, perfdata
from support.planted import NOW

LOG = (
    "read the execution's log in the web UI (Administration > Clean Up), then run docker logs --tail 50 registryctl "
    "(or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-registry -c registryctl)"
)
READ_LOG = f"Next: {LOG}"
SAVE_AGAIN = f"Next: save the schedule again in the web UI, so that the job service gets it, then {LOG}"
WELL = (
    "OK - garbage collection: last execution succeeded 11 h ago, took 13 s, freed 3 GiB, scheduled daily at 00:00 UTC"
)


def run(number: int, status: str, ago: float, **traits: Any) -> Execution:
    return Execution(number, status, NOW - ago, **traits)


LAST_NIGHT = run(7, "Success", 12 * HOUR, freed=3 * 1024**3)
THE_NIGHT_BEFORE = run(6, "Success", 36 * HOUR, freed=0)


@pytest.mark.parametrize(
    ("runs", "cron", "expected"),
    [
        pytest.param(
            [LAST_NIGHT, THE_NIGHT_BEFORE],
            DAILY,
            [
                WELL + perfdata(43187, took=13, freed=3221225472),
                "exit code 0",
            ],
            id="well",
        ),
        pytest.param(
            [run(7, "Error", 12 * HOUR), THE_NIGHT_BEFORE],
            DAILY,
            [
                "WARNING - the last execution failed 11 h ago, 2026-11-22 00:00 UTC (number 7)"
                + perfdata(129587, took=13),
                READ_LOG,
                "exit code 1",
            ],
            id="failed",
        ),
        pytest.param(
            [run(7, "Stopped", 12 * HOUR), THE_NIGHT_BEFORE],
            DAILY,
            [
                "WARNING - the last execution was stopped 11 h ago, 2026-11-22 00:00 UTC (number 7)"
                + perfdata(129587, took=13),
                READ_LOG,
                "exit code 1",
            ],
            id="stopped",
        ),
        pytest.param(
            [run(7, "Success", 9 * DAY)],
            "0 0 0 1 * *",
            ["WARNING - last success 8 d ago (warning at 8 d)" + perfdata(777587, took=13), READ_LOG, "exit code 1"],
            id="old",
        ),
        pytest.param(
            [run(7, "Success", 16 * DAY)],
            "0 0 0 1 * *",
            [
                "CRITICAL - last success 15 d ago (critical at 15 d)" + perfdata(1382387, took=13),
                READ_LOG,
                "exit code 2",
            ],
            id="very old",
        ),
        pytest.param(
            [run(8, "Error", 2 * HOUR, dry_run=True, scheduled=False), LAST_NIGHT],
            DAILY,
            [
                WELL + perfdata(43187, took=13, freed=3221225472),
                "exit code 0",
            ],
            id="a dry run does not count",
        ),
        pytest.param(
            [run(8, "Success", 2 * HOUR, dry_run=True)],
            DAILY,
            ["OK - garbage collection: no execution yet, scheduled daily at 00:00 UTC" + perfdata(), "exit code 0"],
            id="but it shows that the schedule fires",
        ),
        pytest.param(
            [run(7, "Running", 12.5 * HOUR), THE_NIGHT_BEFORE],
            "0 30 23 * * *",
            [
                "WARNING - an execution has been running for 12 h (warning at 12 h)" + perfdata(129587, 45000, took=13),
                READ_LOG,
                "exit code 1",
            ],
            id="long",
        ),
        pytest.param(
            [run(7, "Pending", 25 * HOUR, scheduled=False), THE_NIGHT_BEFORE],
            "",
            [
                "CRITICAL - an execution has been running for 1 d 1 h (critical at 1 d)"
                + perfdata(129587, 90000, took=13),
                "CRITICAL: an execution has been running for 1 d 1 h (critical at 1 d)",
                "WARNING: no garbage collection is scheduled",
                READ_LOG,
                "exit code 2",
            ],
            id="very long, and nothing scheduled",
        ),
        pytest.param(
            [LAST_NIGHT, run(6, "Running", 36 * HOUR)],
            DAILY,
            [
                WELL + perfdata(43187, took=13, freed=3221225472),
                "exit code 0",
            ],
            id="one that a later run has overtaken is not running",
        ),
        pytest.param(
            [run(7, "Success", 2 * HOUR, scheduled=False), THE_NIGHT_BEFORE],
            DAILY,
            [
                "WARNING - the schedule (daily at 00:00 UTC) did not fire at 2026-11-22 00:00 UTC"
                + perfdata(7187, took=13),
                SAVE_AGAIN,
                "exit code 1",
            ],
            id="the schedule did not fire",
        ),
        pytest.param(
            [],
            DAILY,
            [
                "CRITICAL - no successful execution for at least 30 d (critical at 15 d)" + perfdata(2592000),
                "CRITICAL: no successful execution for at least 30 d (critical at 15 d)",
                "WARNING: the schedule (daily at 00:00 UTC) did not fire at 2026-11-22 00:00 UTC",
                READ_LOG,
                "exit code 2",
            ],
            id="it never did",
        ),
        pytest.param(
            [run(number, "Error", (20 - number) * DAY + 12 * HOUR) for number in range(1, 21)],
            DAILY,
            [
                "CRITICAL - no successful execution for at least 19 d (critical at 15 d)" + perfdata(1684800),
                "CRITICAL: no successful execution for at least 19 d (critical at 15 d)",
                "WARNING: the last execution failed 11 h ago, 2026-11-22 00:00 UTC (number 20)",
                READ_LOG,
                "exit code 2",
            ],
            id="no success among those read",
        ),
    ],
)
def test_states(ask, harbor: Simulator, runs: list[Execution], cron: str, expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.gc = Job(runs, cron, NOW - 30 * DAY)
    first, *further = expected
    assert ask("gc") == [f"HARBOR GC {first}", *further]


def test_less_than_nothing_freed(ask, harbor: Simulator) -> None:
    """A number that is only shown keeps nobody from judging the rest."""
    harbor.content.now = NOW
    harbor.content.gc = Job([run(7, "Success", 12 * HOUR, freed=-4096)], DAILY, NOW - 30 * DAY)
    text = WELL.replace("freed 3 GiB", "freed 0 B")
    assert ask("gc") == [f"HARBOR GC {text}{perfdata(43187, took=13)}", "exit code 0"]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.gc = Job([run(8, "Running", 2 * HOUR, scheduled=False), THE_NIGHT_BEFORE], DAILY, NOW - 30 * DAY)
    limits = ("-w", "1d", "-c", "2d", "--running-warning", "1h", "--running-critical", "~:", "--schedule-grace", "13h")
    assert ask("gc", *limits) == [
        "HARBOR GC WARNING - last success 1 d 11 h ago (warning at 1 d), an execution has been running for 2 h "
        "(warning at 1 h) | "
        "time=Ts;;;0 age=129587s;86400;172800;0 running=7200s;3600;~:;0 duration=13s;;;0 freed=0B;;;0",
        "WARNING: last success 1 d 11 h ago (warning at 1 d)",
        "WARNING: an execution has been running for 2 h (warning at 1 h)",
        READ_LOG,
        "exit code 1",
    ]


def test_only_the_newest_hundred_runs_are_read(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    failed = [run(number, "Error", (120 - number) * DAY + 12 * HOUR) for number in range(1, 121)]
    harbor.content.gc = Job([run(0, "Success", 120 * DAY + 12 * HOUR), *failed], DAILY, NOW - 200 * DAY)
    assert ask("gc", "-w", "~:", "-c", "~:") == [
        "HARBOR GC WARNING - the last execution failed 11 h ago, 2026-11-22 00:00 UTC (number 120) | "
        f"time=Ts;;;0 age={99 * DAY + 12 * HOUR}s;~:;~:;0 running=0s;43200;86400;0",
        READ_LOG,
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("runs", "problem"),
    [
        ([{"id": 1, "job_status": "Dreaming"}], "unknown job_status Dreaming"),
        ([{"id": 1, "job_status": "Success", "creation_time": "yesterday"}], "creation_time is not a time"),
        ([{"id": 1, "job_status": "Success", "job_parameters": "{"}], "job_parameters does not hold JSON"),
        ([{"id": "one"}], "id is not a number"),
        ({"runs": []}, "the body is not a list"),
    ],
)
def test_unexpected_answer(ask, harbor: Simulator, runs: Any, problem: str) -> None:
    harbor.answer("/api/v2.0/system/gc", body=runs)
    assert ask("gc") == [
        f"HARBOR GC UNKNOWN - unexpected answer to GET /api/v2.0/system/gc: {problem}",
        "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output",
        "exit code 3",
    ]


def test_a_schedule_that_cannot_be_parsed(ask, harbor: Simulator) -> None:
    harbor.content.gc.cron = "every full moon"
    assert ask("gc") == [
        "HARBOR GC UNKNOWN - unexpected schedule: not six fields: every full moon",
        "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output",
        "exit code 3",
    ]


def test_registryctl_explains_it(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.gc = Job([run(7, "Error", 12 * HOUR), THE_NIGHT_BEFORE], DAILY, NOW - 30 * DAY)
    harbor.switch("registryctl-down")
    first, *_ = ask("gc", "--isolate")
    assert first.startswith("HARBOR GC UNKNOWN - the last execution failed 11 h ago, 2026-11-22 00:00 UTC (number 7)")
    assert first.partition(" | ")[0].endswith("(see harbor-component-registryctl)")


@pytest.mark.parametrize("cron", ["0 0 0 * * *", "0 30 23 * * *"])
def test_jobservice_explains_a_standstill(ask, harbor: Simulator, cron: str) -> None:
    harbor.content.now = NOW
    harbor.content.gc = Job([run(8, "Running", 25 * HOUR, scheduled=False), THE_NIGHT_BEFORE], cron, NOW - 30 * DAY)
    harbor.switch("jobservice-down")
    first, *_ = ask("gc", "--isolate")
    assert first.startswith("HARBOR GC UNKNOWN - ")
    assert first.partition(" | ")[0].endswith("(see harbor-component-jobservice)")
