"""`make bench-fleet`: how many Harbors a real Icinga 2 on this machine can watch, cold and with the preloaded server.

Each Harbor is a host with every shipped service and its real interval. One simulator answers for all of them. Its CPU
is shown, but a real Harbor runs elsewhere. A number of Harbors fits if the average check latency stays below a second
and no check runs out of time. The last lines say what a Harbor costs, and so how many would fill the cores.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import probes  # isort: split

from harborlib.run import launchers

from engines import watched
from engines.icinga import Icinga
from support import preloaded

TICKS = os.sysconf("SC_CLK_TCK")
LATENCY = 1.0  # seconds, on average
TIMEOUT = 15  # seconds for each check, as shipped
LATE = ("timed out", "terminated", "stuck")
HEAD = "| Harbors | checks a minute | latency: average, maximum | late | CPU of a core: engine + checks, simulator |"


class Spent(NamedTuple):
    """Seconds of CPU: of the engine, of the checks that it and the preloaded server have started, of the simulator."""

    engine: float
    checks: float
    simulator: float


def times(process: int) -> tuple[float, float]:
    """The CPU of a process, and of the children that it has waited for."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    user, system, children_user, children_system = map(int, words[11:15])
    return (user + system) / TICKS, (children_user + children_system) / TICKS


def engine_processes(folder: Path) -> Iterator[int]:
    """The processes of the daemon that runs in this folder."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = command.read_bytes().split(b"\0")
            if words[0].endswith(b"icinga2") and f"-DConfigDir={folder / '.'}".encode() in words:
                yield int(command.parent.name)


def spent(folder: Path, server: preloaded.Server | None) -> Spent:
    """What was spent so far."""
    found = [times(process) for process in engine_processes(folder)]
    checks = sum(children for _, children in found) + (sum(times(server.process.pid)) if server else 0)
    return Spent(sum(own for own, _ in found), checks, time.process_time())


def late(engine: Icinga) -> int:
    """How many services have a last result that says that time ran out."""
    results = [entry["attrs"]["last_check_result"] or {} for entry in engine._get("objects/services", ATTRIBUTES)]
    return sum(any(word in result.get("output", "") for word in LATE) for result in results)


ATTRIBUTES = {"attrs": ["last_check_result"]}


def status(engine: Icinga) -> dict[str, Any]:
    """The engine's own figures."""
    found: dict[str, Any] = engine._get("status/CIB", {})[0]["status"]
    return found


def measure(harbors: int, warm: bool, settle: float, seconds: float) -> tuple[bool, float, float]:
    """Print a row; returns whether they fit, and the CPU of the engine and of the checks for each Harbor."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(preloaded.running(sys.executable)) if warm else None
        simulator = stack.enter_context(watched.simulated())
        plugins = folder / "plugins"
        plugins.mkdir()
        launchers.write(plugins, sys.executable, str(probes.ROOT / "plugins"))
        logins = watched.authfiles(folder)
        hosts = [watched.host(f"harbor{number}", simulator, logins, TIMEOUT) for number in range(harbors)]
        home = folder / "engine"
        engine = Icinga(home, plugins, hosts, active=True)
        engine.names.prefix = []  # no mount namespace, in which the server would not be used
        stack.enter_context(engine)
        time.sleep(settle)
        before, begun = spent(home, server), time.monotonic()
        time.sleep(seconds)
        after, took = spent(home, server), time.monotonic() - begun
        own, checks, simulated = ((end - start) / took for start, end in zip(before, after))
        found, missed = status(engine), late(engine)
    fits = found["avg_latency"] < LATENCY and not missed
    print(
        f"| {harbors}{'' if fits else ' (too many)'} | {found['active_service_checks_1min']:.0f} "
        f"| {found['avg_latency']:.2f} s, {found['max_latency']:.2f} s | {missed} "
        f"| {own:.2f} + {checks:.2f}, {simulated:.2f} |",
        flush=True,
    )
    return fits, own / harbors, checks / harbors


def main() -> None:
    """Measure ascending numbers of Harbors in both ways, each until it is too many."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--harbors", type=int, nargs="+", default=[25, 50, 100, 150, 200])
    parser.add_argument(
        "--settle", type=float, default=90, metavar="SECONDS", help="before it: each is checked at first"
    )
    parser.add_argument("--seconds", type=float, default=120, help="of each measurement (default %(default)s)")
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    for warm in (False, True):
        print(f"\n{'With the preloaded server' if warm else 'Cold'}, load {os.getloadavg()[0]:.1f}\n\n{HEAD}")
        print("| ---: | ---: | ---: | ---: | ---: |")
        for harbors in args.harbors:
            fits, engine, checks = measure(harbors, warm, args.settle, args.seconds)
            if not fits:
                break
        print(f"\nA Harbor: {engine * 1000:.1f} + {checks * 1000:.1f} ms of CPU a second; {cores} cores are full with ",
              f"{cores / (engine + checks):.0f}", sep="")  # fmt: skip


if __name__ == "__main__":
    main()
