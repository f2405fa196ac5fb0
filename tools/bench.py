"""`make bench`: what one run of each plugin costs, written to docs/performance.md.

Each plugin asks a simulated Harbor over HTTPS. Its floor is the same interpreter importing the libraries
that the plugin loads, and nothing else. All subjects take turns, so that whatever else the machine does
falls on all of them; the figures are medians, and the ratios compare medians of one session.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import bench_preloaded
import bench_pull
import bench_triage
import probes
import simulated
from interpreter import LIBRARIES, described, packaged

LIMIT = 1.5
REFERENCE = "check_harbor_health"
DISTRIBUTION_PLUGINS = Path("/usr/lib/nagios/plugins")
PAGE = probes.ROOT / "docs" / "performance.md"
#: `make storm` and `make bench-fleet` write their own parts of it.
KEPT = re.compile(r"^## Many Harbors\n.*?(?=^Where no other is named)", re.MULTILINE | re.DOTALL)

# A process starts with the resident size of its parent, so a small process starts each plugin: otherwise every figure
# would be at least the size of the simulator.
LAUNCHER = """
import os, sys
null = os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

TEMPLATE = """\
# What a run costs

A monitoring host runs these plugins thousands of times an hour, so the price of one run is what counts:
CPU (user and system) and peak resident memory of the whole process, which asks a simulated Harbor over HTTPS.

The **floor** of a plugin is the same interpreter importing the libraries that the plugin loads, and
nothing else. A plugin can come close to it in CPU although it does more, because it leaves without taking
the interpreter apart. About a tenth of the CPU pays for the guard, a small parent process that answers even if the
probe cannot. Each plugin has to stay within {limit} times its floor in CPU, or `make bench` fails. The certificate
probe alone needs much more: it shakes hands through two TLS libraries, `ssl` for the verdict and pyOpenSSL for the
chain, and two bare handshakes cost 7 MiB by themselves. Ratios compare medians of {runs} turns of one session, in which
all subjects alternate; the absolute figures depend on the machine, the ratios a little.

{plugins}

Against plugins of other projects. check_http and check_curl (monitoring-plugins) are compiled, and check_http
verifies no certificate; check_patroni stands on nagiosplugin and requests as these plugins do.

{foreign}

{pull}
{triage}
{preloaded}
{kept}Where no other is named: measured with {python}, on {cores} cores.
Again on your machine:

    make bench

which measures whatever of the other plugins is installed and writes this page again.
"""


@dataclass
class Subject:
    """A command and the cost of its runs: seconds of CPU (user and system) and KiB of peak resident memory."""

    name: str
    command: list[str]
    cpu: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)

    def run(self) -> None:
        """Run it once, and record the cost."""
        output = subprocess.run(
            [sys.executable, "-ISc", LAUNCHER, *self.command], capture_output=True, text=True, check=True
        )
        code, cpu, memory = output.stdout.split()
        if code != "0":
            sys.exit(f"{self.name} ended with {code}, it must succeed to be measured: {self.command}")
        self.cpu.append(float(cpu))
        self.memory.append(int(memory))

    def ratios(self, base: Subject) -> tuple[float, float]:
        """CPU and memory as multiples of the base's."""
        cpu = statistics.median(self.cpu) / statistics.median(base.cpu)
        return cpu, statistics.median(self.memory) / statistics.median(base.memory)

    def row(self, base: Subject) -> str:
        """A line of the table: first the ratios, which also hold elsewhere, then this machine's figures."""
        cpu, memory = self.ratios(base)
        here = f"{statistics.median(self.cpu) * 1000:.0f} ms | {statistics.median(self.memory) / 1024:.1f} MiB"
        return f"| `{self.name}` | {cpu:.2f} | {memory:.2f} | {here} |"


def loaded(command: list[str]) -> list[str]:
    """The libraries that this plugin loads in this run."""
    python, *arguments = command
    trace = subprocess.run([python, "-X", "importtime", *arguments], capture_output=True, text=True, check=True)
    modules = {line.rpartition("|")[2].strip() for line in trace.stderr.splitlines()}
    return [library for library in LIBRARIES if library in modules]


