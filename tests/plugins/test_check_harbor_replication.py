"""check_harbor_replication: what an operator sees."""

from __future__ import annotations

import pytest

import runner
from simulator import Simulator
from simulator.content import DAY, HOUR
from simulator.records import Execution, Job, Replication
from tier2 import NOW, plant

LOG = "read the execution's log in the UI (Administration > Replications), and run check_harbor_remote_registry"
READ_LOG = f"Next: {LOG}"
SAVE_ANEW = f"Next: save the schedule anew in the UI, so that the job service learns of it; {LOG}"
NIGHTLY = "0 0 3 * * *"
SKIPPED = "Execution skipped: active replication still in progress."
REFUSED = 'Post "http://127.0.0.1:18082/api/v1/jobs": dial tcp 127.0.0.1:18082: connect: connection refused'


def perfdata(policies: int = 1, disabled: int = 0, failed: int = 0, age: int = 0, running: int = 0) -> str:
    counts = f"policies={policies};;;0 disabled={disabled};;;0 failed={failed};;;0"
    return f" | time=Ts;;;0 {counts} age={age}s;;;0 running={running}s;7200;43200;0"


def run(number: int, status: str, ago: float, **traits: object) -> Execution:
    return Execution(number, status, NOW - ago, **traits)


def policy(*runs: Execution, cron: str = "", number: int = 1, name: str = "push-pub", **traits: object) -> Replication:
    return Replication(number, name, Job(list(runs), cron, NOW - 30 * DAY), **traits)


LAST_NIGHT = run(7, "Success", 9 * HOUR)
THE_NIGHT_BEFORE = run(6, "Success", 33 * HOUR)


