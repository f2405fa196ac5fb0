"""What all tests share: the interpreter that runs plugins as processes, and a Harbor with a login to it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator
from registry import daemon
from registry.lab import Lab
from support import preloaded
from support.simulators import undone

pytest.register_assert_rewrite("contract.grammar")
# Where daemons lie, which a user's PATH may lack, or there is no PATH at all.
os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
# A machine that is busy with other things is no bug.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "run plugins as processes of this interpreter, and only the tests that do so"
    parser.addoption("--plugin-python", metavar="PATH", help=help_text)
    parser.addoption("--preloaded", action="store_true", help="let the preloaded server run these processes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What runs in this process would tell nothing new about another interpreter."""
    if config.getoption("plugin_python"):
        left_out = [item for item in items if "plugin_python" not in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def plugin_python(pytestconfig: pytest.Config) -> str:
    """The interpreter that runs plugins as processes."""
    return interpreter(pytestconfig)


def interpreter(config: pytest.Config) -> str:
    """The path of --plugin-python, or our own."""
    # Not resolve(): the python of a virtual environment is a link, and knows by its name where it belongs.
    return os.path.abspath(config.getoption("plugin_python") or sys.executable)


@pytest.fixture(scope="session", autouse=True)
def preloaded_server(pytestconfig: pytest.Config) -> Iterator[None]:
    """With --preloaded a server of our own, else none: not even one that this machine may have."""
    os.environ["HARBOR_PRELOADED"] = ""
    if not pytestconfig.getoption("preloaded"):
        yield
        return
    with preloaded.running(interpreter(pytestconfig)):
        yield


@pytest.fixture(scope="session")
def running_harbor() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def harbor(running_harbor: Simulator) -> Iterator[Simulator]:
    """A healthy Harbor; what a test does to it is undone."""
    yield from undone(running_harbor)


@pytest.fixture(scope="session")
def authfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The login of the monitoring robot."""
    path: Path = tmp_path_factory.mktemp("login") / "authfile"
    path.write_text(f"username={MONITOR}\npassword={MONITOR_SECRET}\n")
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A Harbor with a real registry and a canary image, its own; nothing may write elsewhere than to its canaries."""
    daemon.needed()
    with Lab(tmp_path) as lab:
        yield lab
    assert lab.strays() == []
