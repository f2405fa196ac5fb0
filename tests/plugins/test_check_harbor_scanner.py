"""check_harbor_scanner: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Scanner
from support.planted import NOW, plant

TRIVY = "Trivy at http://127.0.0.1:18087"
UPDATE = (
    "Next: run docker logs --tail 50 trivy-adapter (or kubectl -n NAMESPACE logs --tail 50 sts/RELEASE-trivy), "
    "to see whether the scanner can download its database (proxy, rate limit, disk)"
)
REACH = (
    "Next: run docker ps -a; docker logs --tail 50 trivy-adapter "
    "(or kubectl -n NAMESPACE logs --tail 50 sts/RELEASE-trivy), or check the scanner at that address"
)
CHOOSE = "Next: choose a default scanner in the web UI (Interrogation Services > Scanners)"


def perfdata(age: int | None = None) -> str:
    return " | " + ("" if age is None else f"age={age}s;172800;604800;0 ") + "time=Ts;;;0"


@pytest.mark.parametrize(
    ("scanners", "metadata"),
    [
        ("a0-fresh/scanners.admin", "f-scan-failed/scanner-metadata-up"),
        ("a1-healthy/scanners.admin", "f-scan-failed/scanner-metadata-up"),
        ("f-scan-failed/scanners-down", "f-scan-failed/scanner-metadata-down"),  # remembered by Harbor
    ],
)
def test_recorded(check, harbor: Simulator, scanners: str, metadata: str) -> None:
    plant(harbor, scanners, metadata)
    assert check("scanner", login=True) == [
        f"HARBOR SCANNER OK - {TRIVY} answers, but does not report the age of its vulnerability database" + perfdata(),
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("scanners", "expected"),
    [
        pytest.param(
            [Scanner("Clair", default=False, uuid="1", answers=False), Scanner(database=NOW - 6 * HOUR)],
            [f"OK - {TRIVY} answers, its vulnerability database is 6 h old" + perfdata(21600), "exit code 0"],
            id="well, whatever another one does",
        ),
        pytest.param(
            [Scanner(database=NOW + HOUR)],
            [f"OK - {TRIVY} answers, its vulnerability database is 0 s old" + perfdata(0), "exit code 0"],
            id="of the future",
        ),
        pytest.param(
            [Scanner(database=NOW - 49 * HOUR)],
            ["WARNING - the vulnerability database is 2 d 1 h old (warning at 2 d)" + perfdata(176400), UPDATE,
             "exit code 1"],
            id="old",
        ),
        pytest.param(
            [Scanner(database=NOW - 8 * DAY)],
            ["CRITICAL - the vulnerability database is 8 d old (critical at 7 d)" + perfdata(691200), UPDATE,
             "exit code 2"],
            id="very old",
        ),
        pytest.param(
            [Scanner(answers=False)],
            [f"CRITICAL - Harbor cannot use {TRIVY} (500)" + perfdata(), REACH, "exit code 2"],
            id="does not answer",
        ),
        pytest.param(
            [],
            ["WARNING - no default scanner is set: nothing is scanned" + perfdata(), CHOOSE, "exit code 1"],
            id="none",
        ),
        pytest.param(
            [Scanner(default=False)],
            ["WARNING - no default scanner is set: nothing is scanned" + perfdata(), CHOOSE, "exit code 1"],
            id="none is the default",
        ),
        pytest.param(
            [Scanner(disabled=True, database=NOW)],
            ["WARNING - the default scanner Trivy is disabled: nothing is scanned" + perfdata(0), CHOOSE,
             "exit code 1"],
            id="disabled",
        ),
    ],
)  # fmt: skip
def test_states(check, harbor: Simulator, scanners: list[Scanner], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.scanners = scanners
    first, *further = expected
    assert check("scanner", login=True) == [f"HARBOR SCANNER {first}", *further]


def test_limits(check, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.scanners = [Scanner(database=NOW - 10 * DAY)]
    assert check("scanner", "-w", "14d", "-c", "30d", login=True)[-1] == "exit code 0"
    assert check("scanner", "-w", "~:", "-c", "9d", login=True)[0] == (
        "HARBOR SCANNER CRITICAL - the vulnerability database is 10 d old (critical at 9 d) | "
        "age=864000s;~:;777600;0 time=Ts;;;0"
    )


def test_frozen_scanner(check, harbor: Simulator) -> None:
    harbor.delay("/api/v2.0/scanners/", 5)
    assert check("scanner", "-t", "1", login=True) == [
        f"HARBOR SCANNER CRITICAL - Harbor cannot use {TRIVY} (no answer in time)" + perfdata(),
        REACH,
        "exit code 2",
    ]


def test_unexpected_answer(check, harbor: Simulator) -> None:
    path = "/api/v2.0/scanners/5a164735-e63c-11f1-b8b1-9af1e4b751b9/metadata"
    key = "harbor.scanner-adapter/vulnerability-database-updated-at"
    harbor.answer(path, body={"properties": {key: "lately"}})
    first, *_ = check("scanner", login=True)
    assert first.startswith("HARBOR SCANNER UNKNOWN - unexpected answer to GET /api/v2.0/scanners/ID/metadata")
    harbor.answer(path, body={"properties": {key: ""}})  # as an adapter for which there is no database
    assert check("scanner", login=True)[-1] == "exit code 0"


def test_trivy_explains_it(check, harbor: Simulator) -> None:
    harbor.switch("trivy-down")
    assert check("scanner", login=True)[0].startswith(f"HARBOR SCANNER CRITICAL - Harbor cannot use {TRIVY} (500)")
    first, *_ = check("scanner", "--isolate", login=True)
    assert first.partition(" | ")[0] == (
        f"HARBOR SCANNER UNKNOWN - Harbor cannot use {TRIVY} (500), Harbor says trivy is unhealthy "
        "(see harbor-component-trivy)"
    )


def test_a_proxy_that_gets_no_answer_of_core_is_no_scanner(ask, harbor: Simulator) -> None:
    harbor.switch(f"status-502@/api/v2.0/scanners/{harbor.content.scanners[0].uuid}")
    text = "\n".join(ask("scanner", "-v"))
    assert "[harbor.error-status]" in text
    assert "scanner.no-answer" not in text