@pytest.mark.parametrize(
    ("policies", "executions", "expected"),
    [
        ("a0-fresh", "a0-fresh/repl-executions.admin", ["OK - no replication policy" + perfdata(0), "exit code 0"]),
        (
            "a1-healthy",
            "a1-healthy/repl-executions.admin",
            ["OK - 2 replication policies" + perfdata(2, age=88), "exit code 0"],
        ),
        (
            "a1-healthy",
            "f-replication-failed/executions-failed",
            [
                "WARNING - push-pub: the last run failed 18 s ago, DATE (run 16)" + perfdata(2, failed=1, age=1680),
                READ_LOG,
                "exit code 1",
            ],
        ),
        (
            "a1-healthy",
            "f-replication-failed/executions-inprogress",
            ["OK - 2 replication policies, 1 under way" + perfdata(2, age=1662), "exit code 0"],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-pending",
            [
                "OK - 2 replication policies, 1 without a run yet, 1 under way" + perfdata(2, age=53, running=8),
                "exit code 0",
            ],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-after-resume",
            [
                "OK - 2 replication policies, 1 without a run yet, 1 under way" + perfdata(2, age=79, running=34),
                "exit code 0",
            ],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-jobservice-down",
            [
                "WARNING - push-pub: the last run failed 1 s ago, DATE (run 26): "
                'Post "http://127.0.0.1:18082/api/v1/jobs": dial...' + perfdata(2, failed=1, age=1, running=38),
                f"WARNING: push-pub: the last run failed 1 s ago, DATE (run 26): {REFUSED}",
                READ_LOG,
                "exit code 1",
            ],
        ),
        (
            "a1-healthy",
            "v2-datapath/repl-exec-q.admin",
            ["OK - 2 replication policies, 1 without a run yet" + perfdata(2, age=1621), "exit code 0"],
        ),
        (
            "a1-healthy",
            "v2-datapath/repl-exec-status.admin",
            [
                "WARNING - push-pub: the last run failed 28 min ago, DATE (run 4): failed to create adapter for source "
                "registry..." + perfdata(2, failed=1, age=1703),
                "WARNING: push-pub: the last run failed 28 min ago, DATE (run 4): failed to create adapter for source "
                'registry http://127.0.0.1:18080: Get "http://127.0.0.1:8080/api/version": dial tcp 127.0.0.1:8080: '
                "connect: connection refused",
                READ_LOG,
                "exit code 1",
            ],
        ),
    ],
)
def test_recorded(check, harbor: Simulator, policies: str, executions: str, expected: list[str]) -> None:
    plant(harbor, f"{policies}/repl-policies.admin", executions)
    first, *further = expected
    assert check("replication", login=True) == [f"HARBOR REPLICATION {first}", *further]


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([], ["OK - no replication policy" + perfdata(0), "exit code 0"], id="none"),
        pytest.param(
            [policy(LAST_NIGHT, THE_NIGHT_BEFORE, cron=NIGHTLY)],
            ["OK - push-pub: last run succeeded 8 h ago, took 13 s" + perfdata(age=32387), "exit code 0"],
            id="well",
        ),
        pytest.param([policy()], ["OK - push-pub: no run yet" + perfdata(), "exit code 0"], id="never ran, manual"),
        pytest.param(
            [policy(run(8, "Error", 60), run(7, "Success", 120)), policy(number=2, name="idle", enabled=False)],
            [
                "WARNING - push-pub: the last run failed 47 s ago, DATE (run 8)" + perfdata(1, 1, 1, 107),
                READ_LOG,
                "exit code 1",
            ],
            id="failed",
        ),
        pytest.param(
            [policy(run(8, "Stopped", 60), run(7, "Success", 120))],
            [
                "WARNING - push-pub: the last run was stopped 47 s ago, DATE (run 8)" + perfdata(failed=1, age=107),
                READ_LOG,
                "exit code 1",
            ],
            id="stopped",
        ),
        pytest.param(
            [policy(run(8, "Error", 60, text="no such host"), run(7, "Error", 120), run(6, "Error", 180))],
            [
                "CRITICAL - push-pub: 3 failed in a row: the last run failed 47 s ago, DATE (run 8): no such host"
                + perfdata(failed=1, age=180),
                READ_LOG,
                "exit code 2",
            ],
            id="failed three times",
        ),
        pytest.param(
            [policy(run(8, "Error", 60), run(7, "Stopped", 120), run(6, "Error", 180))],
            [
                "WARNING - push-pub: the last run failed 47 s ago, DATE (run 8)" + perfdata(failed=1, age=180),
                READ_LOG,
                "exit code 1",
            ],
            id="stopped between failures",
        ),
        pytest.param(
            [policy(run(9, "Running", 30, scheduled=False), run(8, "Error", 60), run(7, "Success", 120))],
            [
                "WARNING - push-pub: the last run failed 47 s ago, DATE (run 8)"
                + perfdata(failed=1, age=107, running=30),
                READ_LOG,
                "exit code 1",
            ],
            id="the newest finished one decides",
        ),
        pytest.param(
            [policy(run(8, "Running", 2.5 * HOUR), LAST_NIGHT)],
            [
                "WARNING - push-pub: a run takes 2 h 30 min already (warning at 2 h)"
                + perfdata(age=32387, running=9000),
                READ_LOG,
                "exit code 1",
            ],
            id="long",
        ),
        pytest.param(
            [policy(run(9, "Success", 3 * HOUR), run(8, "Pending", 13 * HOUR), THE_NIGHT_BEFORE)],
            [
                "CRITICAL - push-pub: a run takes 13 h already (critical at 12 h)" + perfdata(age=10787, running=46800),
                READ_LOG,
                "exit code 2",
            ],
            id="very long, and overtaken by later ones",
        ),
        pytest.param(
            [policy(run(9, "Error", 60, text=SKIPPED), run(8, "Running", 90, scheduled=False), LAST_NIGHT)],
            [
                "WARNING - push-pub: run 9 was skipped, because another one still goes on"
                + perfdata(age=32387, running=90),
                f"Next: stop the one that goes on, if it hangs; {LOG}",
                "exit code 1",
            ],
            id="skipped",
        ),
        pytest.param(
            [policy(*[run(n, "Error", 600 - n, text=SKIPPED) for n in range(10, 60)], run(9, "Error", 700))],
            [
                "WARNING - push-pub: the last run failed 11 min ago, DATE (run 9) (and 1 more)"
                + perfdata(failed=1, age=700),
                "WARNING: push-pub: the last run failed 11 min ago, DATE (run 9)",
                "WARNING: push-pub: run 59 was skipped, because another one still goes on",
                READ_LOG,
                "exit code 1",
            ],
            id="a failure below many that were skipped",
        ),
        pytest.param(
            [policy(run(9, "Error", 60), *[run(n, "Error", 600 - n, text=SKIPPED) for n in range(3, 9)],
                    run(2, "Error", 700), run(1, "Error", 800), run(0, "Success", 900))],
            [
                "CRITICAL - push-pub: 3 failed in a row: the last run failed 47 s ago, DATE (run 9)"
                + perfdata(failed=1, age=887),
                READ_LOG,
                "exit code 2",
            ],
            id="failed three times, with many that were skipped between",
        ),
        pytest.param(
            [policy(run(8, "Success", 4 * HOUR, scheduled=False), THE_NIGHT_BEFORE, cron=NIGHTLY)],
            [
                "WARNING - push-pub: the schedule 0 0 3 * * * UTC did not fire at DATE" + perfdata(age=14387),
                SAVE_ANEW,
                "exit code 1",
            ],
            id="the schedule did not fire",
        ),
        pytest.param(
            [policy(*[run(n, "Success", 4 * HOUR - n, scheduled=False) for n in range(10, 60)], LAST_NIGHT,
                    cron=NIGHTLY)],
            ["OK - push-pub: last run succeeded 3 h 58 min ago, took 13 s" + perfdata(age=14328), "exit code 0"],
            id="it did, below many others",
        ),
        pytest.param(
            [policy(cron=NIGHTLY)],
            ["WARNING - push-pub: the schedule 0 0 3 * * * UTC did not fire at DATE" + perfdata(age=2592000), SAVE_ANEW,
             "exit code 1"],
            id="it never did",
        ),
        pytest.param(
            [policy(run(8, "Error", 60), run(7, "Error", 120), run(6, "Error", 180), enabled=False)],
            ["OK - 1 replication policy, 1 of them disabled" + perfdata(0, 1), "exit code 0"],
            id="disabled",
        ),
    ],
)  # fmt: skip
def test_states(check, harbor: Simulator, policies: list[Replication], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.replications = policies
    first, *further = expected
    assert check("replication", login=True) == [f"HARBOR REPLICATION {first}", *further]


def test_options(check, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [
        policy(run(8, "Running", 2 * HOUR, scheduled=False), THE_NIGHT_BEFORE, cron=NIGHTLY, number=1, name="night"),
        policy(run(5, "Error", 3 * HOUR), number=2, name="other"),
        policy(run(4, "Error", 3 * HOUR), number=3, name="nightmare"),
    ]
    options = ("-w", "1h", "-c", "~:", "--maximum-age", "1d", "--schedule-grace", "10h")
    options += ("--policy", "ni*", "--exclude", "nightm*", "--perfdata-for", "night")
    assert check("replication", *options, login=True) == [
        "HARBOR REPLICATION CRITICAL - night: last success 1 d 8 h ago (critical at 1 d) (and 1 more) | time=Ts;;;0 "
        "age_night=118787s;;86400;0 running_night=7200s;3600;~:;0 policies=1;;;0 disabled=0;;;0 failed=0;;;0 "
        "age=118787s;;86400;0 running=7200s;3600;~:;0",
        "CRITICAL: night: last success 1 d 8 h ago (critical at 1 d)",
        "WARNING: night: a run takes 2 h already (warning at 1 h)",
        READ_LOG,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("runs", "state"),
    [
        ([], "OK - push-pub: no run yet"),
        ([run(1, "Error", 2 * HOUR)], "WARNING - push-pub: the last run failed 1 h 59 min ago, DATE (run 1)"),
        ([run(n, "Error", 30 * HOUR - n * 60) for n in range(20)],
         "CRITICAL - push-pub: 3 failed in a row: the last run failed 1 d 5 h ago, DATE (run 19) (and 1 more)"),
        ([*[run(n, "Error", 25 * HOUR - n * 60) for n in range(20)], run(0, "Success", 26 * HOUR)],
         "CRITICAL - push-pub: 3 failed in a row: the last run failed 1 d ago, DATE (run 19)"),
        ([*[run(n, "Error", 2 * HOUR - n * 60) for n in range(20)], run(0, "Success", 30 * HOUR)],
         "CRITICAL - push-pub: 3 failed in a row: the last run failed 1 h 40 min ago, DATE (run 19) (and 1 more)"),
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
        "Next: compare --include with the names in Harbor; a robot sees only what its rights cover",
        "exit code 3",
    ]


@pytest.mark.parametrize("runs", [[run(8, "Error", 60)], [run(8, "Running", 13 * HOUR)], []])
def test_jobservice_explains_it(check, harbor: Simulator, runs: list[Execution]) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [policy(*runs, cron=NIGHTLY)]
    harbor.switch("jobservice-down")
    first, *_ = check("replication", "--isolate", login=True)
    assert first.startswith("HARBOR REPLICATION UNKNOWN - push-pub: ")
    assert first.partition(" | ")[0].endswith("(see check_harbor_component jobservice)")


def test_a_thousand_policies(check, harbor: Simulator) -> None:
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
    assert check("replication", "-t", "60", login=True) == [
        "HARBOR REPLICATION CRITICAL - policy-0777: 3 failed in a row: the last run failed 8 h ago, DATE (run 77750)"
        + perfdata(1000, failed=1, age=3 * DAY + 32387),
        READ_LOG,
        "exit code 2",
    ]
    asked = [request.query.get("page_size") for request in harbor.requests if "executions" in request.path]
    assert asked.count("5") == 1000
    assert asked.count("100") == 1  # what is under way


def test_time_runs_out(check, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.replications = [policy(LAST_NIGHT, number=number, name=f"p{number}") for number in range(1, 21)]
    harbor.delay("/api/v2.0/replication/executions", 0.4)
    assert check("replication", "-t", "1.8", login=True) == [
        "HARBOR REPLICATION UNKNOWN - only 4 of 20 enabled policies looked at: time ran out" + perfdata(4, age=32387),
        "Next: raise -t, or divide the policies among services with --policy",
        "exit code 3",
    ]
