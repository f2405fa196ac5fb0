"""What check_harbor_triage costs compared with the same probes as processes: a section of docs/performance.md.

Both query the same healthy simulated Harbor, and take turns; the figures are medians.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

import probes  # isort: split

from harborlib.judge import isolation

import simulated
from bench_pull import Run, run

TURNS = 7
WALL_LIMIT = 2.5  # times the duration of the slowest process
CPU_LIMIT = 1 / 3  # of the total of the processes

TEMPLATE = """\
## All probes at once

`check_harbor_triage` runs the {count} probes that a login alone allows side by side in one process, against the same
ones as processes. It has to take at most {wall_limit:g} times as long as the slowest of these, and less than a third of
their CPU, or `make bench` fails.

| all probes | time | CPU | time here | CPU here |
| --- | ---: | ---: | ---: | ---: |
| `check_harbor_triage` | {wall:.2f} | {cpu:.2f} | {own[0]:.2f} s | {own[1]:.2f} s |
| {count} processes: the slowest one's time, the CPU of all | 1.00 | 1.00 | {slowest:.2f} s | {together:.2f} s |

Medians of {turns} turns in which they alternate.
"""


def commands(options: list[str]) -> list[list[str]]:
    """What an engine would run instead: check_harbor_component once per component, no probe that needs a name."""
    found = []
    for probe in probes.single():
        if probe.name == "component":
            found += [[probe.name, "--component", component] for component in isolation.COMPONENTS]
        elif not probe.example:
            found.append([probe.name])
    return [[sys.executable, probes.file(name), *options, *further] for name, *further in found]


def medians(runs: list[Run]) -> list[float]:
    """Seconds, seconds of CPU, MiB."""
    return [statistics.median(figures) for figures in zip(*runs)]


def section() -> tuple[str, str]:
    """The section, measured now, and the limit that is exceeded, if any."""
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        options = simulated.options(harbor, Path(folder))
        os.chdir(folder)
        triage = [sys.executable, probes.file("triage"), *options]
        others = commands(options)
        turns = [(run(triage), [run(command) for command in others]) for _ in range(TURNS)]
        os.chdir("/")
    own = medians([mine for mine, _ in turns])
    each = [medians(list(runs)) for runs in zip(*(theirs for _, theirs in turns))]
    slowest, together = max(seconds for seconds, *_ in each), sum(cpu for _, cpu, _ in each)
    wall, cpu = own[0] / slowest, own[1] / together
    over = f"check_harbor_triage took {wall:.2f} times as long as the slowest probe, and {cpu:.2f} of their CPU"
    text = TEMPLATE.format(
        count=len(each), wall_limit=WALL_LIMIT, wall=wall, cpu=cpu, own=own, slowest=slowest, together=together,
        turns=TURNS,
    )  # fmt: skip
    return text, over if wall > WALL_LIMIT or cpu > CPU_LIMIT else ""


if __name__ == "__main__":
    print(*section(), sep="\n")
