"""`make storm`: storms of checks in which the preloaded server is killed, then many checks after one another.

Every check must answer rightly and in time. The server must keep its memory and its descriptors, and leave no zombie.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import probes  # noqa: F401 - makes the test helpers importable
import simulated
from support import preloaded
from support.storm import LIMIT, Storm

STEP = 1000  # checks between two looks at the server


def storms(storm: Storm, rounds: int, checks: int) -> list[str]:
    """So many storms of so many checks; prints a summary, and returns what was wrong."""
    slowest, fewest, wrong, begun = 0.0, checks, [], time.monotonic()
    for number in range(rounds):
        with preloaded.running(sys.executable) as server:
            seconds, children, found = storm.strike(server, checks)
        slowest, fewest = max(slowest, seconds), min(fewest, children)
        wrong += found
        print(f"storm {number + 1} of {rounds}: {seconds:.1f} s, {children} children, {len(found)} wrong", flush=True)
    print(
        f"{rounds} storms of {checks} checks in {time.monotonic() - begun:.0f} s: {len(wrong)} wrong or late, slowest "
        f"check {slowest:.1f} s (limit {LIMIT} s), at least {fewest} children when the server was killed"
    )
    return wrong


def many(storm: Storm, checks: int) -> list[str]:
    """So many checks after one another; prints what the server has, and returns what was wrong."""
    with preloaded.running(sys.executable) as server:
        wrong, begun = storm.many(100), time.monotonic()
        for done in range(0, checks, STEP):
            server.wait_until_idle()
            print(f"{done} checks: {server.memory()} KiB, {server.descriptors()} descriptors", flush=True)
            wrong += storm.many(min(STEP, checks - done))
        server.wait_until_idle()
        print(
            f"{checks} checks in {time.monotonic() - begun:.0f} s: {len(wrong)} wrong or late; afterwards "
            f"{server.memory()} KiB, {server.descriptors()} descriptors, {len(server.children())} children"
        )
    return wrong


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="storms (default %(default)s)")
    parser.add_argument("--checks", type=int, default=200, help="checks in each (default %(default)s)")
    parser.add_argument("--many", type=int, default=10000, help="checks after one another (default %(default)s)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        argv = simulated.options(harbor, Path(folder))
        argv = [str(Path(folder) / word) if word in ("ca.pem", "authfile") else word for word in argv]
        storm = Storm(sys.executable, argv)
        wrong = [*storms(storm, args.rounds, args.checks), *many(storm, args.many)]
    print(*wrong[:10], sep="\n")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
