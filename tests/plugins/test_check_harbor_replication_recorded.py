"""check_harbor_replication on what real Harbors answered."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support.planted import plant
from support.replications import READ_LOG, perfdata

REFUSED = 'Post "http://127.0.0.1:18082/api/v1/jobs": dial tcp 127.0.0.1:18082: connect: connection refused'


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
                "WARNING - push-pub: the last execution failed 18 s ago, DATE (number 16)"
                + perfdata(2, failed=1, age=1680),
                READ_LOG,
                "exit code 1",
            ],
        ),
        (
            "a1-healthy",
            "f-replication-failed/executions-inprogress",
            ["OK - 2 replication policies, 1 in progress" + perfdata(2, age=1662), "exit code 0"],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-pending",
            [
                "OK - 2 replication policies, 1 not executed yet, 1 in progress" + perfdata(2, age=53, running=8),
                "exit code 0",
            ],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-after-resume",
            [
                "OK - 2 replication policies, 1 not executed yet, 1 in progress" + perfdata(2, age=79, running=34),
                "exit code 0",
            ],
        ),
        (
            "a1-healthy",
            "f-queues/repl-executions-jobservice-down",
            [
                "WARNING - push-pub: the last execution failed 1 s ago, DATE (number 26): "
                'Post "http://127.0.0.1:18082/api/v1/jo...' + perfdata(2, failed=1, age=1, running=38),
                f"WARNING: push-pub: the last execution failed 1 s ago, DATE (number 26): {REFUSED}",
                READ_LOG,
                "exit code 1",
            ],
        ),
        (
            "a1-healthy",
            "v2-datapath/repl-exec-q.admin",
            ["OK - 2 replication policies, 1 not executed yet" + perfdata(2, age=1621), "exit code 0"],
        ),
        (
            "a1-healthy",
            "v2-datapath/repl-exec-status.admin",
            [
                "WARNING - push-pub: the last execution failed 28 min ago, DATE (number 4): failed to create "
                "adapter for source..." + perfdata(2, failed=1, age=1703),
                "WARNING: push-pub: the last execution failed 28 min ago, DATE (number 4): failed to create "
                "adapter for source "
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
