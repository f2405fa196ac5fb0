"""What a check costs with the preloaded server, for docs/performance.md: against check_curl, and against itself.

Plugins and server run as the Debian package has them, or by another interpreter. All take turns in one run against the
same simulated Harbor. A check's CPU is that of the plugin, of the child that the server forks for it, and of the server
itself meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import probes  # isort: split

from harborlib.run import launchers

import simulated
from interpreter import described, packaged

TURNS = 25
GOAL = {"check_curl": 2.0, "cold CPU": 0.2, "cold time": 0.25}
CURL = Path("/usr/lib/nagios/plugins/check_curl")

# Starts a command as an engine does, from a small process, and measures it.
LAUNCHER = """
import os, sys, time
null = os.open(os.devnull, os.O_WRONLY)
begun = time.monotonic()
actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - begun, used.ru_utime + used.ru_stime)
"""

# The server, which also writes down the CPU of each child and its own since the last one.
SERVER = """
import os, sys, time
sys.path.insert(0, sys.argv.pop(1))
from harborlib.run import server
log = open(sys.argv.pop(1), "a", buffering=1)
last = 0.0
def waitpid(process, options):
    global last
    found, status, used = os.wait4(process, options)
    now = time.process_time()
    print(used.ru_utime + used.ru_stime, now - last, file=log)
    last = now
    return found, status
os.waitpid = waitpid
server.main()
"""

TEMPLATE = """\
## With the preloaded server

Each plugin, started by its start script, through the [preloaded server](preloaded.md): against check_curl, which makes
one request with verification, and against itself without the server ("cold"). CPU is that of the plugin, of its forked
child and of the server. A plugin that makes several requests does the work of as many runs of check_curl; certificate
makes two TLS handshakes and no request. Goals: at most {curl:g} times check_curl, {cpu:g} of the CPU and {time:g} of
the time of a cold run.

Measured with {python}.

| plugin | requests | CPU, check_curl = 1 | CPU, cold = 1 | time, cold = 1 | CPU: plugin + child + server | cold here |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Medians of {turns} turns in which they alternate; check_curl took {base:.1f} ms here. The load of the machine was
{before:.1f} before and {after:.1f} after. Over a goal: {over}.
The plugins that make one request, as check_curl does, take {least:.2f} to {most:.2f} times its CPU.
"""


class Served:
    """A preloaded server, with the CPU of its children."""

    def __init__(self, folder: Path, python: str) -> None:
        self.python = python
        self.log = folder / "children"
        self.log.touch()
        (folder / "run").mkdir(mode=0o700)
        self.socket = folder / "run" / "socket"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Wait until it listens, and end it after use."""
        command = [self.python, "-c", SERVER, str(probes.ROOT / "plugins"), str(self.log)]
        with subprocess.Popen([*command, "--socket", str(self.socket)], stderr=subprocess.PIPE, text=True) as process:
            if not process.stderr or "listens on" not in process.stderr.readline():
                sys.exit("the preloaded server does not start")
            yield
            process.terminate()

    def run(self, command: list[str]) -> list[float]:
        """One check: seconds, then the CPU of the plugin, the child and the server."""
        before = self.log.read_text().count("\n")
        figures = run(command, str(self.socket))
        until = time.monotonic() + 5
        while (lines := self.log.read_text().splitlines()[before:]) == []:
            if time.monotonic() > until:
                sys.exit(f"the server has not run {command}")
            time.sleep(0.001)
        return [*figures, *map(float, lines[0].split())]


def run(command: list[str], socket: str = "") -> list[float]:
    """One run: seconds, and seconds of CPU."""
    env = {**os.environ, "HARBOR_PRELOADED": socket}
    launcher = [sys.executable, "-ISc", LAUNCHER, *command]
    code, *figures = subprocess.run(launcher, capture_output=True, text=True, check=True, env=env).stdout.split()
    if code != "0":
        sys.exit(f"ended with {code}, it must succeed to be measured: {command}")
    return [float(figure) for figure in figures]


