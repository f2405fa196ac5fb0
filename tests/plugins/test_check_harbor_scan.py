"""check_harbor_scan: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Job, ScanAll
from support.planted import NOW, plant
from support.screens import problem

NIGHTLY = "0 0 2 * * *"
READ_LOG = (
    "Next: read the log of a failed scan in the web UI (the artifact's vulnerabilities), then run docker logs "
    "--tail 50 trivy-adapter (or kubectl -n NAMESPACE logs --tail 50 sts/RELEASE-trivy)"
)
SAVE_AGAIN = "Next: save the schedule again in the web UI (Interrogation Services), so that the job service gets it"
START_AGAIN = "Next: if this Harbor holds images: run check_harbor_scanner, then start scan-all again in the web UI"
STOP_LOST = (
    "Next: look again in a minute; then stop it in the web UI (Interrogation Services > Vulnerability), "
    "because it blocks the next scan-all"
)
WAIT = (
    "Next: open Administration > Job Service Dashboard (queue IMAGE_SCAN), then run docker logs --tail 50 "
    "harbor-jobservice (or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-jobservice)"
)


def perfdata(errors: float = 0, failed: int = 0, waiting: int = 0, completed: int = 0, total: int = 0) -> str:
    counts = f"failed={failed};;;0 waiting={waiting};;;0 completed={completed};;;0 total={total};;;0"
    return f" | time=Ts;;;0 errors={errors}%;5;25;0;100 {counts}"


@pytest.mark.parametrize(
    ("metrics", "schedule", "expected"),
    [
        ("a0-fresh/scans-all-metrics.admin", "a0-fresh/scanall-schedule.admin",
         ["OK - no scan-all yet, not scheduled" + perfdata(), "exit code 0"]),
        ("a1-healthy/scans-all-metrics.admin", "a1-healthy/scanall-schedule.admin",
         ["OK - last scan-all: 2 of 2 done, 0 failed, scheduled weekly on Sunday at 00:00 UTC"
          + perfdata(completed=2, total=2), "exit code 0"]),
        ("f-scan-failed/scans-all-metrics-during", "f-scan-failed/scanall-schedule",
         ["CRITICAL - 2 of 2 scans failed, 100% (critical at 25%)" + perfdata(100, 2, 0, 2, 2),
          "CRITICAL: 2 of 2 scans failed, 100% (critical at 25%)",
          "WARNING: a scan of all images is in progress, but all 2 of its scans have ended", READ_LOG, "exit code 2"]),
        ("f-scan-failed/scans-all-metrics-failed", "f-scan-failed/scanall-schedule",
         ["CRITICAL - 2 of 2 scans failed, 100% (critical at 25%)" + perfdata(100, 2, 0, 2, 2), READ_LOG,
          "exit code 2"]),
    ],
)  # fmt: skip
def test_recorded(check, harbor: Simulator, metrics: str, schedule: str, expected: list[str]) -> None:
    plant(harbor, metrics, schedule, "a1-healthy/scans-schedule-metrics.admin")
    first, *further = expected
    assert check("scan", login=True) == [f"HARBOR SCAN {first}", *further]


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        pytest.param(
            ScanAll(success=1234567),
            ["OK - last scan-all: 1234567 of 1234567 done, 0 failed, not scheduled"
             + perfdata(completed=1234567, total=1234567), "exit code 0"],
            id="well",
        ),
        pytest.param(
            ScanAll(success=95, error=5),
            ["OK - last scan-all: 100 of 100 done, 5 failed, not scheduled"
             + perfdata(5, 5, completed=100, total=100), "exit code 0"],
            id="a few failed",
        ),
        pytest.param(
            ScanAll(success=94, error=6),
            ["WARNING - 6 of 100 scans failed, 6% (warning at 5%)" + perfdata(6, 6, completed=100, total=100), READ_LOG,
             "exit code 1"],
            id="some failed",
        ),
        pytest.param(
            ScanAll(success=2, error=1),
            ["CRITICAL - 1 of 3 scans failed, 33.3% (critical at 25%)" + perfdata(33.3, 1, completed=3, total=3),
             READ_LOG, "exit code 2"],
            id="many failed",
        ),
        pytest.param(
            ScanAll(success=3, running=1, pending=96, ongoing=True),
            ["OK - scan-all in progress: 3 of 100 done, 0 failed, not scheduled"
             + perfdata(waiting=96, completed=3, total=100), "exit code 0"],
            id="one is in progress",
        ),
        pytest.param(
            ScanAll(success=6, error=4, running=1, pending=89, ongoing=True),
            ["OK - scan-all in progress: 10 of 100 done, 4 failed, not scheduled"
             + perfdata(4, 4, 89, completed=10, total=100), "exit code 0"],
            id="one is in progress, and most of its scans are well",
        ),
        pytest.param(
            ScanAll(success=3, pending=97, ongoing=True),
            ["WARNING - 97 of 100 images are waiting, and none is being scanned"
             + perfdata(waiting=97, completed=3, total=100), WAIT, "exit code 1"],
            id="stuck",
        ),
        pytest.param(
            ScanAll(success=100, ongoing=True),
            ["WARNING - a scan of all images is in progress, but all 100 of its scans have ended"
             + perfdata(completed=100, total=100), STOP_LOST, "exit code 1"],
            id="done, and Harbor has not noticed",
        ),
        pytest.param(
            ScanAll(success=60, stopped=40, ongoing=True),
            ["WARNING - a scan of all images is in progress, but all 100 of its scans have ended"
             + perfdata(completed=100, total=100), STOP_LOST, "exit code 1"],
            id="stopped, and Harbor has not noticed",
        ),
        pytest.param(
            ScanAll(success=3, stopped=97),
            ["OK - last scan-all: 100 of 100 done, 0 failed, 97 stopped, not scheduled"
             + perfdata(completed=100, total=100), "exit code 0"],
            id="stopped by somebody",
        ),
        pytest.param(
            ScanAll(stopped=100),
            ["WARNING - the last scan-all scanned no image: all 100 were stopped"
             + perfdata(completed=100, total=100), START_AGAIN, "exit code 1"],
            id="stopped before anything was scanned",
        ),
        pytest.param(
            ScanAll(success=3, pending=97),
            ["WARNING - 97 of 100 images are waiting, and none is being scanned"
             + perfdata(waiting=97, completed=3, total=100), WAIT, "exit code 1"],
            id="over, says Harbor, although images wait",
        ),
        pytest.param(
            ScanAll(),
            ["WARNING - the last scan-all scanned no image: it succeeded without any image"
             + perfdata(), START_AGAIN, "exit code 1"],
            id="a success of nothing",
        ),
        pytest.param(
            ScanAll(ongoing=True),
            ["WARNING - a scan of all images is in progress, but it has no image" + perfdata(), STOP_LOST,
             "exit code 1"],
            id="in progress, without a scan",
        ),
    ],
)  # fmt: skip
def test_states(check, harbor: Simulator, scan: ScanAll, expected: list[str]) -> None:
    harbor.content.scan_all, harbor.content.scan_schedule = (scan, None), Job()
    first, *further = expected
    assert check("scan", login=True) == [f"HARBOR SCAN {first}", *further]


NEVER = "the schedule (daily at 02:00 UTC) has never fired, due at DATE"


@pytest.mark.parametrize(
    ("since", "scheduled", "options", "expected"),
    [
        (30 * DAY, None, (), [f"WARNING - {NEVER}" + perfdata(completed=4, total=4), SAVE_AGAIN, "exit code 1"]),
        (30 * DAY, ScanAll(success=4, scheduled=True), (), None),
        (9 * HOUR, None, (), None),
        (11 * HOUR, None, ("--schedule-grace", "11h"), None),
        (11 * HOUR, None, ("--schedule-grace", "9h"),
         [f"WARNING - {NEVER}" + perfdata(completed=4, total=4), SAVE_AGAIN, "exit code 1"]),
    ],
)  # fmt: skip
def test_schedule(check, harbor: Simulator, since: float, scheduled: ScanAll | None, options, expected) -> None:
    harbor.content.now = NOW
    harbor.content.scan_all = (ScanAll(success=4), scheduled)
    harbor.content.scan_schedule = Job(cron=NIGHTLY, since=NOW - since)
    well = "OK - last scan-all: 4 of 4 done, 0 failed, scheduled daily at 02:00 UTC" + perfdata(completed=4, total=4)
    first, *further = expected or [well, "exit code 0"]
    assert check("scan", *options, login=True) == [f"HARBOR SCAN {first}", *further]


def test_limits(check, harbor: Simulator) -> None:
    harbor.content.scan_all, harbor.content.scan_schedule = (ScanAll(success=1, error=1), None), Job()
    assert check("scan", "-w", "60", "-c", "90%", login=True)[-1] == "exit code 0"
    assert check("scan", "-w", "10", "-c", "~:", login=True)[0].startswith(
        "HARBOR SCAN WARNING - 1 of 2 scans failed, 50% (warning at 10%)"
    )


def test_no_scanner(check, harbor: Simulator) -> None:
    harbor.content.scanners = []
    reason = "no scanner is configured, it's not possible to scan"
    line = f"not set up in this Harbor: {reason} (412 for /api/v2.0/scans/all/metrics)"
    assert check("scan", login=True) == [
        *problem("scan", "UNKNOWN", line),
        "Next: set it up, or remove this service from the host",
        "exit code 3",
    ]


def test_unexpected_answer(check, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/scans/all/metrics", body={})
    assert check("scan", login=True) == [
        "HARBOR SCAN UNKNOWN - unexpected answer to GET /api/v2.0/scans/all/metrics: total is missing",
        "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("scan", "switch", "owner"),
    [
        (ScanAll(error=4), "trivy-down", "trivy"),
        (ScanAll(pending=4, ongoing=True), "trivy-down", "trivy"),
        (ScanAll(pending=4, ongoing=True), "jobservice-down", "jobservice"),
    ],
)
def test_isolated(check, harbor: Simulator, scan: ScanAll, switch: str, owner: str) -> None:
    harbor.content.scan_all = (scan, None)
    harbor.content.scan_schedule = Job()
    harbor.switch(switch)
    first, *_ = check("scan", "--isolate", login=True)
    assert first.startswith("HARBOR SCAN UNKNOWN - 4 of 4 ")
    assert first.partition(" | ")[0].endswith(f"(see harbor-component-{owner})")


def test_nothing_scanned_while_the_scanner_is_away(check, harbor: Simulator) -> None:
    harbor.content.scan_all, harbor.content.scan_schedule = (ScanAll(), None), Job()
    harbor.switch("trivy-down")
    first, *_ = check("scan", "--isolate", login=True)
    assert first.partition(" | ")[0].endswith("(see harbor-component-trivy)")


def test_failed_scans_are_not_the_job_services(check, harbor: Simulator) -> None:
    harbor.content.scan_all, harbor.content.scan_schedule = (ScanAll(error=4), None), Job()
    harbor.switch("jobservice-down")
    first, *_ = check("scan", "--isolate", login=True)
    assert first.startswith("HARBOR SCAN CRITICAL - 4 of 4 scans failed, 100% (critical at 25%) | ")


def metrics(requester: str, done: int) -> dict[str, object]:
    """As Harbor 2.0 and 2.1 count: they show who wanted a scan, not how it began."""
    return {"completed": done, "metrics": {"Success": done}, "ongoing": False, "requester": requester, "total": done}


@pytest.mark.parametrize(
    ("requester", "done", "line"),
    [
        ("7", 4, "OK - last scan-all: 4 of 4 done, 0 failed, scheduled daily at 02:00 UTC"),
        ("", 0, "WARNING - the schedule (daily at 02:00 UTC) has never fired, due at DATE"),
    ],
)
def test_harbor_2_0_and_2_1(check, harbor: Simulator, requester: str, done: int, line: str) -> None:
    harbor.content.now = NOW
    harbor.content.scan_schedule = Job(cron=NIGHTLY, since=NOW - 3 * DAY)
    for path in ("/api/v2.0/scans/all/metrics", "/api/v2.0/scans/schedule/metrics"):
        harbor.answer(path, body=metrics(requester, done))
    assert check("scan", login=True)[0] == f"HARBOR SCAN {line}" + perfdata(completed=done, total=done)
