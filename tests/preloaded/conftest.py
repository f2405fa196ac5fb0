"""A preloaded server for these tests, and plugins that ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from support import preloaded, runner
from support.preloaded import Server
from support.runner import Outcome

Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users={MONITOR: Account(MONITOR_SECRET, sysadmin=True)}) as simulator:
        yield simulator


@pytest.fixture
def server(plugin_python: str) -> Iterator[Server]:
    with preloaded.running(plugin_python) as server:
        yield server


@pytest.fixture
def small(plugin_python: str) -> Iterator[Server]:
    """A server that runs one check at a time."""
    with preloaded.running(plugin_python, "--children", "1") as server:
        yield server


@pytest.fixture
def argv(harbor: Simulator, authfile: str) -> list[str]:
    return ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]


@pytest.fixture
def check(argv: list[str], plugin_python: str) -> Run:
    """Run check_harbor_health, or another plugin."""

    def run(*further: str, name: str = "check_harbor_health", **options: object) -> Outcome:
        return runner.process(name, *argv, *further, python=plugin_python, **options)

    return run
