"""`make bench-fleet`: how many Harbors a real Icinga 2 on this machine can watch, cold and with the preloaded server.

Each Harbor is a host with every shipped service and its real interval. One simulator answers for all of them. Its CPU
is shown, but a real Harbor runs elsewhere. A number of Harbors fits if checks have their result within a second of when
they are due, on average, and none runs out of time. The search for the largest number does not go far beyond what
would fill the cores. Plugins and server run as the Debian package has them, or by another interpreter.

With --outage, all of so many Harbors lose their database at once, and the pages of each are counted.

--write puts the result into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import NamedTuple

import probes
from fleet import Fleet, Load, Outage
from interpreter import described, packaged
from marked import rewrite, table

PAGE = probes.ROOT / "docs" / "performance.md"
FIRST, STEP = 40, 10  # Harbors
BEYOND = 1.2  # many cost less than the first in proportion
CORES = len(os.sched_getaffinity(0))
WITHIN = 1.0  # seconds from when a check is due to its result, on average
SWITCH, OWNER = "database-down", "harbor-component-database"
MODES = {False: "cold", True: "with the preloaded server"}
LOADS = ("Harbors", "run", "checks a minute", "due to result: average, longest", "late",
         "cores in use: engine + checks, simulator")  # fmt: skip
OUTAGES = ("Harbors", "run", "one page and one recovery each", "all paged after", "all services knew after",
           "all recovered after", "all services OK after", "late checks")  # fmt: skip


class How(NamedTuple):
    """How numbers are measured: by which interpreter, and how many seconds pass before and meanwhile."""

    python: str
    settle: float
    seconds: float


def fits(load: Load) -> bool:
    """Whether the machine kept up."""
    return load.average < WITHIN and not load.late


def load_row(load: Load, warm: bool) -> list[str]:
    """A line of the table."""
    own, checks, simulator = load.cpu
    return [
        f"{load.harbors}{'' if fits(load) else ' (too many)'}", MODES[warm], f"{load.per_minute:.0f}",
        f"{load.average:.2f} s, {load.longest:.1f} s", f"{load.late}", f"{own:.2f} + {checks:.2f}, {simulator:.2f}",
    ]  # fmt: skip


def outage_row(outage: Outage, warm: bool) -> list[str]:
    """A line of the table."""
    times = (outage.paged, outage.known, outage.recovered, outage.well)
    seconds = [f"{each:.0f} s" for each in times]
    return [f"{outage.harbors}", MODES[warm], f"{outage.right} of {outage.harbors}", *seconds, f"{outage.late}"]


def measured(harbors: int, warm: bool, how: How) -> Load:
    """The load of so many Harbors, which is printed."""
    with Fleet(harbors, warm, how.python) as fleet:
        time.sleep(how.settle)
        load = fleet.measure(how.seconds)
    print("|", " | ".join(load_row(load, warm)), "|", flush=True)
    return load


def search(warm: bool, how: How) -> list[Load]:
    """Measure one number, then the middle of those that may be the largest; returns the loads by number."""
    loads = [measured(FIRST, warm, how)]
    numbers = [*range(FIRST + STEP, full(loads[0]) + 1, STEP)] if fits(loads[0]) else [*range(STEP, FIRST, STEP)]
    while numbers:
        middle = len(numbers) // 2
        loads.append(measured(numbers[middle], warm, how))
        numbers = numbers[middle + 1 :] if fits(loads[-1]) else numbers[:middle]
    return sorted(loads)


def full(load: Load) -> int:
    """How many Harbors would fill the cores and a bit more, with the simulator."""
    return int(BEYOND * load.harbors * CORES / sum(load.cpu))


def summary(loads: Sequence[Load], warm: bool) -> str:
    """The largest number that fits, and what one costs."""
    fitting = [load for load in loads if fits(load)]
    if not fitting:
        return f"{MODES[warm].capitalize()}, none of these numbers fits."
    own, checks, simulator = (1000 * share / fitting[-1].harbors for share in fitting[-1].cpu)
    return (
        f"{MODES[warm].capitalize()}, {fitting[-1].harbors} Harbors fit. Each takes {own:.1f} ms (engine) + "
        f"{checks:.1f} ms (checks) of CPU a second, and the simulator {simulator:.1f} ms: without that, the "
        f"{CORES} cores would be full with {CORES * 1000 / (own + checks):.0f}."
    )


def fleet_section(numbers: Sequence[int], how: How) -> str:
    """Measure these numbers in both ways, or search; returns the text."""
    rows, lines = [], []
    for warm in MODES:
        loads = [measured(number, warm, how) for number in numbers]
        loads = loads or search(warm, how)
        rows += [load_row(load, warm) for load in loads]
        lines.append(textwrap.fill(summary(loads, warm), 120))
    return "\n".join([table(LOADS, rows), "\n\n".join(lines), ""])


def outage_section(numbers: Sequence[int], python: str) -> tuple[str, bool]:
    """Take down so many Harbors, cold and with the server; returns the text, and whether all went well."""
    rows, well = [], True
    for warm, harbors in zip(MODES, numbers):
        with Fleet(harbors, warm, python) as fleet:
            outage = fleet.outage(SWITCH, OWNER)
        rows.append(outage_row(outage, warm))
        print("|", " | ".join(rows[-1]), "|", flush=True)
        for host, pages in [*outage.surprises.items()][:10]:
            print(f"{host}: {pages}")
        well = well and not outage.surprises
    return table(OUTAGES, rows), well


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harbors", type=int, nargs="+", default=[], help="measure these instead of a search")
    parser.add_argument("--outage", type=int, nargs=2, metavar=("COLD", "PRELOADED"), help="instead: an outage of all")
    parser.add_argument("--python", default=packaged(), help="the interpreter (default here: %(default)s)")
    parser.add_argument("--settle", type=float, default=30, help="seconds before each measurement")
    parser.add_argument("--seconds", type=float, default=60, help="of each measurement")
    parser.add_argument("--write", action="store_true", help="put the result into docs/performance.md")
    args = parser.parse_args()
    os.environ["HARBOR_PRELOADED"] = ""  # cold means: without the server that this machine may have
    load, begun, well = os.getloadavg()[0], time.monotonic(), True
    if args.outage:
        text, well = outage_section(args.outage, args.python)
    else:
        text = fleet_section(args.harbors, How(args.python, args.settle, args.seconds))
    minutes = (time.monotonic() - begun) / 60
    lines = f"{described(args.python)}, {CORES} cores, load {load:.1f} before; it took {minutes:.0f} minutes."
    text += f"\n{textwrap.fill(lines, 120)}\n"
    print(f"\n{text}")
    if args.write:
        name = "outage" if args.outage else "fleet"
        rewrite(PAGE, name, text)
    if not well:
        sys.exit(1)


if __name__ == "__main__":
    main()
