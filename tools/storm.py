"""`make storm`: storms of checks in which the preloaded server is killed, then many checks after one another.

Every check must answer rightly and in time. The server must keep its memory and its descriptors, and leave no zombie.
Plugins and server run as the Debian package has them, or by another interpreter. --write puts the result into
docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import probes
import simulated
from interpreter import described, packaged
from marked import rewrite
from support import preloaded
from support.storm import AT_ONCE, LIMIT, Storm

PAGE = probes.ROOT / "docs" / "performance.md"
STEP = 1000  # checks between two looks at the server


def storms(storm: Storm, rounds: int, checks: int) -> tuple[str, list[str]]:
    """So many storms of so many checks; returns a summary, and what was wrong."""
    slowest, fewest, wrong, begun = 0.0, checks, [], time.monotonic()
    for number in range(rounds):
        with preloaded.running(storm.python) as server:
            seconds, children, found = storm.strike(server, checks)
        slowest, fewest = max(slowest, seconds), min(fewest, children)
        wrong += found
        print(f"storm {number + 1} of {rounds}: {seconds:.1f} s, {children} children, {len(found)} wrong", flush=True)
    return (
        f"{rounds} storms of {checks} checks in {minutes(begun)}: {len(wrong)} wrong or late, the slowest check took "
        f"{slowest:.1f} s (limit {LIMIT} s), the server had at least {fewest} children when it was killed."
    ), wrong


def many(storm: Storm, checks: int) -> tuple[str, list[str]]:
    """So many checks after one another; returns a summary, which says what the server has, and what was wrong."""
    with preloaded.running(storm.python) as server:
        wrong, begun = storm.many(100), time.monotonic()
        server.wait_until_idle()
        before = kept(server)
        for done in range(0, checks, STEP):
            print(f"{done} checks: {kept(server)}", flush=True)
            wrong += storm.many(min(STEP, checks - done))
            server.wait_until_idle()
        return (
            f"{checks} checks, {AT_ONCE} at a time, in {minutes(begun)}: {len(wrong)} wrong or late. The server had "
            f"{before} after the first 100, {kept(server)} and {len(server.children())} children in the end."
        ), wrong


def kept(server: preloaded.Server) -> str:
    """What must not grow."""
    return f"{server.memory()} KiB and {server.descriptors()} descriptors"


def minutes(begun: float) -> str:
    """The time since then."""
    return f"{(time.monotonic() - begun) / 60:.1f} minutes"


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="storms (default %(default)s)")
    parser.add_argument("--checks", type=int, default=200, help="checks in each (default %(default)s)")
    parser.add_argument("--many", type=int, default=10000, help="checks after one another (default %(default)s)")
    parser.add_argument("--python", default=packaged(), help="the interpreter (default here: %(default)s)")
    parser.add_argument("--write", action="store_true", help="put the result into docs/performance.md")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        argv = simulated.options(harbor, Path(folder))
        argv = [str(Path(folder) / word) if word in ("ca.pem", "authfile") else word for word in argv]
        storm = Storm(args.python, argv)
        (struck, wrong), (lasted, further) = storms(storm, args.rounds, args.checks), many(storm, args.many)
    lines = (struck, lasted, f"{described(args.python)}. The load of the machine was {load:.1f} before.")
    text = "\n\n".join(textwrap.fill(line, 120) for line in lines)
    print(f"\n{text}", *[*wrong, *further][:10], sep="\n")
    if args.write:
        rewrite(PAGE, "storm", text)
    if wrong or further:
        sys.exit(1)


if __name__ == "__main__":
    main()
