"""`make try` against a Harbor of one's own."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harbor_simulator import Simulator

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "try.py"


def test_a_probe_that_lacks_an_account_does_not_end_the_run() -> None:
    sys.path.insert(0, str(SCRIPT.parent))
    shown = importlib.import_module("try")
    [probe] = [probe for probe in shown.probes.single() if probe.name == "gc"]
    assert shown.show(probe, [], ["-H", "https://harbor.invalid"], None) == shown.NO_LOGIN


@pytest.mark.parametrize("login", ["file", "environment"])
def test_plain_http(authfile: str, login: str) -> None:
    """What can run does, and one line says what http means."""
    options = ["--authfile", authfile] if login == "file" else []
    secrets = {"HARBOR_USERNAME": "x", "HARBOR_PASSWORD": "y"} if login == "environment" else {}
    with Simulator(scheme="http") as harbor:
        command = [sys.executable, str(SCRIPT), "--url", harbor.url, *options]
        run = subprocess.run(
            command, check=False, stdout=subprocess.PIPE, text=True, timeout=120, env={**os.environ, **secrets}
        )
    lines = run.stdout.splitlines()
    told = "Over http no password is sent: what needs an account is not run, nor is check_harbor_certificate."
    assert lines[0] == f"{told} If Harbor has https, use that."
    assert lines.index(f"Against {harbor.url}: all at once") < lines.index(f"Against {harbor.url}: one by one")
    ran = {line.split()[1] for line in lines if line.startswith("$ ")}
    assert ran == {f"check_harbor_{name}" for name in ("component", "health", "portal", "signin", "triage", "v2")}
    assert "usage" not in run.stdout
    assert lines.count("exit code 0 (OK)") == len(ran)
    assert run.returncode == 0


@pytest.mark.parametrize("option", ["--authfile", "--ca-file"])
def test_a_file_that_is_not_there_is_named_before_the_first_probe(option: str) -> None:
    command = [sys.executable, str(SCRIPT), "--url", "https://harbor.invalid", option, "/nowhere"]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    name = option.strip("-").upper().replace("-", "_")
    assert (run.stdout, run.stderr, run.returncode) == ("", f"{name}: no such file: /nowhere\n", 1)


def test_the_canary_robot_logs_in_where_its_service_does() -> None:
    """The monitoring robot only reads: it is not shown with check_harbor_push."""
    sys.path.insert(0, str(SCRIPT.parent))
    shown = importlib.import_module("try")
    canary = {probe.name for probe in shown.probes.single() if shown.uses_canary(probe)}
    assert canary == {"login", "pull", "push"}
