"""check_harbor_replication: its options, and what it sees of many policies."""

from __future__ import annotations

import sys

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution
from support import runner
from support.planted import NOW, peak
from support.replications import LAST_NIGHT, NIGHTLY, READ_LOG, THE_NIGHT_BEFORE, perfdata, policy, run
from support.screens import screen


def test_options(check, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [
        policy(run(8, "Running", 2 * HOUR, scheduled=False), THE_NIGHT_BEFORE, cron=NIGHTLY, number=1, name="night"),
        policy(run(5, "Error", 3 * HOUR), number=2, name="other"),
        policy(run(4, "Error", 3 * HOUR), number=3, name="nightmare"),
    ]
    options: tuple[str, ...] = ("-w", "1h", "-c", "~:", "--maximum-age", "1d", "--schedule-grace", "10h")
    options += ("--policy", "ni*", "--exclude", "nightm*", "--perfdata-for", "night")
    assert check("replication", *options, login=True) == [
        "HARBOR REPLICATION CRITICAL - night: last success 1 d 8 h ago (critical at 1 d) (and 1 more) | time=Ts;;;0 "
        "age_night=118787s;;86400;0 running_night=7200s;3600;~:;0 policies=1;;;0 disabled=0;;;0 failed=0;;;0 "
        "age=118787s;;86400;0 running=7200s;3600;~:;0",
        "CRITICAL: night: last success 1 d 8 h ago (critical at 1 d)",
        "WARNING: night: an execution has been running for 2 h (warning at 1 h)",
        READ_LOG,
        "exit code 2",
    ]


def test_details(check, harbor: Simulator) -> None:
    """Each problem has a name of its own; where nothing runs there is nothing to say of it."""
    harbor.content.now = NOW
    harbor.content.replications = [
        policy(run(8, "Error", 60), number=1, name="once"),
        policy(*[run(n, "Error", 600 - n) for n in range(3)], number=2, name="often"),
        policy(LAST_NIGHT, number=3, name="well"),
    ]
    assert check("replication", "-v", login=True)[1:-1] == [
        "CRITICAL: often: 3 failed in a row: the last execution failed 9 min ago, DATE (number 2) "
        "[replication.failed-repeatedly]",
        "WARNING: once: the last execution failed 47 s ago, DATE (number 8) [replication.failed]",
        "OK: well: last success 8 h ago",
        "OK: often: no successful execution for at least 10 min",
        "OK: once: no successful execution for at least 1 min",
        READ_LOG,
    ]


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], "OK - push-pub: no execution yet"),
        ([run(1, "Error", 2 * HOUR)], "WARNING - push-pub: the last execution failed 1 h 59 min ago, DATE (number 1)"),
        ([run(n, "Error", 30 * HOUR - n * 60) for n in range(20)],
         "CRITICAL - push-pub: 3 failed in a row: the last execution failed 1 d 5 h ago, DATE (number 19) (and 1 "
         "more)"),
        ([*[run(n, "Error", 25 * HOUR - n * 60) for n in range(20)], run(0, "Success", 26 * HOUR)],
         "CRITICAL - push-pub: 3 failed in a row: the last execution failed 1 d ago, DATE (number 19)"),
        ([*[run(n, "Error", 2 * HOUR - n * 60) for n in range(20)], run(0, "Success", 30 * HOUR)],
         "CRITICAL - push-pub: 3 failed in a row: the last execution failed 1 h 40 min ago, DATE (number 19) "
         "(and 1 more)"),
    ],
)  # fmt: skip
def test_maximum_age(check, harbor: Simulator, runs: list[Execution], state: str) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [policy(*runs)]
    first, *_ = check("replication", "--maximum-age", "26h", login=True)
    assert first.partition(" | ")[0] == f"HARBOR REPLICATION {state}"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--maximum-age", "0"), "usage: --maximum-age: must be more than 0: '0'"),
        (("-w", "soon"), "usage: -w/--warning: not a number: 'soon'"),
    ],
)
def test_usage(options: tuple[str, ...], expected: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        runner.here("check_harbor_replication", "-H", "harbor.example.com", *options)
    assert left.value.code == 3
    assert capfd.readouterr().out == (
        f"HARBOR REPLICATION UNKNOWN - {expected}\nNext: see check_harbor_replication --help\n"
    )


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ("nightly", "no policy is named nightly"),
        ("x*", "no policy matches x*"),
    ],
)
def test_unknown_policies(check, names: str, problem: str) -> None:
    assert check("replication", "--policy", names, login=True) == [
        f"HARBOR REPLICATION UNKNOWN - {problem}",
        "Next: compare --include with the names in Harbor: a robot account sees only what its permissions cover",
        "exit code 3",
    ]


@pytest.mark.parametrize("runs", [[run(8, "Error", 60)], [run(8, "Running", 13 * HOUR)], []])
def test_jobservice_explains_it(check, harbor: Simulator, runs: list[Execution]) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [policy(*runs, cron=NIGHTLY)]
    harbor.switch("jobservice-down")
    first, *_ = check("replication", "--isolate", login=True)
    assert first.startswith("HARBOR REPLICATION UNKNOWN - push-pub: ")
    assert first.partition(" | ")[0].endswith("(see harbor-component-jobservice)")


def test_a_thousand_policies(harbor: Simulator, authfile: str) -> None:
    """Fifty executions each; a few are read of each, and the one that is ill comes first."""
    harbor.content.now = NOW
    nights = [n * DAY + 9 * HOUR for n in range(50)]
    harbor.content.replications = [
        policy(*[run(number * 100 + 50 - n, "Success", ago) for n, ago in enumerate(nights)], cron=NIGHTLY,
               number=number, name=f"policy-{number:04}")
        for number in range(1, 1001)
    ]  # fmt: skip
    ill = harbor.content.replications[776].job.runs
    ill[:3] = [run(execution.number, "Error", ago) for execution, ago in zip(ill, nights)]
    common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "-t", "60")
    out, size = peak(runner.command("check_harbor_replication", *common, python=sys.executable))
    assert size < 80 * 1024 * 1024
    assert screen(runner.Outcome(2, out), harbor)[:-1] == [
        "HARBOR REPLICATION CRITICAL - policy-0777: 3 failed in a row: the last execution failed 8 h ago, DATE "
        "(number 77750)" + perfdata(1000, failed=1, age=3 * DAY + 32387),
        READ_LOG,
    ]
    asked = [request.query.get("page_size") for request in harbor.requests if "executions" in request.path]
    assert asked.count("5") == 1000
    assert asked.count("100") == 1  # what is under way


def test_time_runs_out(check, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [policy(LAST_NIGHT, number=number, name=f"p{number}") for number in range(1, 21)]
    harbor.delay("/api/v2.0/replication/executions", 0.4)
    lines = check("replication", "-t", "2", login=True)
    seen = 1 if " only 1 of " in lines[0] else 5  # on a busy host the first took too long
    assert lines == [
        f"HARBOR REPLICATION UNKNOWN - only {seen} of 20 enabled policies checked: time ran out"
        + perfdata(seen, age=32387),
        "Next: raise -t, or split the policies across services with --policy",
        "exit code 3",
    ]
