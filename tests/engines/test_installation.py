"""What breaks the monitoring itself is one page, from harbor-selfcheck, however many checks it hits."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from harbor_simulator import Simulator
from support.pythons import bare_python

from . import plugins
from .engine import Engine, Harbor, Page

pytestmark = pytest.mark.timeout(300)


class Installation:
    """The plugins of an engine, one host that they watch, and what can happen to them."""

    def __init__(self, engine: Engine, host: str) -> None:
        self.engine = engine
        self.host = host

    def plugin_missing(self) -> None:
        for plugin in self.engine.plugins.iterdir():
            plugin.unlink()

    def interpreter_gone(self) -> None:
        self._install("/opt/python3.9/bin/python3")

    def without_library(self) -> None:
        self._install(bare_python(self.engine.folder / "bare", sys.executable))

    def bad_option(self) -> None:
        self.engine.give(self.host, "--timeout", "soon")

    def repair(self) -> None:
        """As it was."""
        self._install()
        self.engine.give(self.host, "--timeout", "15")

    def _install(self, *python: str) -> None:
        shutil.rmtree(self.engine.plugins)
        plugins.install(self.engine.plugins, *python)

    def check(self) -> list[Page]:
        """Check everything, harbor-selfcheck last; the pages that came of it."""
        before = len(self.engine.pages())
        services = [check for check in self.engine.services() if check[1] != "harbor-selfcheck"]
        self.engine.run(services)
        time.sleep(self.engine.written)
        self.engine.run([(self.host, "harbor-selfcheck")])
        time.sleep(self.engine.written)
        return self.engine.pages()[before:]


@pytest.fixture(scope="module")
def installation(kind: type[Engine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An engine that watches a healthy Harbor; the first failing check of every service counts."""
    folder = tmp_path_factory.mktemp(kind.name)
    with contextlib.ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        host = Harbor("harbor.example.com", simulator.url, options={"": {"--ca-file": simulator.ca_file}})
        engine = stack.enter_context(kind(folder / "engine", plugins.install(folder / "plugins"), [host]))
        engine.pass_all()
        engine.alert_at_once()
        yield Installation(engine, host.name)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (Installation.plugin_missing, "No such file or directory|not found"),
        (Installation.interpreter_gone, "No such file or directory|not found|bad interpreter"),
        (Installation.without_library, "HARBOR UNKNOWN - broken installation: No module named .?nagiosplugin"),
        (Installation.bad_option, "HARBOR [A-Z0-9]+ UNKNOWN - usage: -t/--timeout: not a number"),
    ],
)
def test_one_page_from_the_selfcheck(
    installation: Installation, break_it: Callable[[Installation], None], said: str
) -> None:
    break_it(installation)
    told = installation.check()
    installation.repair()
    over = installation.check()
    assert [page[:4] for page in told] == [("PROBLEM", installation.host, "harbor-selfcheck", "WARNING")]
    start = r"HARBOR SELFCHECK WARNING - 14 checks could not judge: harbor-certificate \(.*?"
    assert re.match(start + f"({said})", told[0].output)
    assert [page[:4] for page in over] == [("RECOVERY", installation.host, "harbor-selfcheck", "OK")]


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ("HARBOR V2 UNKNOWN - Harbor as a whole is down (see harbor-health)", True),
        ("HARBOR V2 UNKNOWN - 502 from the registry (see harbor-component-registry)", True),
        ("HARBOR V2 UNKNOWN - login refused (see harbor-api)", False),  # this host has no such service
        ("HARBOR V2 UNKNOWN - robot$canary has no permission to push in canary/canary", False),
    ],
)
def test_unknown_must_name_a_service_that_is_there(installation: Installation, said: str, explained: bool) -> None:
    engine, host = installation.engine, installation.host
    engine.submit(host, "harbor-v2", 3, said)
    time.sleep(engine.written)
    engine.run([(host, "harbor-selfcheck")])
    found = engine.last[host, "harbor-selfcheck"]
    engine.submit(host, "harbor-v2", 0, "fine")
    time.sleep(engine.written)
    engine.run([(host, "harbor-selfcheck")])
    if explained:
        assert found[2:] == (0, "HARBOR SELFCHECK OK - every check could judge")
    else:
        assert found[2:] == (1, f"HARBOR SELFCHECK WARNING - 1 check could not judge: harbor-v2 ({said})")
    assert engine.last[host, "harbor-selfcheck"].state == 0
