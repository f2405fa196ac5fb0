"""What the tests of the operational probes share: recorded answers with the clock of their day."""

from __future__ import annotations

from simulator import Simulator
from simulator.replay import DIRECTORY, load

NOW = 1795348800.0  # 2026-11-22 12:00 UTC, for a simulator whose clock stands still
#: The headers of an answer that a probe looks at; with the Date ages are those of the day of the recording.
HEADERS = ("Content-Type", "Date", "Link", "X-Request-Id", "X-Total-Count")


def plant(harbor: Simulator, *names: str) -> None:
    """Let the simulator give these recorded answers, as `a1-healthy/gc.admin`, whatever it is asked besides."""
    for name in names:
        recording = load(DIRECTORY / f"{name}.http")
        answer = recording.answer
        headers = {header: answer.headers[header] for header in HEADERS if header in answer.headers}
        harbor.answer(recording.target.partition("?")[0], answer.status, headers, answer.body)
