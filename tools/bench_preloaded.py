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
from dataclasses import dataclass, field
from pathlib import Path

import probes  # isort: split

from harborlib.run import launchers

import simulated
from interpreter import described, packaged

TURNS = 25
GOAL = {"check_curl": 2.0, "cold CPU": 0.2, "cold time": 0.25}
CURL = Path("/usr/lib/nagios/plugins/check_curl")
SENT = ("Authorization", "Accept", "Content-Type")  # of a plugin's headers, what an answer depends on

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
the same requests with verification, and against itself without the server ("cold"). CPU is that of the plugin, of its
forked child and of the server. check_curl makes one request in a run, so it runs once for each; certificate, which
makes two TLS handshakes and no request, is compared with one run of check_curl -C. Goals: at most {curl:g} times
check_curl, {cpu:g} of the CPU and {time:g} of the time of a cold run.

Measured with {python}.

| plugin | runs of check_curl | CPU, check_curl = 1 | one run of it = 1 | CPU, cold = 1 | time, cold = 1 | \
CPU: plugin + child + server | cold here |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Medians of {turns} turns in which they alternate; a run of check_curl took {base:.1f} ms here. The load of the machine
was {before:.1f} before and {after:.1f} after. Over a goal: {over}. {within} of {number} plugins are within the first
goal; no plugin takes more than {dearest:.2f} times the CPU of one run of check_curl.
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
            try:
                if not process.stderr or "listens on" not in process.stderr.readline():
                    sys.exit("the preloaded server does not start")
                yield
            finally:
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


@dataclass
class Subject:
    """A plugin, runs of check_curl that make its requests, and the figures of each turn."""

    command: list[str]
    curls: list[list[str]]
    curl: list[list[float]] = field(default_factory=list)
    warm: list[list[float]] = field(default_factory=list)
    cold: list[list[float]] = field(default_factory=list)

    def turn(self, served: Served) -> None:
        """One run of each."""
        self.curl.append([sum(figures) for figures in zip(*map(run, self.curls))])
        self.warm.append(served.run(self.command))
        self.cold.append(run(self.command))

    def ratios(self) -> list[float]:
        """CPU against check_curl, against one run of it, and against the cold run; time against the cold run."""
        seconds, *shares = medians(self.warm)
        cold, cpu = medians(self.cold)
        same = medians(self.curl)[1]
        return [sum(shares) / base for base in (same, same / len(self.curls), cpu)] + [seconds / cold]

    def row(self) -> str:
        """The rest of the plugin's line in the table."""
        figures = " | ".join(f"{each:.2f}" for each in self.ratios())
        here = " + ".join(f"{share * 1000:.1f}" for share in medians(self.warm)[1:])
        return f"{len(self.curls)} | {figures} | {here} ms | {medians(self.cold)[1] * 1000:.0f} ms"


def curl(harbor: simulated.Simulator, *options: str) -> list[str]:
    """check_curl as it asks this Harbor."""
    where = ["-H", harbor.host, "-p", str(harbor.port), "--ssl", "-D", f"--ca-cert={harbor.ca_file}"]
    return [str(CURL), *where, *options]


def repeated(harbor: simulated.Simulator) -> list[list[str]]:
    """A run of check_curl for each request that Harbor has received; any status is good, since a task may be over."""
    runs = []
    for request in harbor.requests:
        headers = [f"-k{name}: {request.headers[name]}" for name in SENT if name in request.headers]
        body = ["-P", request.body.decode()] if request.body else []
        runs.append(curl(harbor, "-u", request.target, "-j", request.method, "-e", "HTTP/", *headers, *body))
    return runs or [curl(harbor, "-C", "1")]


def measure(turns: int, python: str) -> dict[str, Subject]:
    """The plugins that succeed here, by name, with the figures of this many turns."""
    with tempfile.TemporaryDirectory() as name, simulated.harbor() as harbor:
        os.chdir(name)
        options = simulated.options(harbor, Path(name))
        scripts = Path(name) / "bin"  # as the packages have them
        scripts.mkdir()
        launchers.write(scripts, python, str(launchers.MODULES))
        subjects: dict[str, Subject] = {}
        for probe in probes.single():
            plugin = probes.command(probe)
            command = [str(scripts / plugin), *options, *probe.example]
            harbor.requests.clear()
            if succeeds(command):
                subjects[plugin] = Subject(command, repeated(harbor))
        served = Served(Path(name), python)
        with served.running():
            for subject in subjects.values():
                served.run(subject.command)
            for _ in range(turns):
                for subject in subjects.values():
                    subject.turn(served)
        os.chdir("/")
    return subjects


def succeeds(command: list[str]) -> bool:
    """Whether the simulated Harbor has what this plugin needs."""
    env = {**os.environ, "HARBOR_PRELOADED": ""}
    return not subprocess.run(command, capture_output=True, check=False, env=env).returncode


def starts(program: Path) -> bool:
    """Whether a program is there, with the libraries that it is linked to."""
    return program.exists() and subprocess.run([program, "-V"], capture_output=True, check=False).returncode != 127


def section(turns: int, python: str) -> tuple[str, str]:
    """The section, measured now, and its result in a line."""
    if not starts(CURL):
        text = "## With the preloaded server\n\nNot measured: check_curl is not installed, or lacks a library.\n"
        return text, "check_curl is missing"
    before = os.getloadavg()[0]
    subjects = measure(turns, python)
    rows = [f"| `{name}` | {subject.row()} |" for name, subject in subjects.items()]
    same, one, *cold = zip(*[subject.ratios() for subject in subjects.values()])
    worst = [max(column) for column in (same, *cold)]
    over = [f"{what} {found:.2f}" for (what, goal), found in zip(GOAL.items(), worst) if found > goal]
    curl_goal, cpu_goal, time_goal = GOAL.values()
    runs = [cpu for subject in subjects.values() for _, cpu in subject.curl if len(subject.curls) == 1]
    text = TEMPLATE.format(
        python=described(python), rows="\n".join(rows), turns=turns, base=statistics.median(runs) * 1000, before=before,
        after=os.getloadavg()[0], over=", ".join(over) or "nothing", curl=curl_goal, cpu=cpu_goal, time=time_goal,
        within=sum(ratio <= curl_goal for ratio in same), number=len(subjects), dearest=max(one),
    )  # fmt: skip
    return text, f"worst preloaded/check_curl CPU ratio: {worst[0]:.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=TURNS)
    parser.add_argument("--python", default=packaged(), help="the interpreter (default here: %(default)s)")
    args = parser.parse_args()
    print(*section(args.runs, args.python), sep="\n")
