"""A blob of any size is pulled in constant memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from registry import large
from registry.lab import Lab
from support import runner

LIMIT = 64 * 1024  # KiB


def peak(process: subprocess.Popen[str]) -> int:
    """The largest resident size so far, in KiB; 0 when the process has ended."""
    match = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    return int(match[1]) if match else 0


@pytest.mark.timeout(180)
def test_two_gibibytes(lab: Lab) -> None:
    large.add(lab)
    options = ["--image", large.NAME, "--max-bytes", "3GiB", "-t", "150", "-w", "149", "-c", "149"]
    command = [sys.executable, str(runner.PLUGINS / "check_harbor_pull.py"), *lab.arguments(*options)]
    highest = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            highest = max(highest, peak(process))
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
        assert process.stdout
        out = process.stdout.read()
    assert out.startswith(f"HARBOR PULL OK - {large.NAME} pulled: manifest and 2 blobs intact | ")
    assert 20_000 < highest < LIMIT
