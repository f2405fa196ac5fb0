"""What the tests of the operational probes share: recorded answers with the clock of their day."""

from __future__ import annotations

import json
import subprocess
import sys

from harbor_simulator import Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Execution, Job
from support.replay import DIRECTORY, load

NOW = 1795348800.0  # 2026-11-22 12:00 UTC, for a simulator with a fixed clock
#: The headers of an answer that a probe looks at; with the Date ages are those of the day of the recording.
HEADERS = ("Content-Type", "Date", "Link", "X-Request-Id", "X-Total-Count")


def job(status: str, ago: float = 8 * HOUR) -> Job:
    """A nightly job with one execution, `ago` seconds old."""
    return Job([Execution(9, status, NOW - ago)], "0 0 4 * * *", NOW - 30 * DAY)


def plant(harbor: Simulator, *names: str) -> None:
    """Let the simulator give these recorded answers, as `a1-healthy/gc.admin`, whatever it is asked besides.

    Some were recorded with a small page: what that shows is here all there is.
    """
    for name in names:
        recording = load(DIRECTORY / f"{name}.http")
        answer = recording.answer
        headers = {header: answer.headers[header] for header in HEADERS if header in answer.headers}
        if "page_size" in recording.target:
            headers.pop("Link", None)
            headers["X-Total-Count"] = str(len(json.loads(answer.body)))
        harbor.answer(recording.target.partition("?")[0], answer.status, headers, answer.body)


def peak(command: list[str]) -> tuple[str, int]:
    """What a command prints, and the most memory that it had, in bytes."""
    done = subprocess.run([sys.executable, "-ISc", LAUNCHER, *command], capture_output=True, text=True, check=True)
    return done.stdout, int(done.stderr) * 1024


#: A process starts with the resident size of the one that started it, so a small one stands in between.
LAUNCHER = """
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
sys.stderr.write(str(used.ru_maxrss))
"""
