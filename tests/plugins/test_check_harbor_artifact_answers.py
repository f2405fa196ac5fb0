"""check_harbor_artifact: what Harbor's answer leaves out, says twice, or says in other words."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import Simulator
from support.planted import NOW

IMAGE = "priv/img:1.0"
SCAN = "Next: start its scan in the web UI (the artifact's menu), and run check_harbor_scanner"
PUSHED = {"push_time": "2026-11-01T12:00:00Z"}
REPORT = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"


def test_the_tag_counts_too(ask, harbor: Simulator) -> None:
    """An old image with a new tag counts as pushed with the tag."""
    harbor.content.now = NOW
    push = {"push_time": "2026-11-01T12:00:00.000Z", "size": 1}
    tags = [
        {"name": "1.0", "push_time": "2026-11-22T11:00:00.000Z"},
        {"name": "2", "push_time": "2026-11-22T12:00:00Z"},
    ]
    path = "/api/v2.0/projects/priv/repositories/img/artifacts/1.0"
    date = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    harbor.answer(path, headers={"Content-Type": "application/json", **date}, body={**push, "tags": tags})
    assert ask("artifact", "--artifact", IMAGE)[0].startswith(f"HARBOR ARTIFACT OK - {IMAGE}: pushed 1 h ago, 1 B, not")
    harbor.answer(path, headers={"Content-Type": "application/json", **date}, body={**push, "tags": None})
    assert ask("artifact", "--artifact", IMAGE)[0].startswith(
        f"HARBOR ARTIFACT OK - {IMAGE}: pushed 21 d ago, 1 B, not"
    )


def test_the_worst_is_not_named(ask, harbor: Simulator) -> None:
    """As a scanner's report without a severity becomes in Harbor: only the numbers tell."""
    report = {"scan_status": "Success", "summary": {"total": 3, "summary": {"High": 1, "Low": 2}}}
    harbor.answer("/api/v2.0/projects/priv/repositories/img/artifacts/1.0",
                  body={**PUSHED, "scan_overview": {REPORT: report}})  # fmt: skip
    for severity, state in (
        ("high", f"CRITICAL - {IMAGE}: scan found 1 high, 2 low vulnerabilities"),
        ("critical", f"OK - {IMAGE}: "),
    ):
        assert ask("artifact", "--artifact", IMAGE, "--severity", severity)[0].startswith(f"HARBOR ARTIFACT {state}")


@pytest.mark.parametrize(
    ("report", "lack"),
    [
        ({"scan_status": "Success"}, "not scanned (status Success, but no report)"),
        ({"scan_status": "Success", "complete_percent": 0}, "not scanned (status Success, but no report)"),
        (
            {"scan_status": "Success", "complete_percent": 50, "summary": {"total": 0}},
            "only partly scanned (50% of its parts)",
        ),
    ],
)
def test_a_scan_that_succeeded_without_scanning(ask, harbor: Simulator, report: object, lack: str) -> None:
    harbor.answer("/api/v2.0/projects/priv/repositories/img/artifacts/1.0",
                  body={**PUSHED, "scan_overview": {REPORT: report}})  # fmt: skip
    for options in (("--require", "scan"), ("--severity", "critical")):
        first, *further = ask("artifact", "--artifact", IMAGE, *options)
        assert first.partition(" | ")[0] == f"HARBOR ARTIFACT CRITICAL - {IMAGE}: {lack}"
        assert further == [SCAN, "exit code 2"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, "push_time is missing"),
        ({"push_time": "0001-01-01T00:00:00.000Z"}, "push_time is missing"),
        (
            {**PUSHED, "scan_overview": {REPORT: {"scan_status": "Success", "severity": "Bad", "summary": {}}}},
            "unknown severity bad",
        ),
        (
            {**PUSHED, "scan_overview": {REPORT: {"scan_status": "Success", "summary": {"summary": {"Dire": 1}}}}},
            "unknown severity dire",
        ),
        ({**PUSHED, "scan_overview": {REPORT: "?"}}, "an object is expected"),
    ],
)
def test_unexpected_answer(ask, harbor: Simulator, body: Any, problem: str) -> None:
    harbor.answer("/api/v2.0/projects/priv/repositories/img/artifacts/1.0", body=body)
    lines = ask("artifact", "--artifact", IMAGE, "--severity", "high", "-v")
    line = "unexpected answer to GET /api/v2.0/projects/priv/repositories/img/artifacts/1.0: " + problem
    assert f"UNKNOWN: {line} [harbor.unexpected-answer]" in lines
    assert lines[-1] == "exit code 3"


@pytest.mark.parametrize(
    ("shown", "required", "line"),
    [
        ({}, "signature", "UNKNOWN - cannot check for a signature: this needs Harbor 2.5 or newer"),
        ({}, "sbom", "UNKNOWN - cannot check for a sbom: this needs Harbor 2.5 or newer"),
        ({"accessories": None}, "signature", "CRITICAL - priv/img:1.0: not signed"),
        ({"accessories": []}, "signature", "CRITICAL - priv/img:1.0: not signed"),
        ({"accessories": [{"type": "signature.cosign"}]}, "signature", "OK - priv/img:1.0: pushed "),
    ],
)
def test_signatures_of_old_harbors(ask, harbor: Simulator, shown: dict[str, object], required: str, line: str) -> None:
    body = {"push_time": "2026-11-22T06:00:00Z", "size": 9044, "tags": None, **shown}
    harbor.answer("/api/v2.0/projects/priv/repositories/img/artifacts/1.0", body=body)
    assert ask("artifact", "--artifact", IMAGE, "--require", required)[0].startswith(f"HARBOR ARTIFACT {line}")
