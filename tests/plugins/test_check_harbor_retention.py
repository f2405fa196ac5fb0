"""check_harbor_retention: what an operator sees, also of a Harbor with a thousand policies."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job
from support.planted import NOW, plant

LOG = "read the execution's log in the web UI (project > Policy > Tag Retention)"
READ_LOG = f"Next: {LOG}"
SAVE_AGAIN = f"Next: save the schedule again in the web UI, so that the job service gets it, then {LOG}"
MORE = "Next: raise -t, or split the projects across services with --project"
DAILY = "0 0 4 * * *"


def perfdata(policies: int, age: int, running: int = 0, further: str = "") -> str:
    totals = f" policies={policies};;;0 age={age}s;691200;1296000;0 running={running}s;43200;86400;0"
    return f" | time=Ts;;;0{further}{totals}"


def job(status: str, ago: float, cron: str = DAILY, **traits: Any) -> Job:
    """A policy whose last run began so long ago."""
    return Job([Execution(9, status, NOW - ago, **traits)], cron, NOW - 30 * DAY)


@pytest.mark.parametrize(
    ("projects", "policy", "runs", "expected"),
    [
        (
            "a0-fresh/projects.admin",
            "a1-healthy/retention-1.admin",
            "a1-healthy/retention-executions.admin",
            ["OK - no project has a tag retention policy" + perfdata(0, 0), "exit code 0"],
        ),
        (
            "a1-healthy/projects.robot-probeall",
            "a1-healthy/retention-1.admin",
            "a1-healthy/retention-executions.admin",
            ["OK - 1 retention policy, 1 not executed yet" + perfdata(1, 0), "exit code 0"],
        ),
    ],
)
def test_recorded(ask, harbor: Simulator, projects: str, policy: str, runs: str, expected: list[str]) -> None:
    """Harbor does not tell since when the schedule stands; the oldest run, a dry one, began after it was due."""
    plant(harbor, projects, policy, runs)
    first, *further = expected
    assert ask("retention") == [f"HARBOR RETENTION {first}", *further]


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param(
            {"priv": job("Success", 8 * HOUR), "pub": job("Success", 8.5 * HOUR, "0 30 3 * * *")},
            ["OK - 2 retention policies, oldest success 8 h ago" + perfdata(2, 30587), "exit code 0"],
            id="well",
        ),
        pytest.param(
            {"priv": job("Success", 8 * HOUR), "pub": Job([], DAILY)},
            [
                "OK - 2 retention policies, last success 7 h ago, 1 not executed yet" + perfdata(2, 28787),
                "exit code 0",
            ],
            id="a new one",
        ),
        pytest.param(
            {"priv": job("Failed", 8 * HOUR), "pub": job("Stopped", 8 * HOUR), "tiny": job("Succeed", 8 * HOUR)},
            [
                "WARNING - priv: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9) (and 1 more)"
                + perfdata(3, 28800),
                "WARNING: priv: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9)",
                "WARNING: pub: the last execution was stopped 7 h ago, 2026-11-22 04:00 UTC (number 9)",
                READ_LOG,
                "exit code 1",
            ],
            id="failed and stopped",
        ),
        pytest.param(
            {"priv": job("Success", 8 * HOUR, "")},
            [
                "WARNING - priv: its rules have no schedule" + perfdata(1, 28787),
                "Next: set a schedule in Harbor's web UI",
                "exit code 1",
            ],
            id="no schedule",
        ),
        pytest.param(
            {"priv": job("Success", 16 * DAY, "0 0 4 1 * *"), "pub": job("Success", 9 * DAY, "0 0 4 1 * *")},
            [
                "CRITICAL - priv: last success 15 d ago (critical at 15 d) (and 1 more)" + perfdata(2, 1382387),
                "CRITICAL: priv: last success 15 d ago (critical at 15 d)",
                "WARNING: pub: last success 8 d ago (warning at 8 d)",
                READ_LOG,
                "exit code 2",
            ],
            id="long ago",
        ),
        pytest.param(
            {"priv": job("Success", 32 * HOUR)},
            [
                "WARNING - priv: the schedule (daily at 04:00 UTC) did not fire at 2026-11-22 04:00 UTC"
                + perfdata(1, 115187),
                SAVE_AGAIN,
                "exit code 1",
            ],
            id="did not fire",
        ),
        pytest.param(
            {"priv": Job([Execution(9, "InProgress", NOW - 13 * HOUR, scheduled=False)], "0 0 23 * * *")},
            [
                "WARNING - priv: an execution has been running for 13 h (warning at 12 h)" + perfdata(1, 0, 46800),
                READ_LOG,
                "exit code 1",
            ],
            id="takes long",
        ),
        pytest.param(
            {"priv": job("Error", 8 * HOUR, dry_run=True)},
            ["OK - 1 retention policy, 1 not executed yet" + perfdata(1, 0), "exit code 0"],
            id="a dry run does not count",
        ),
    ],
)
def test_states(ask, harbor: Simulator, jobs: dict[str, Job], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.retentions = dict(enumerate(jobs.items(), 1))
    first, *further = expected
    assert ask("retention") == [f"HARBOR RETENTION {first}", *further]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    jobs = {"priv": job("Success", 32 * HOUR), "pub": job("Running", 32 * HOUR), "tiny": job("Error", 8 * HOUR)}
    harbor.content.retentions = dict(enumerate(jobs.items(), 1))
    limits = ("-w", "1d", "-c", "~:", "--running-warning", "1h", "--running-critical", "2h", "--schedule-grace", "9h")
    assert ask("retention", *limits, "--exclude", "t*", "--perfdata-for", "priv") == [
        "HARBOR RETENTION CRITICAL - pub: an execution has been running for 1 d 8 h (critical at 2 h) (and 1 "
        "more) | time=Ts;;;0 "
        "age_priv=115187s;86400;~:;0 running_priv=0s;3600;7200;0 policies=2;;;0 age=115187s;86400;~:;0 "
        "running=115200s;3600;7200;0",
        "CRITICAL: pub: an execution has been running for 1 d 8 h (critical at 2 h)",
        "WARNING: priv: last success 1 d 7 h ago (warning at 1 d)",
        READ_LOG,
        "exit code 2",
    ]
    assert ask("retention", "--project", "tiny")[0].startswith(
        "HARBOR RETENTION WARNING - tiny: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9) | "
    )
    assert ask("retention", "--project", "library")[0].startswith(
        "HARBOR RETENTION OK - no project has a tag retention policy | "
    )


def test_details(ask, harbor: Simulator) -> None:
    """Where nothing runs there is nothing to say of it."""
    harbor.content.now = NOW
    harbor.content.retentions = {1: ("priv", job("Failed", 8 * HOUR)), 2: ("pub", job("Success", 8 * HOUR))}
    assert ask("retention", "-v")[1:-1] == [
        "WARNING: priv: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9) [retention.failed]",
        "OK: priv: no successful execution for at least 8 h",
        "OK: pub: last success 7 h ago",
        READ_LOG,
    ]


def test_a_policy_without_rules_has_nothing_to_run(ask, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/retentions/1", body={"id": 1, "rules": [], "trigger": {"settings": {"cron": ""}}})
    assert ask("retention")[0].startswith("HARBOR RETENTION OK - no project has a tag retention policy | ")
    harbor.answer("/api/v2.0/retentions/1", body={"id": 1, "rules": [], "trigger": {"settings": {"cron": "never"}}})
    assert ask("retention")[0].startswith("HARBOR RETENTION OK - no project has a tag retention policy | ")


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [(["--project", "nosuch"], "no project is named nosuch"), (["--include", "x*,y*"], "no project matches x*, y*")],
)
def test_no_such_project(ask, chosen: list[str], problem: str) -> None:
    assert ask("retention", *chosen)[::2] == [f"HARBOR RETENTION UNKNOWN - {problem}", "exit code 3"]


def test_hundreds_of_policies(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.more_projects = 300
    runs = [Execution(number, "Success", NOW - number * DAY - 8 * HOUR) for number in range(50)]
    harbor.content.retentions = {
        number: (name, Job(runs, DAILY)) for number, name in enumerate(harbor.content.project_names(), 1)
    }
    harbor.content.retentions[277] = ("team-00277", job("Error", 8 * HOUR))
    assert ask("retention", "-t", "50") == [
        "HARBOR RETENTION WARNING - team-00277: the last execution failed 7 h ago, 2026-11-22 04:00 UTC (number 9)"
        + perfdata(300, 28800),
        READ_LOG,
        "exit code 1",
    ]


def test_time_runs_out_among_policies(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 100
    harbor.content.retentions = {
        number: (name, harbor.content.gc) for number, name in enumerate(harbor.content.project_names(), 1)
    }
    harbor.delay("/api/v2.0/retentions", 0.2)
    first, *further = ask("retention", "-t", "3")
    assert first.startswith("HARBOR RETENTION UNKNOWN - only ")
    assert " of 100 retention policies checked: time ran out | time=Ts" in first
    assert further == [MORE, "exit code 3"]


def test_time_runs_out_among_projects(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 9996
    harbor.delay("/api/v2.0/projects", 0.4)
    first, *further = ask("retention", "-t", "3")
    assert first.startswith("HARBOR RETENTION UNKNOWN - only ")
    assert "00 of 10000 projects checked: time ran out | time=Ts" in first
    assert further == [MORE, "exit code 3"]


def test_jobservice_explains_a_standstill(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.retentions = {1: ("priv", job("Success", 32 * HOUR))}
    harbor.switch("jobservice-down")
    assert ask("retention", "--isolate")[0].partition(" | ")[0] == (
        "HARBOR RETENTION UNKNOWN - priv: the schedule (daily at 04:00 UTC) did not fire at 2026-11-22 04:00 UTC "
        "(see harbor-component-jobservice)"
    )
