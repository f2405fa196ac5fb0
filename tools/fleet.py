"""A real Icinga 2 that watches many simulated Harbors, each with every shipped service and its real interval."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import probes  # isort: split

from harborlib.run import launchers

from engines import watched
from engines.icinga import Icinga
from support import preloaded

TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT = 15  # seconds for each check, as shipped
LATE = ("timed out", "terminated", "stuck", "time ran out")
STARTING = 300  # seconds for thousands of services
OFTEN = 300  # seconds between two checks of a service that is awaited in an outage, at most
PATIENCE = 900  # seconds for all of them
LOOK = 10  # seconds between two looks at all services
#: Each service starts at a random moment of its interval, as after weeks: at its start Icinga would check all at once.
SPREAD = "for (s in get_objects(Service)) { s.next_check = get_time() + s.check_interval * Math.random() }"


class Spent(NamedTuple):
    """Seconds of CPU: of the engine, of the checks that it and the preloaded server have started, of the simulator."""

    engine: float
    checks: float
    simulator: float


class Load(NamedTuple):
    """What so many Harbors cost: CPU as cores in use, seconds from when a check is due to its result."""

    harbors: int
    per_minute: float
    average: float
    longest: float
    late: int
    cpu: Spent


class Outage(NamedTuple):
    """How many Harbors paged as they should, the seconds until all had, and until all services knew; what surprises."""

    harbors: int
    right: int
    paged: float
    known: float
    recovered: float
    well: float
    late: int
    surprises: dict[str, dict[str, int]]


class Fleet:
    """The engine and its Harbors, as a context manager; one simulator answers for all, so they break together."""

    def __init__(self, harbors: int, warm: bool, python: str) -> None:
        self.harbors = harbors
        self.python = python
        self.warm = warm

    def __enter__(self) -> Fleet:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            self.server = stack.enter_context(preloaded.running(self.python)) if self.warm else None
            self.simulator = stack.enter_context(watched.simulated())
            plugins = folder / "plugins"
            plugins.mkdir()
            launchers.write(plugins, self.python, str(probes.ROOT / "plugins"))
            logins = watched.authfiles(folder)
            hosts = [watched.host(f"harbor{n}", self.simulator, logins, TIMEOUT) for n in range(self.harbors)]
            self.engine = Icinga(folder / "engine", plugins, hosts)
            self.engine.names.prefix = []  # no mount namespace, in which the server would not be used
            self.engine.starting = STARTING
            stack.enter_context(self.engine)
            self.engine.pass_all()
            self.engine._post("console/execute-script", {"command": SPREAD})
            self.engine._post("objects/icingaapplications/app", {"attrs": {"enable_service_checks": True}})
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def measure(self, seconds: float) -> Load:
        """What it costs, during so many seconds."""
        began, before, begun = time.time(), self.spent(), time.monotonic()
        time.sleep(seconds)
        after, took = self.spent(), time.monotonic() - begun
        found = [*self.results(began)]
        delays = [result["execution_end"] - result["schedule_start"] for result in found] or [float("inf")]
        cpu = Spent(*((end - start) / took for start, end in zip(before, after)))
        (status,) = self.engine._get("status/CIB", {})
        per_minute = status["status"]["active_service_checks_1min"]
        return Load(self.harbors, per_minute, sum(delays) / len(delays), max(delays), sum(map(late, found)), cpu)

    def outage(self, switch: str, owner: str) -> Outage:
        """Break all Harbors at once until every service knows, repair them until every service is OK again.

        The one page of each, and its recovery, must come from the owner.
        """
        began = time.time()
        self.simulator.switch(switch)
        paged = self.until_paged("PROBLEM")
        known = self.until_seen(began, lambda state, hard: state == 0 or hard == 1)
        slow = sum(map(late, self.results(began)))
        again = time.time()
        self.simulator.switch()
        recovered = self.until_paged("RECOVERY")
        well = self.until_seen(again, lambda state, _: state == 0)
        slow += sum(map(late, self.results(again)))
        time.sleep(self.engine.delayed)
        expected = {f"{kind} {owner}": 1 for kind in ("PROBLEM", "RECOVERY")}
        told = {harbor.name: Counter[str]() for harbor in self.engine.harbors}
        for page in self.engine.pages():
            told[page.host][f"{page.kind} {page.service}"] += 1
        surprises = {host: dict(pages) for host, pages in told.items() if pages != expected}
        right = self.harbors - len(surprises)
        return Outage(self.harbors, right, paged, known, recovered, well, slow, surprises)

    def until_paged(self, kind: str) -> float:
        """Wait until each Harbor has such a page; returns the seconds, or infinity."""
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:
            if len({page.host for page in self.engine.pages() if page.kind == kind}) == self.harbors:
                return time.monotonic() - begun
            time.sleep(1)
        return float("inf")

    def until_seen(self, since: float, settled: Callable[[float, float], bool]) -> float:
        """Wait until all services that are checked often were checked and are settled; returns the seconds since."""
        wanted = ["last_check", "check_interval", "state", "state_type"]
        while time.time() < since + PATIENCE:
            services = self.engine._get("objects/services", {"attrs": wanted})
            often = [entry for entry in services if entry["attrs"]["check_interval"] <= OFTEN]
            missing = [
                entry["name"]
                for entry in often
                if entry["attrs"]["last_check"] < since
                or not settled(entry["attrs"]["state"], entry["attrs"]["state_type"])
            ]
            if not missing:
                return time.time() - since
            time.sleep(LOOK)
        print(f"not seen within {PATIENCE} s: {len(missing)} services, like {missing[:3]}")
        return float("inf")

    def results(self, since: float) -> Iterator[dict[str, Any]]:
        """The last result of each service, if it began since then."""
        for entry in self.engine._get("objects/services", {"attrs": ["last_check_result"]}):
            result = entry["attrs"]["last_check_result"]
            if result and result["execution_start"] > since:
                yield result

    def spent(self) -> Spent:
        """What was spent so far."""
        found = [times(process) for process in engine_processes(self.engine.folder)]
        checks = sum(children for _, children in found) + (sum(times(self.server.process.pid)) if self.server else 0)
        return Spent(sum(own for own, _ in found), checks, time.process_time())


def late(result: dict[str, Any]) -> bool:
    """Whether a check says that time ran out."""
    return any(word in result["output"] for word in LATE)


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
