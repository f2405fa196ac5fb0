"""check_harbor_webhook: what an operator sees."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.content import HOUR
from harbor_simulator.records import Execution, Webhook
from support import runner
from support.planted import NOW
from support.screens import screen

READ_LOG = (
    "Next: read a delivery's log in the web UI (project > Webhooks), then test the receiver with curl from jobservice"
)
ENABLE = "Next: enable it in the web UI (project > Webhooks), or delete it"
MORE = "Next: raise -t, or split the projects across services with --project"


def perfdata(webhooks: int = 1, disabled: int = 0, deliveries: int = 0, failed: float = 0) -> str:
    counts = f"webhooks={webhooks};;;0 disabled={disabled};;;0 deliveries={deliveries};;;0"
    return f" | time=Ts;;;0 {counts} failed={failed}%;10;50;0;100"


def runs(*statuses: str) -> list[Execution]:
    """Deliveries, an hour apart, the newest first."""
    return [Execution(99 - n, status, NOW - (n + 1) * HOUR, 0) for n, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("webhooks", "expected"),
    [
        pytest.param([], ["OK - no webhook" + perfdata(0), "exit code 0"], id="none"),
        pytest.param(
            [Webhook(1, "priv", "chat")], ["OK - 1 webhook" + perfdata(), "exit code 0"], id="nothing to deliver yet"
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Running", "Success", "Stopped", "Pending"))],
            ["OK - 1 webhook, 0% of the last deliveries failed" + perfdata(deliveries=2), "exit code 0"],
            id="well",
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Error", *["Success"] * 9))],
            ["OK - 1 webhook, 10% of the last deliveries failed" + perfdata(deliveries=10, failed=10),
             "exit code 0"],
            id="one of ten",
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Error", *["Success"] * 8))],
            ["WARNING - priv/chat: 11.1% of the last deliveries failed, last success 2 h ago (warning at 10%)"
             + perfdata(deliveries=9, failed=11.1), READ_LOG, "exit code 1"],
            id="one of nine",
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Error", "Error", "Success"))],
            ["CRITICAL - priv/chat: 66.6% of the last deliveries failed, last success 3 h ago (critical at 50%)"
             + perfdata(deliveries=3, failed=66.6), READ_LOG, "exit code 2"],
            id="two of three",
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Success")), Webhook(2, "tiny", "ci", runs("Error"))],
            ["CRITICAL - tiny/ci: 100% of the last deliveries failed, no success among them (critical at 50%)"
             + perfdata(2, deliveries=2, failed=100), READ_LOG, "exit code 2"],
            id="all",
        ),
        pytest.param(
            [Webhook(1, "priv", "chat", runs("Error"), enabled=False)],
            ["WARNING - priv/chat: disabled" + perfdata(0, 1), ENABLE, "exit code 1"],
            id="disabled",
        ),
        pytest.param(
            [
                Webhook(1, "priv", "chat", runs("Error", "Success", "Success")),
                Webhook(2, "pub", "chat", runs("Error", "Success")),
                Webhook(3, "tiny", "chat", enabled=False),
            ],
            ["WARNING - pub/chat: 50% of the last deliveries failed, last success 2 h ago (warning at 10%) "
             "(and 2 more)" + perfdata(2, 1, 5, 50),
             "WARNING: pub/chat: 50% of the last deliveries failed, last success 2 h ago (warning at 10%)",
             "WARNING: priv/chat: 33.3% of the last deliveries failed, last success 2 h ago (warning at 10%)",
             "WARNING: tiny/chat: disabled",
             READ_LOG, "exit code 1"],
            id="the worst first",
        ),
    ],
)  # fmt: skip
def test_states(ask, harbor: Simulator, webhooks: list[Webhook], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.webhooks = webhooks
    first, *further = expected
    assert ask("webhook") == [f"HARBOR WEBHOOK {first}", *further]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.webhooks = [
        Webhook(1, "priv", "chat", runs("Success", *["Error"] * 40)),
        Webhook(2, "pub", "ci", runs("Error")),
    ]
    assert ask("webhook", "--last", "1", "--project", "pr*", "--perfdata-for", "priv/*") == [
        "HARBOR WEBHOOK OK - 1 webhook, 0% of the last deliveries failed | time=Ts;;;0 "
        "'failed_priv/chat'=0%;10;50 webhooks=1;;;0 disabled=0;;;0 deliveries=1;;;0 failed=0%;10;50;0;100",
        "exit code 0",
    ]
    assert ask("webhook", "--last", "41", "--exclude", "pub", "-w", "50", "-c", "~:")[0].startswith(
        "HARBOR WEBHOOK WARNING - priv/chat: 97.5% of the last deliveries failed, last success 1 h ago (warning at "
        "50%) | "
    )
    assert ask("webhook", "--project", "nosuch")[0] == "HARBOR WEBHOOK UNKNOWN - no project is named nosuch"


@pytest.mark.parametrize(("number", "problem"), [("101", "100 at most: 101"), ("0", "not a number from 1 on: '0'")])
def test_usage(ask, number: str, problem: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        ask("webhook", "--last", number)
    assert capfd.readouterr().out.startswith(f"HARBOR WEBHOOK UNKNOWN - usage: --last: {problem}\n")


def test_an_older_harbor(authfile: str) -> None:
    robot = Account(MONITOR_SECRET, sysadmin=True)
    with Simulator(version="2.7.0", users={MONITOR: robot}) as harbor:
        common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
        outcome = screen(runner.here("check_harbor_webhook", *common), harbor)
    assert outcome == [
        "HARBOR WEBHOOK UNKNOWN - priv: 404 for /api/v2.0/projects/3/webhook/policies/1/executions, which needs "
        "Harbor 2.8 or newer",
        "Next: update Harbor if it is older, or remove this service from the host",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([{"id": 1, "status": "Lost"}], "unknown status Lost"),
        ([{"id": 1, "status": "Error", "end_time": "then"}], "end_time is not a time"),
    ],
)
def test_unexpected_answer(ask, harbor: Simulator, answer: Any, problem: str) -> None:
    harbor.answer("/api/v2.0/projects/3/webhook/policies/1/executions", body=answer)
    line = f"priv: unexpected answer to GET /api/v2.0/projects/3/webhook/policies/1/executions: {problem}"
    assert ask("webhook")[0].startswith(f"HARBOR WEBHOOK UNKNOWN - {line} | ")


@pytest.mark.parametrize("probe", ["webhook", "retention", "robots"])
def test_no_project_at_all_is_nothing_judged(ask, harbor: Simulator, probe: str) -> None:
    harbor.content.projects = {}
    options = ["--project", "*"] if probe == "robots" else []
    assert ask(probe, *options) == [
        f"HARBOR {probe.upper()} UNKNOWN - Harbor shows this account no projects, so nothing was checked",
        (
            "Next: grant the robot account project:list at the system level, or remove this service if Harbor "
            "has no projects"
        ),
        "exit code 3",
    ]


def test_a_thousand_projects(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.more_projects = 996
    names = harbor.content.project_names()
    harbor.content.webhooks = [Webhook(n, name, "chat", runs("Success")) for n, name in enumerate(names[::10], 1)]
    harbor.content.webhooks[55].runs = runs("Error", "Success")
    assert ask("webhook", "-t", "50") == [
        "HARBOR WEBHOOK WARNING - team-00551/chat: 50% of the last deliveries failed, last success 2 h ago "
        "(warning at 10%)" + perfdata(100, deliveries=101, failed=50),
        READ_LOG,
        "exit code 1",
    ]


def test_time_runs_out(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.more_projects = 96
    harbor.delay("/api/v2.0/projects/", 0.4)
    first, *further = ask("webhook", "-t", "2")
    assert first.startswith("HARBOR WEBHOOK UNKNOWN - only ")
    assert " of 100 projects checked: time ran out | " in first
    assert further == [MORE, "exit code 3"]


@pytest.mark.parametrize("statuses", [("Error", "Error"), ("Error", *["Success"] * 5)])
def test_jobservice_explains_it(ask, harbor: Simulator, statuses: tuple[str, ...]) -> None:
    harbor.content.now = NOW
    harbor.content.webhooks = [Webhook(1, "priv", "chat", runs(*statuses))]
    harbor.switch("jobservice-down")
    first, *_ = ask("webhook", "--isolate")
    assert first.startswith("HARBOR WEBHOOK UNKNOWN - priv/chat: ")
    assert first.partition(" | ")[0].endswith("(see harbor-component-jobservice)")
