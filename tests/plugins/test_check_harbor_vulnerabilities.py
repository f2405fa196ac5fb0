"""check_harbor_vulnerabilities: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import ScanAll, Security
from support.planted import plant
from support.screens import problem

SCAN = "Next: start scan-all in the web UI (Interrogation Services), or let projects scan on push"
COUNT = "Next: start scan-all in the web UI (Interrogation Services), or set a schedule there: it counts them"
FAILING = "Next: run check_harbor_scan and check_harbor_scanner: as long as scans fail, these counts mean nothing"
REBUILD = "Next: find the worst artifacts in the web UI's Security Hub, and have them rebuilt"
FOUND = {"critical": 4, "high": 8, "medium": 4, "low": 4}


def perfdata(
    coverage: float, artifacts: int, scanned: int, total: int = 0, fixable: int = 0, images: int = 0, critical="",
    **found,
) -> str:  # fmt: skip
    shown = " ".join(f"{name}={found.get(name, 0)};;;0" for name in ("high", "medium", "low", "unknown", "none"))
    critical = critical or f"{found.get('critical_', 0)};;;0"
    return (
        f" | time=Ts;;;0 coverage={coverage}%;90:;50:;0;100 images={images};;;0 artifacts={artifacts};;;0 "
        f"scanned={scanned};;;0 "
        f"critical={critical} {shown} fixable={fixable};;;0 total={total};;;0"
    )


FOUR = {"total": 20, "fixable": 12, "critical_": 4, "high": 8, "medium": 4, "low": 4}
ALL = perfdata(100, 4, 4, images=2, **FOUR)


@pytest.mark.parametrize(
    ("summary", "scans", "expected"),
    [
        ("a0-fresh/security-summary.admin", "a0-fresh/scans-all-metrics.admin",
         ["CRITICAL - 0% of 4 artifacts scanned (critical below 50%)" + perfdata(0, 4, 0), SCAN, "exit code 2"]),
        ("p-d2-counts/5-sbom-with-subject-security-summary.admin", "p-d2-counts/7-scans-all-metrics-later.admin",
         ["WARNING - 66.6% of 6 images scanned (warning below 90%)"
          + perfdata(66.6, 12, 4, images=6, **FOUR), SCAN, "exit code 1"]),
        ("p-d2-counts/6-after-scan-all-security-summary.admin", "p-d2-counts/7-scans-all-metrics-later.admin",
         ["OK - 8 of 12 artifacts scanned (6 images), 40 vulnerabilities, 8 critical, 16 high"
          + perfdata(100, 12, 8, 40, 24, images=6, critical_=8, high=16, medium=8, low=8), "exit code 0"]),
        ("a1-healthy/security-summary.admin", "a1-healthy/scans-all-metrics.admin",
         ["OK - 4 of 4 artifacts scanned, 20 vulnerabilities, 4 critical, 8 high" + ALL, "exit code 0"]),
        ("a1-healthy/security-summary-full.admin", "a1-healthy/scans-all-metrics.admin",
         ["OK - 4 of 4 artifacts scanned, 20 vulnerabilities, 4 critical, 8 high" + ALL, "exit code 0"]),
        ("f-scan-failed/security-summary", "f-scan-failed/scans-all-metrics-failed",
         ["WARNING - 0 vulnerabilities in 4 artifacts, but 2 of 2 scans failed in the last scan-all"
          + perfdata(100, 4, 4, images=2), FAILING, "exit code 1"]),
        ("f-scan-failed/security-summary", "f-scan-failed/scans-all-metrics-during",
         ["WARNING - 0 vulnerabilities in 4 artifacts, but 2 of 2 scans failed in the last scan-all"
          + perfdata(100, 4, 4, images=2), FAILING, "exit code 1"]),
    ],
)  # fmt: skip
def test_recorded(check, harbor: Simulator, summary: str, scans: str, expected: list[str]) -> None:
    plant(harbor, summary, scans)
    first, *further = expected
    assert check("vulnerabilities", login=True) == [f"HARBOR VULNERABILITIES {first}", *further]


@pytest.mark.parametrize(
    ("security", "scans", "expected"),
    [
        pytest.param(
            Security(0), None,
            ["OK - Harbor holds no artifact: there is nothing to check"
             + perfdata(0, 0, 0).replace(" coverage=0%;90:;50:;0;100 images=0;;;0", ""), "exit code 0"],
            id="nothing to scan",
        ),
        pytest.param(
            Security(1000, 900), None,
            ["OK - 900 of 1000 artifacts scanned, 0 vulnerabilities" + perfdata(90, 1000, 900), "exit code 0"],
            id="just enough, and no scan failed",
        ),
        pytest.param(
            Security(1000, 899), ScanAll(success=1000),
            ["WARNING - 89.9% of 1000 images scanned (warning below 90%)" + perfdata(89.9, 1000, 899, images=1000),
             SCAN, "exit code 1"],
            id="few",
        ),
        pytest.param(
            Security(1000, 499), ScanAll(success=500, stopped=500),
            ["CRITICAL - 49.9% of 1000 images scanned (critical below 50%)" + perfdata(49.9, 1000, 499, images=1000),
             SCAN, "exit code 2"],
            id="very few",
        ),
        pytest.param(
            Security(4, 4, FOUND, 12), ScanAll(success=3, error=1),
            ["OK - 4 of 4 artifacts scanned, 20 vulnerabilities, 4 critical, 8 high, 1 of 4 scans failed, "
             "so there may be more" + perfdata(100, 4, 4, images=4, **FOUR), "exit code 0"],
            id="some scans failed",
        ),
        pytest.param(
            Security(4, 4, {"none": 3, "unknown": 2}), None,
            ["OK - 4 of 4 artifacts scanned, 5 vulnerabilities, 0 critical, 0 high"
             + perfdata(100, 4, 4, 5, none=3, unknown=2), "exit code 0"],
            id="what is left out is zero",
        ),
        pytest.param(
            Security(4, 0), ScanAll(error=4),
            ["CRITICAL - 0% of 4 images scanned (critical below 50%)" + perfdata(0, 4, 0, images=4), SCAN,
             "exit code 2"],
            id="nothing scanned is no doubt",
        ),
        pytest.param(
            Security(2474, 1236), ScanAll(success=1236),
            ["OK - 1236 of 2474 artifacts scanned (1236 images), 0 vulnerabilities"
             + perfdata(100, 2474, 1236, images=1236), "exit code 0"],
            id="each image is an index with one child",
        ),
        pytest.param(
            Security(900, 300), ScanAll(success=300),
            ["OK - 300 of 900 artifacts scanned (300 images), 0 vulnerabilities"
             + perfdata(100, 900, 300, images=300), "exit code 0"],
            id="each image has a signature and an SBOM",
        ),
        pytest.param(
            Security(900, 240, FOUND, 12), ScanAll(success=240, error=60),
            ["WARNING - 80% of 300 images scanned (warning below 90%)"
             + perfdata(80, 900, 240, images=300, **FOUR), SCAN, "exit code 1"],
            id="some of the images are not, beside what never is",
        ),
        pytest.param(
            Security(700, 700), ScanAll(success=1000),
            ["OK - 700 of 700 artifacts scanned, 0 vulnerabilities" + perfdata(100, 700, 700, images=1000),
             "exit code 0"],
            id="images were deleted since",
        ),
        pytest.param(
            Security(900, 300), None,
            ["UNKNOWN - 300 of 900 artifacts scanned, it is not known how many of the others are images"
             + perfdata(0, 900, 300).replace(" coverage=0%;90:;50:;0;100", ""), COUNT, "exit code 3"],
            id="nobody has counted the images",
        ),
        pytest.param(
            Security(900, 0), None,
            ["CRITICAL - 0% of 900 artifacts scanned (critical below 50%)" + perfdata(0, 900, 0), SCAN, "exit code 2"],
            id="nothing was ever scanned",
        ),
    ],
)  # fmt: skip
def test_states(check, harbor: Simulator, security: Security, scans: ScanAll | None, expected: list[str]) -> None:
    harbor.content.security = security
    harbor.content.scan_all = (scans, None)
    first, *further = expected
    assert check("vulnerabilities", login=True) == [f"HARBOR VULNERABILITIES {first}", *further]


def test_options(check, harbor: Simulator) -> None:
    harbor.content.security = Security(4, 2, FOUND)
    harbor.content.scan_all = (ScanAll(success=4), None)
    assert check("vulnerabilities", "-w", "40%:", "-c", "~:", "--critical-cves", "3", login=True) == [
        "HARBOR VULNERABILITIES WARNING - 4 critical vulnerabilities (warning at 3) | time=Ts;;;0 "
        "coverage=50%;40:;~:;0;100 images=4;;;0 artifacts=4;;;0 scanned=2;;;0 critical=4;3;;0 high=8;;;0 medium=4;;;0 "
        "low=4;;;0 unknown=0;;;0 none=0;;;0 fixable=0;;;0 total=20;;;0",
        REBUILD,
        "exit code 1",
    ]
    assert check("vulnerabilities", "-w", "40%:", "--critical-cves", "4", login=True)[-1] == "exit code 0"


def test_no_scanner(check, harbor: Simulator) -> None:
    harbor.content.scanners = []
    reason = "no scanner is configured, it's not possible to scan"
    line = f"not set up in this Harbor: {reason} (412 for /api/v2.0/scans/all/metrics)"
    assert check("vulnerabilities", login=True) == [
        *problem("vulnerabilities", "UNKNOWN", line),
        "Next: set it up, or remove this service from the host",
        "exit code 3",
    ]


def test_an_older_harbor(check, harbor: Simulator) -> None:
    body = {"errors": [{"code": "NOT_FOUND", "message": "path /api/v2.0/security/summary was not found"}]}
    harbor.answer("/api/v2.0/security/summary", 404, body=body)
    assert check("vulnerabilities", login=True) == [
        "HARBOR VULNERABILITIES UNKNOWN - 404 for /api/v2.0/security/summary, which needs Harbor 2.9 or newer",
        "Next: update Harbor if it is older, or remove this service from the host",
        "exit code 3",
    ]


def test_unexpected_answer(check, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/security/summary", body={})
    first, *_ = check("vulnerabilities", login=True)
    assert first == (
        "HARBOR VULNERABILITIES UNKNOWN - unexpected answer to GET /api/v2.0/security/summary: "
        "total_artifact is missing"
    )
