"""check_harbor_triage on a Harbor with a real registry: for each trouble on the way of the data the whole output."""

from __future__ import annotations

import re
from pathlib import Path

from harborlib.text.report import Report

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET
from registry import daemon
from registry.lab import IMAGE, REPOSITORY, Lab
from registry.scenarios import DATA_PATH, Trouble
from registry.troubles import trouble
from support.verdicts import book, in_book, lines, places, triaged

VERDICTS = book(__file__)
VARIABLE = (
    (r"127\.0\.0\.1:\d+|localhost:\d+", "harbor.example.com"),
    (r"sha256:[0-9a-f]{12}", "sha256:DIGEST"),
    (r"sha256/\S+", "sha256/DIGEST"),
)


def told(lab: Lab, seconds: float) -> tuple[list[str], Report]:
    """What is said of this Harbor with the logins of both robots."""
    known = lab.harbor.content.artifacts
    known[REPOSITORY, "1.0"] = known["priv/img", "1.0"]
    common = ["-H", lab.url or lab.harbor.url, "--ca-file", lab.harbor.ca_file]
    logins = ["--authfile", lab.login_as(MONITOR, MONITOR_SECRET), "--canary-authfile", lab.authfile]
    outcome, report = triaged(*common, *logins, "--image", IMAGE, "--push-project", "priv", "-t", str(seconds))
    text = "\n".join(lines(outcome, lab.harbor))
    for pattern, instead in VARIABLE:
        text = re.sub(pattern, instead, text)
    return in_book(text.splitlines()), report


IN_BOOK = [scenario for scenario in DATA_PATH if "database-slow" not in scenario.switches]  # how many follow varies


@pytest.mark.parametrize("scenario", IN_BOOK, ids=lambda scenario: scenario.title)
def test_verdict(scenario: Trouble, tmp_path: Path) -> None:
    daemon.needed()
    with trouble(scenario, tmp_path) as lab:
        verdict, report = told(lab, scenario.seconds)
    assert verdict == VERDICTS[scenario.title]
    assert places(report) <= scenario.broken
