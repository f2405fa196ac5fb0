"""What the tests of the probes share: a run against the simulator, and answers as recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import runner
from screens import screen
from simulator import Simulator
from simulator.replay import DIRECTORY, RECORDED_HOST, load

SET_BY_THE_SERVER = ("Server", "Date", "Content-Length", "Connection", "Transfer-Encoding")
Check = Callable[..., list[str]]


@pytest.fixture
def check(harbor: Simulator, authfile: str) -> Check:
    """Run a probe against the simulator (or another one), `login=True` with the monitoring robot's login."""

    def run(probe: str, *options: str, against: Simulator = harbor, url: str = "", login: bool = False) -> list[str]:
        common = ["-H", url or against.url, "--ca-file", against.ca_file]
        further = ["--authfile", authfile] if login else []
        return screen(runner.here(f"check_harbor_{probe}", *common, *further, *options), against)

    return run


@pytest.fixture
def ask(harbor: Simulator, authfile: str) -> Check:
    """Run a probe with the monitoring robot's login and what it cannot do without, and leave dates as they are."""

    def run(probe: str, *options: str) -> list[str]:
        name = f"check_harbor_{probe}"
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, *runner.NEEDED.get(name, ())]
        return screen(runner.here(name, *common, *options), harbor, dates=True)

    return run


@pytest.fixture
def old_harbor() -> Iterator[Simulator]:
    """Harbor 2.0, whose health report has another order."""
    with Simulator(version="2.0.0") as simulator:
        yield simulator


@pytest.fixture
def recorded(harbor: Simulator) -> Callable[[str], None]:
    """Let the simulator answer as recorded (`b-redis-down/health.anon`), the recorded host replaced by its own."""

    def plant(name: str) -> None:
        recording = load(DIRECTORY / f"{name}.http")
        address = f"{harbor.host}:{harbor.port}"
        headers = {
            name: RECORDED_HOST.sub(address, value)
            for name, value in recording.answer.headers.items()
            if name not in SET_BY_THE_SERVER
        }
        body = RECORDED_HOST.sub(address, recording.answer.body)
        harbor.answer(recording.target.partition("?")[0], recording.answer.status, headers, body)

    return plant
