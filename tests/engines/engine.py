"""What both engines have in common for a test: hosts, checks that are forced one by one, and the pages that come."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import pytest

from .daemons import end
from .names import Names
from .preloading import Preloading

POLL = 0.03  # seconds
PACE = 0.07  # seconds from one check to the next: what two idle cores can start without making any of them slow
PATIENCE = 400  # seconds for hundreds of checks on a busy machine
ROOT = Path(__file__).resolve().parents[2]

#: A notification command like everybody's, but it writes to a file. Appending a short line is atomic.
TELL = """#!/bin/sh
end='
'
printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$3" "$4" "${{5%%"$end"*}}" >> {pages}
"""


Self = TypeVar("Self", bound="Engine")


@dataclass(frozen=True)
class Harbor:
    """One host. `options` are those of a probe (by its name, "" for all), by option; `without` are services."""

    name: str
    url: str
    robot_authfile: str = ""
    canary_authfile: str = ""
    canary_project: str = ""
    canary_image: str = ""
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    endpoint: str = ""
    without: tuple[str, ...] = ()
    patient: bool = False
    replicas: str = ""


class Page(NamedTuple):
    """One notification as it reached a person."""

    kind: str  # PROBLEM, RECOVERY
    host: str
    service: str
    state: str
    output: str


class Result(NamedTuple):
    """One check result that the engine has processed."""

    host: str
    service: str
    state: int
    output: str


class Engine:
    """A daemon in a directory of its own; a context manager.

    Checks run only when they are forced, unless `active`: then as scheduled, `speed` times faster than shipped.
    """

    name = ""
    package = ""
    objects = ""  # the file with the hosts
    at_once = 10  # checks that are under way side by side
    written = 0.3  # seconds after which what a check found can be seen elsewhere
    delayed = 0.3  # seconds after which a notification that was held back is sent
    starting = 30  # seconds until it takes orders
    checks_waiting = True  # whether a service is checked while the one that it waits for is CRITICAL

    def __init__(
        self, folder: Path, plugins: Path, harbors: Iterable[Harbor], *, active: bool = False, speed: int = 1
    ) -> None:
        self.folder = folder
        self.names = Names(folder)
        self.plugins = plugins
        self.preloading = Preloading(plugins, folder)
        self.harbors = list(harbors)
        self.active = active
        self.speed = speed
        self.last: dict[tuple[str, str], Result] = {}
        self._pages = folder / "pages"
        self.tell = folder / "tell"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._pages.touch()
        self.tell.write_text(TELL.format(pages=self._pages))
        self.tell.chmod(0o755)

    @classmethod
    def needed(cls) -> None:
        """Skip the test where the daemon is not installed."""
        if not shutil.which(cls.name):
            pytest.skip(f"needs the Debian package {cls.package}")

    def __enter__(self: Self) -> Self:
        self.configure()
        self._start()
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        try:
            if not failure:
                self.preloading.verify()
        finally:
            self.stop()

    def stop(self) -> None:
        """End the daemon."""
        self.close()
        if self._daemon:
            end(self._daemon)
            self._daemon = None

    def configure(self) -> None:
        """Write the configuration."""
        raise NotImplementedError

    def accepts(self) -> tuple[bool, str]:
        """Whether the daemon takes the configuration, and what it says about it."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """How the daemon is started in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The daemon's environment."""
        return dict(os.environ)

    def ready(self) -> bool:
        """Whether it takes orders."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the daemon before it ends."""

    def force(self, host: str, service: str) -> None:
        """Have one service checked now."""
        raise NotImplementedError

    def results(self, awaited: Collection[tuple[str, str]]) -> list[Result]:
        """The results of the awaited checks that were processed since they were forced."""
        raise NotImplementedError

    def submit(self, host: str, service: str, state: int, output: str) -> None:
        """Submit a passive result."""
        raise NotImplementedError

    def pass_all(self) -> None:
        """Everything is OK, without running anything."""
        raise NotImplementedError

    def services(self) -> list[tuple[str, str]]:
        """Every host and service."""
        raise NotImplementedError

    def dependencies(self) -> list[tuple[str, str, str]]:
        """Every dependency between services of one host: the host, the service, and the one that it waits for."""
        raise NotImplementedError

    def groups(self) -> dict[str, set[tuple[str, str]]]:
        """The hosts and services in each service group."""
        raise NotImplementedError

    def timing(self, host: str, service: str) -> tuple[int, float]:
        """After how many failing checks it alerts, and how many seconds apart these are."""
        raise NotImplementedError

    def _start(self) -> None:
        with (self.folder / "output").open("wb") as output:
            self._daemon = subprocess.Popen(
                [*self.names.prefix, *self.preloading.command(), *self.command()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**self.environment(), **self.preloading.environment()},
                start_new_session=True,
            )
        until = time.monotonic() + self.starting
        while not (self.preloading.ready() and self.ready()):
            if time.monotonic() > until or self._daemon.poll() is not None:
                raise RuntimeError(f"{self.name} did not start:\n{(self.folder / 'output').read_text()}")
            time.sleep(0.05)  # nothing tells when a daemon listens

    def run(self, checks: Iterable[tuple[str, str]], at_once: int = 0, pace: float = PACE) -> None:
        """Force these checks in this order, and return when each has a result, which is kept in `last`.

        At most so many at once, and so many seconds from one to the next.
        """
        at_once = at_once or self.at_once
        waiting = list(checks)[::-1]
        running: set[tuple[str, str]] = set()
        started = 0.0
        until = time.monotonic() + PATIENCE
        while waiting or running:
            if waiting and len(running) < at_once and time.monotonic() > started + pace:
                started = time.monotonic()
                running.add(waiting[-1])
                self.force(*waiting.pop())
            time.sleep(POLL)  # the engines tell nobody that a result has come
            for result in self.results(running) if running else ():
                self.last[result.host, result.service] = result
                running.discard((result.host, result.service))
            if time.monotonic() > until:
                raise TimeoutError(f"no result within {PATIENCE} s: {sorted(running)[:5]}")

    def give(self, host: str, option: str, value: str) -> None:
        """Give all plugins of a host an option."""
        raise NotImplementedError

    def acknowledge(self, host: str, service: str) -> None:
        """Acknowledge a problem, sticky."""
        raise NotImplementedError

    def remark(self, host: str, service: str, text: str) -> None:
        """Give a service a comment, and a downtime that has begun, both with this text."""
        raise NotImplementedError

    def states(self) -> dict[tuple[str, str], int | None]:
        """Every service's state, None for one that was never checked."""
        raise NotImplementedError

    def attempts(self, host: str, service: str, attempts: int) -> None:
        """Let so many failing checks in a row count."""
        raise NotImplementedError

    def alert_at_once(self) -> None:
        """Let the first failing check of every service count, whatever the definitions say: the worst case."""
        for host, service in self.services():
            self.attempts(host, service, 1)

    def pages(self) -> list[Page]:
        """The notifications so far."""
        return [Page(*line.split("\t")) for line in self._pages.read_text().splitlines()]


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that the engines do on their own."""
    end = time.monotonic() + 90
    while not true():
        assert time.monotonic() < end, f"not within 90 s: {what}"
        time.sleep(0.3)  # nothing tells when
