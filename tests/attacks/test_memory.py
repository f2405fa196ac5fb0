"""Whatever Harbor's API sends, a plugin stays small: no more than 100 MiB for one probe, 200 MiB for all of them.

Each plugin that reads the API runs as a process against the worst that can be sent to it; what its endpoints send in
earnest makes 30 MiB of it. The other attacks on memory are those on the wire.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from attacks import floods
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.hostile import Distortion
from support import runner
from support.planted import peak

MEBIBYTE = 1024 * 1024
LIMIT, LIMIT_OF_ALL = 100 * MEBIBYTE, 200 * MEBIBYTE
READ_NO_API = {f"check_harbor_{name}" for name in ("certificate", "login", "portal", "pull", "push", "v2")}
NAMES = [name for name in runner.NAMES if name not in READ_NO_API]
SECONDS = "3"
DENSE_OBJECTS, FULL_FOR_EVER = floods.dense("{}"), floods.FullForEver()


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator(users={MONITOR: Account(MONITOR_SECRET, sysadmin=True)}) as simulator:
        yield simulator


def run(server: Simulator, authfile: str, name: str, distortion: Distortion, *options: str) -> tuple[str, int]:
    """What a plugin says to a server that answers so, and the most memory that it had, in bytes."""
    server.switch()
    server.state.distortions.append((("/api/v2.0/",), distortion))
    common = ["-H", server.url, "--ca-file", server.ca_file, "--authfile", authfile, "-t", SECONDS]
    command = [sys.executable, str(runner.PLUGINS / f"{name}.py"), *common, *runner.NEEDED.get(name, ()), *options]
    out, memory = peak(command)
    title = name.replace("check_", "").replace("_", " ", 1).upper()
    assert out.startswith((f"{title} ", f'{{"schema": 2, "plugin": "{name}", '))
    assert "internal error" not in out
    return out, memory


def allowed(name: str) -> int:
    return LIMIT_OF_ALL if name in runner.RUNS_OTHERS else LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_dense_objects(server: Simulator, authfile: str, name: str) -> None:
    """8 MB of `{},{},...`, which a parser makes 250 MiB of, and a probe more."""
    out, memory = run(server, authfile, name, DENSE_OBJECTS)
    assert " OK - " not in out
    assert memory < allowed(name)


@pytest.mark.parametrize("name", NAMES)
def test_full_for_ever(server: Simulator, authfile: str, name: str) -> None:
    """As much in every answer as our limits let in, pages without an end, names as long as can be."""
    _, memory = run(server, authfile, name, FULL_FOR_EVER)
    assert memory < allowed(name)


@pytest.mark.parametrize(
    ("name", "options"),
    [("quota", ("--perfdata-for", "*", "--output", "json")), ("robots", ("--project", "*"))],
)
def test_options_that_want_more(server: Simulator, authfile: str, name: str, options: tuple[str, ...]) -> None:
    _, memory = run(server, authfile, f"check_harbor_{name}", FULL_FOR_EVER, *options)
    assert memory < LIMIT
