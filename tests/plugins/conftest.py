"""What the tests of the probes share: a run against the simulator, and answers as recorded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harbor_simulator import Account, Simulator
from support import runner
from support.logins import ACTIONS, REPOSITORY, ROBOT, SECRET, secrets
from support.replay import DIRECTORY, RECORDED_HOST, load
from support.screens import HOST, screen
from support.simulators import undone

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
    """Run a probe with the monitoring robot's credentials and its required options, and leave dates as they are."""

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


@pytest.fixture(scope="module")
def canary_simulator() -> Iterator[Simulator]:
    with Simulator(users={ROBOT: Account(SECRET, projects={"priv": ACTIONS})}) as simulator:
        yield simulator


@pytest.fixture
def canary_harbor(canary_simulator: Simulator) -> Iterator[Simulator]:
    yield from undone(canary_simulator)


@pytest.fixture
def login(canary_harbor: Simulator, tmp_path: Path) -> Check:
    """Log in for REPOSITORY: the lines and the exit code, the response time and the address made the same."""

    def run(*options: str, username: str = ROBOT, password: str = SECRET) -> list[str]:
        authfile = tmp_path / "authfile"
        authfile.touch(0o600)
        authfile.write_text(f"username={username}\npassword={password}\n")
        common = ["-H", canary_harbor.url, "--ca-file", canary_harbor.ca_file, "--authfile", str(authfile)]
        repository = [] if "--repository" in options else ["--repository", REPOSITORY]
        outcome = runner.here("check_harbor_login", *common, *repository, *options)
        assert not any(secret in outcome.out for secret in secrets(canary_harbor, password))
        text = outcome.out.replace(f"{canary_harbor.host}:{canary_harbor.port}", HOST)
        return [*re.sub(r"\btime=[\d.]+s", "time=Ts", text).splitlines(), f"exit code {outcome.code}"]

    return run