def medians(turns: list[list[float]]) -> list[float]:
    """The median of each figure."""
    return [statistics.median(figures) for figures in zip(*turns)]


def measure(turns: int, python: str) -> tuple[float, dict[str, tuple[int, list[float], list[float]]]]:
    """check_curl's CPU; the requests of each plugin, and its figures with the server and cold."""
    with tempfile.TemporaryDirectory() as name, simulated.harbor() as harbor:
        os.chdir(name)
        options = simulated.options(harbor, Path(name))
        harbor.answer("/liveness", headers={"Connection": "close"}, body=b"alive")
        request = ["--ssl", "-u", "/liveness", "-D", f"--ca-cert={harbor.ca_file}"]
        curl = [str(CURL), "-H", harbor.host, "-p", str(harbor.port), *request]
        scripts = Path(name) / "bin"  # as the packages have them
        scripts.mkdir()
        launchers.write(scripts, python, str(launchers.MODULES))
        plugins = {
            probes.command(probe): [str(scripts / probes.command(probe)), *options, *probe.example]
            for probe in probes.single()
        }
        asked: dict[str, int] = {}
        for plugin, command in plugins.items():
            harbor.requests.clear()
            if succeeds(command):
                asked[plugin] = len(harbor.requests)
        plugins = {name: plugins[name] for name in asked}
        base: list[list[float]] = []
        warm: dict[str, list[list[float]]] = {name: [] for name in plugins}
        cold: dict[str, list[list[float]]] = {name: [] for name in plugins}
        served = Served(Path(name), python)
        with served.running():
            for command in plugins.values():
                served.run(command)
            for _ in range(turns):
                base.append(run(curl))
                for plugin, command in plugins.items():
                    warm[plugin].append(served.run(command))
                    cold[plugin].append(run(command))
        os.chdir("/")
    return medians(base)[1], {name: (asked[name], medians(warm[name]), medians(cold[name])) for name in plugins}


def succeeds(command: list[str]) -> bool:
    """Whether the simulated Harbor has what this plugin needs."""
    env = {**os.environ, "HARBOR_PRELOADED": ""}
    return not subprocess.run(command, capture_output=True, check=False, env=env).returncode


def section(turns: int, python: str) -> tuple[str, str]:
    """The section, measured now, and its result in a line."""
    if not CURL.exists():
        return "## With the preloaded server\n\nNot measured: check_curl is not installed.\n", "check_curl is missing"
    before = os.getloadavg()[0]
    base, plugins = measure(turns, python)
    rows, ratios = [], []
    for name, (requests, warm, cold) in plugins.items():
        seconds, *shares = warm
        ratios.append((sum(shares) / base, sum(shares) / cold[1], seconds / cold[0]))
        here = " + ".join(f"{share * 1000:.1f}" for share in shares)
        figures = " | ".join(f"{each:.2f}" for each in ratios[-1])
        rows.append(f"| `{name}` | {requests} | {figures} | {here} ms | {cold[1] * 1000:.0f} ms |")
    worst = [max(column) for column in zip(*ratios)]
    over = [f"{what} {found:.2f}" for (what, goal), found in zip(GOAL.items(), worst) if found > goal]
    curl, cpu, seconds = GOAL.values()
    one = [ratio[0] for ratio, (requests, *_) in zip(ratios, plugins.values()) if requests == 1]
    text = TEMPLATE.format(
        python=described(python), rows="\n".join(rows), turns=turns, base=base * 1000, before=before,
        after=os.getloadavg()[0], over=", ".join(over) or "nothing", curl=curl, cpu=cpu, time=seconds,
        least=min(one), most=max(one),
    )  # fmt: skip
    return text, f"worst preloaded/check_curl CPU ratio: {worst[0]:.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=TURNS)
    parser.add_argument("--python", default=packaged(), help="the interpreter (default here: %(default)s)")
    args = parser.parse_args()
    print(*section(args.runs, args.python), sep="\n")
