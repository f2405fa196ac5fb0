"""Many checks at once while the preloaded server is killed, and many after one another."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from . import runner
from .preloaded import Server
from .runner import Outcome

LIMIT = 60  # seconds for each check: on two cores, hundreds that start at once take turns
SLOW = ("-w", str(LIMIT), "-c", str(LIMIT))
NOWHERE = ("-H", "https://127.0.0.1:1")
ASKED: Sequence[tuple[str, Sequence[str]]] = (
    ("check_harbor_health", SLOW),
    ("check_harbor_gc", ()),
    ("check_harbor_v2", SLOW),
    ("check_harbor_health", NOWHERE),  # the last -H counts
)
AT_ONCE = 8


class Storm:
    """Checks of one Harbor, `argv` says which, and what each answers when nothing else is going on."""

    def __init__(self, python: str, argv: Sequence[str]) -> None:
        self.python = python
        self.argv = [*argv, "-t", str(LIMIT)]
        self.calm = [answer(self.run(number)) for number in range(len(ASKED))]

    def run(self, number: int) -> Outcome:
        """The check of this number, as a process."""
        name, further = ASKED[number % len(ASKED)]
        return runner.process(name, *self.argv, *further, python=self.python, timeout=LIMIT + 30)

    def strike(self, server: Server, checks: int) -> tuple[float, int, list[str]]:
        """Start all checks at once, and kill the server when a quarter has answered.

        Returns the seconds of the slowest check, how many children the server had, and what was wrong.
        """
        with ThreadPoolExecutor(checks) as pool:
            running = [pool.submit(self.run, number) for number in range(checks)]
            wait_until(lambda: sum(check.done() for check in running) >= checks // 4)
            children = len(server.children())
            server.process.kill()
            outcomes = [check.result() for check in running]
        return max(outcome.seconds for outcome in outcomes), children, list(self.wrong(outcomes))

    def many(self, checks: int) -> list[str]:
        """Run checks a few at a time; returns what was wrong."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(self.wrong(list(pool.map(self.run, range(checks)))))

    def wrong(self, outcomes: Sequence[Outcome]) -> Iterator[str]:
        """Each answer that is not the calm one, or late."""
        for number, outcome in enumerate(outcomes):
            if answer(outcome) != self.calm[number % len(ASKED)] or outcome.seconds > LIMIT:
                yield f"after {outcome.seconds:.1f} s: {outcome}"


def answer(outcome: Outcome) -> tuple[int, str, str]:
    """What must be the same each time."""
    return outcome.code, outcome.err, re.sub(r"\d+", "0", outcome.first)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that the checks do."""
    until = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
