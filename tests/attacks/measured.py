"""A plugin as a process, with the most memory that it had."""

from __future__ import annotations

import subprocess
import sys
import time

from contract.test_endless import MEASURE
from support import runner
from support.runner import Outcome


def measured(name: str, *argv: str, python: str) -> tuple[Outcome, float]:
    """What comes of a run, and MiB; more than a gigabyte it does not get."""
    started = time.monotonic()
    command = [sys.executable, "-c", MEASURE, *runner.command(name, *argv, python=python)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    *err, peak = done.stderr.splitlines()
    return Outcome(done.returncode, done.stdout, "\n".join(err), time.monotonic() - started), int(peak) / 1024
