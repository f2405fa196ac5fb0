"""The contract: rules that every plugin keeps. A test that takes `name` runs for each plugin that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Callable

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from support import runner
from support.cases import for_each
from support.runner import Outcome

Run = Callable[..., Outcome]
#: A login that may do everything: what a robot may not do is for the tests of the probes.
ACCOUNTS = {MONITOR: Account(MONITOR_SECRET, sysadmin=True)}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", runner.NAMES, ids=[name.replace("check_harbor_", "") for name in runner.NAMES])


def for_every_plugin(check: Callable[[str], object]) -> None:
    """One test for all plugins; names those that fail."""
    for_each(runner.NAMES, check)


@pytest.fixture(scope="session")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users=ACCOUNTS) as simulator:
        yield simulator


@pytest.fixture
def against(harbor: Simulator, authfile: str) -> Callable[..., list[str]]:
    """The arguments with which a plugin asks the simulator (or `url`) with the login of the monitoring robot."""

    def arguments(name: str, *further: str, url: str = "") -> list[str]:
        common = ["-H", url or harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        return [*common, *runner.NEEDED.get(name, ()), *further]

    return arguments


@pytest.fixture
def here(against: Callable[..., list[str]]) -> Run:
    """Run a plugin in this process against the simulator."""
    return lambda name, *further, url="": runner.here(name, *against(name, *further, url=url))


@pytest.fixture
def process(against: Callable[..., list[str]], plugin_python: str) -> Run:
    """Run a plugin as a process of --plugin-python against the simulator."""

    def run(name: str, *further: str, url: str = "", **options: object) -> Outcome:
        return runner.process(name, *against(name, *further, url=url), python=plugin_python, **options)

    return run


@pytest.fixture
def refusal(capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """The usage error of a plugin, with what stands around it taken off."""

    def run(name: str, *argv: str, step: str = "") -> str:
        try:
            outcome = runner.here(name, *argv)
        except SystemExit as left:
            captured = capfd.readouterr()
            outcome = runner.Outcome(left.code if isinstance(left.code, int) else -1, captured.out, captured.err)
        assert (outcome.code, outcome.err) == (3, "")
        title = name.replace("check_", "").replace("_", " ", 1).upper()
        match = re.fullmatch(rf"{title} UNKNOWN - usage: (.*)\nNext: (.*)\n", outcome.out)
        assert match, outcome.out
        assert match[2] == (step or f"see {name} --help")
        assert re.fullmatch("[ -{}~]{,200}", match[1])
        return match[1]

    return run
