"""check_harbor_replication: what an operator sees of each state of affairs."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Replication
from support.planted import NOW
from support.replications import LAST_NIGHT, LOG, NIGHTLY, READ_LOG, THE_NIGHT_BEFORE, perfdata, policy, run

RESAVE = f"Next: save the schedule again in the web UI, so that the job service gets it, then {LOG}"
STOP_LOST = (
    "Next: stop it in the web UI (Administration > Replications): it can block newer executions. Then read its log"
)
SKIPPED = "Execution skipped: active replication still in progress."


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        pytest.param([], ["OK - no replication policy" + perfdata(0), "exit code 0"], id="none"),
        pytest.param(
            [policy(LAST_NIGHT, THE_NIGHT_BEFORE, cron=NIGHTLY)],
            ["OK - push-pub: last execution succeeded 8 h ago, took 13 s" + perfdata(age=32387), "exit code 0"],
            id="well",
        ),
        pytest.param([policy()], ["OK - push-pub: no execution yet" + perfdata(), "exit code 0"],
                     id="never ran, manual"),
        pytest.param(
            [policy(run(8, "Error", 60), run(7, "Success", 120)), policy(number=2, name="idle", enabled=False)],
            [
                "WARNING - push-pub: the last execution failed 47 s ago, DATE (number 8)" + perfdata(1, 1, 1, 107),
                READ_LOG,
                "exit code 1",
            ],
            id="failed",
        ),
        pytest.param(
            [policy(run(8, "Stopped", 60), run(7, "Success", 120))],
            [
                "WARNING - push-pub: the last execution was stopped 47 s ago, DATE (number "
                "8)" + perfdata(failed=1, age=107),
                READ_LOG,
                "exit code 1",
            ],
            id="stopped",
        ),
        pytest.param(
            [policy(run(8, "Error", 60, text="no such host"), run(7, "Error", 120), run(6, "Error", 180))],
            [
                "CRITICAL - push-pub: 3 failed in a row: the last execution failed 47 s ago, DATE (number 8): no "
                "such host"
                + perfdata(failed=1, age=180),
                READ_LOG,
                "exit code 2",
            ],
            id="failed three times",
        ),
        pytest.param(
            [policy(run(8, "Error", 60), run(7, "Stopped", 120), run(6, "Error", 180))],
            [
                "WARNING - push-pub: the last execution failed 47 s ago, DATE (number 8)" + perfdata(failed=1, age=180),
                READ_LOG,
                "exit code 1",
            ],
            id="stopped between failures",
        ),
        pytest.param(
            [policy(run(9, "Running", 30, scheduled=False), run(8, "Error", 60), run(7, "Success", 120))],
            [
                "WARNING - push-pub: the last execution failed 47 s ago, DATE (number 8)"
                + perfdata(failed=1, age=107, running=30),
                READ_LOG,
                "exit code 1",
            ],
            id="the newest finished one decides",
        ),
        pytest.param(
            [policy(run(8, "Running", 2.5 * HOUR), LAST_NIGHT)],
            [
                "WARNING - push-pub: an execution has been running for 2 h 30 min (warning at 2 h)"
                + perfdata(age=32387, running=9000),
                READ_LOG,
                "exit code 1",
            ],
            id="long",
        ),
        pytest.param(
            [policy(run(9, "Success", 3 * HOUR), run(8, "Pending", 13 * HOUR), THE_NIGHT_BEFORE)],
            [
                "CRITICAL - push-pub: an execution has been running for 13 h (critical at 12 "
                "h)" + perfdata(age=10787, running=46800),
                READ_LOG,
                "exit code 2",
            ],
            id="very long, and overtaken by later ones",
        ),
        pytest.param(
            [policy(run(8, "Running", 13 * HOUR, tasks=4), LAST_NIGHT)],
            [
                "WARNING - push-pub: execution 8 in progress for 13 h, but all of its tasks (4) have ended"
                + perfdata(age=32387),
                STOP_LOST,
                "exit code 1",
            ],
            id="Harbor lost track, all done",
        ),
        pytest.param(
            [policy(run(8, "Pending", 2 * HOUR, tasks=0), LAST_NIGHT)],
            [
                "WARNING - push-pub: execution 8 in progress for 2 h, but it has no task" + perfdata(age=32387),
                STOP_LOST,
                "exit code 1",
            ],
            id="Harbor lost track, never begun",
        ),
        pytest.param(
            [policy(run(9, "Running", 3 * HOUR), run(8, "Running", 9 * DAY, tasks=1), LAST_NIGHT)],
            [
                "WARNING - push-pub: execution 8 in progress for 9 d, but all of its tasks (1) have ended (and 1 more)"
                + perfdata(age=32387, running=10800),
                "WARNING: push-pub: execution 8 in progress for 9 d, but all of its tasks (1) have ended",
                "WARNING: push-pub: an execution has been running for 3 h (warning at 2 h)",
                STOP_LOST,
                "exit code 1",
            ],
            id="Harbor lost track, and another one takes long",
        ),
        pytest.param(
            [policy(run(8, "Running", 60, tasks=4), LAST_NIGHT)],
            ["OK - push-pub: last execution succeeded 8 h ago, took 13 s, another running for 1 min"
             + perfdata(age=32387, running=60), "exit code 0"],
            id="just ended, which Harbor is about to notice",
        ),
        pytest.param(
            [policy(run(8, "Running", 1800, tasks=0), LAST_NIGHT)],
            ["OK - push-pub: last execution succeeded 8 h ago, took 13 s, another running for 30 min"
             + perfdata(age=32387, running=1800), "exit code 0"],
            id="no task yet, as long as images are listed",
        ),
        pytest.param(
            [policy(run(9, "Error", 60, text=SKIPPED), run(8, "Running", 90, scheduled=False), LAST_NIGHT)],
            [
                "WARNING - push-pub: execution 9 was skipped: the previous one is still running"
                + perfdata(age=32387, running=90),
                f"Next: stop the running execution if it hangs, then {LOG}",
                "exit code 1",
            ],
            id="skipped",
        ),
        pytest.param(
            [policy(*[run(n, "Error", 600 - n, text=SKIPPED) for n in range(10, 60)], run(9, "Error", 700))],
            [
                "WARNING - push-pub: the last execution failed 11 min ago, DATE (number 9) (and 1 more)"
                + perfdata(failed=1, age=700),
                "WARNING: push-pub: the last execution failed 11 min ago, DATE (number 9)",
                "WARNING: push-pub: execution 59 was skipped: the previous one is still running",
                READ_LOG,
                "exit code 1",
            ],
            id="a failure below many that were skipped",
        ),
        pytest.param(
            [policy(run(9, "Error", 60), *[run(n, "Error", 600 - n, text=SKIPPED) for n in range(3, 9)],
                    run(2, "Error", 700), run(1, "Error", 800), run(0, "Success", 900))],
            [
                "CRITICAL - push-pub: 3 failed in a row: the last execution failed 47 s ago, DATE (number 9)"
                + perfdata(failed=1, age=887),
                READ_LOG,
                "exit code 2",
            ],
            id="failed three times, with many that were skipped between",
        ),
        pytest.param(
            [policy(run(8, "Success", 4 * HOUR, scheduled=False), THE_NIGHT_BEFORE, cron=NIGHTLY)],
            [
                "WARNING - push-pub: the schedule (daily at 03:00 UTC) did not fire at DATE" + perfdata(age=14387),
                RESAVE,
                "exit code 1",
            ],
            id="the schedule did not fire",
        ),
        pytest.param(
            [policy(*[run(n, "Success", 4 * HOUR - n, scheduled=False) for n in range(10, 60)], LAST_NIGHT,
                    cron=NIGHTLY)],
            ["OK - push-pub: last execution succeeded 3 h 58 min ago, took 13 s" + perfdata(age=14328), "exit code 0"],
            id="it did, below many others",
        ),
        pytest.param(
            [policy(cron=NIGHTLY)],
            ["WARNING - push-pub: the schedule (daily at 03:00 UTC) did not fire at DATE" + perfdata(age=2592000),
             RESAVE, "exit code 1"],
            id="it never did",
        ),
        pytest.param(
            [policy(run(n, "Running", hours * HOUR), number=n, name=f"p{n}") for n, hours in ((1, 3), (2, 5), (3, 4))],
            [
                "WARNING - p2: an execution has been running for 5 h (warning at 2 h) (and 2 more)"
                + perfdata(3, running=5 * HOUR),
                "WARNING: p2: an execution has been running for 5 h (warning at 2 h)",
                "WARNING: p3: an execution has been running for 4 h (warning at 2 h)",
                "WARNING: p1: an execution has been running for 3 h (warning at 2 h)",
                READ_LOG,
                "exit code 1",
            ],
            id="the longest first",
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


def test_a_success_without_a_task_is_said(check, harbor: Simulator) -> None:
    """A replication whose filter fits nothing succeeds; that is no success like others."""
    harbor.content.now = NOW
    harbor.content.replications = [policy(LAST_NIGHT)]
    moment = "2026-11-22T05:00:00Z"
    row = {"id": 7, "policy_id": 1, "status": "Succeed", "trigger": "scheduled", "start_time": moment, "total": 0}
    rows = [{**row, "end_time": moment, "in_progress": 0}]
    headers = {"X-Total-Count": "1", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    harbor.answer("/api/v2.0/replication/executions", headers=headers, body=rows)
    assert "with nothing to do" in check("replication", login=True)[0]