def others(harbor: simulated.Simulator) -> list[Subject]:
    """Plugins of other projects, if they work here; each requests one small page over HTTPS."""
    path = "/liveness"  # the path that check_patroni requests
    harbor.answer(path, headers={"Connection": "close"}, body=b"alive")
    page = ["-H", harbor.host, "-p", str(harbor.port), "--ssl", "-u", path]
    patroni = Path(sys.executable).with_name("check_patroni")
    subjects = [
        Subject("check_http", [str(DISTRIBUTION_PLUGINS / "check_http"), *page]),
        Subject(
            "check_curl",
            [str(DISTRIBUTION_PLUGINS / "check_curl"), *page, "-D", f"--ca-cert={harbor.ca_file}"],
        ),
        Subject("check_patroni", [str(patroni), "-e", harbor.url, "--ca_file", harbor.ca_file, "node_is_alive"]),
    ]
    return [subject for subject in subjects if works(subject)]


def works(subject: Subject) -> bool:
    """Whether this command is installed with its dependencies and succeeds; reports it if not."""
    found = shutil.which(subject.command[0])
    succeeds = found and not subprocess.run(subject.command, capture_output=True, check=False).returncode
    if not succeeds:
        print(f"Left out: {subject.name} is not installed or does not succeed")
    return bool(succeeds)


def measure(runs: int) -> tuple[dict[str, list[Subject]], list[Subject]]:
    """The plugins under each baseline (which comes first), and the others, after this many turns of each."""
    groups: dict[str, list[Subject]] = {}
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        os.chdir(folder)
        common = simulated.options(harbor, Path(folder))
        for probe in probes.single():
            command = [sys.executable, probes.file(probe.name), *common, *probe.example]
            plugin = Subject(probes.command(probe), command)
            if not works(plugin):
                continue
            floor = "import " + ", ".join(loaded(plugin.command))
            groups.setdefault(floor, [Subject(floor, [sys.executable, "-c", floor])]).append(plugin)
        foreign = others(harbor)
        for turn in range(runs):
            if sys.stdout.isatty():
                print(f"\rturn {turn + 1} of {runs} ", end="", flush=True)
            for subject in [*itertools.chain(*groups.values()), *foreign]:
                subject.run()
    return groups, foreign


def page(groups: dict[str, list[Subject]], foreign: list[Subject], runs: int, triage: str, preloaded: str) -> str:
    """docs/performance.md."""
    plugins = [plugin.row(floor) for floor, *rest in groups.values() for plugin in rest]
    floors = [floor.row(floor) for floor, *_ in groups.values()]
    health = next(plugin for group in groups.values() for plugin in group if plugin.name == REFERENCE)
    head = "CPU | memory | CPU here | memory here |\n| --- | ---: | ---: | ---: | ---: |"
    return TEMPLATE.format(
        limit=LIMIT,
        runs=runs,
        python=described(sys.executable),
        cores=os.cpu_count(),
        plugins="\n".join([f"| plugin, against its floor | {head}", *plugins, *floors]),
        pull=bench_pull.section(),
        triage=triage,
        preloaded=preloaded,
        kept="".join(KEPT.findall(PAGE.read_text())),
        foreign="\n".join([f"| against {REFERENCE} | {head}", *(other.row(health) for other in [health, *foreign])]),
    )


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(probes.ROOT / "plugins", quiet=1)
    groups, foreign = measure(runs)
    triage, slow = bench_triage.section()
    preloaded, worst = bench_preloaded.section(runs, packaged())
    text = page(groups, foreign, runs, triage, preloaded)
    PAGE.write_text(text)
    print(f"\n{text}")
    over = [plugin.name for floor, *rest in groups.values() for plugin in rest if plugin.ratios(floor)[0] > LIMIT]
    dear = f"Over {LIMIT} times the floor: {', '.join(over)}" if over else ""
    print(*filter(None, (dear, slow, worst)), sep="\n")
    if dear or slow:
        sys.exit(1)


if __name__ == "__main__":
    main()
