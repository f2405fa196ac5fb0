"""The engines as parameters: each test runs on both, as far as they are installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .engine import Engine
from .icinga import Icinga
from .nagios import Nagios

#: These load the shipped files and are quick; the others run daemons for minutes and count what reaches people.
QUICK = {"test_definitions.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Counting needs a machine that does nothing else: a late answer is one page more."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here and item.path.name not in QUICK and not os.environ.get("HARBOR_ENGINES"):
            item.add_marker(pytest.mark.skip(reason="needs an otherwise idle machine: make engines"))


@pytest.fixture(scope="module", params=[Icinga, Nagios], ids=lambda engine: engine.name)
def kind(request: pytest.FixtureRequest) -> type[Engine]:
    """Icinga 2, then Nagios."""
    engine: type[Engine] = request.param
    engine.needed()
    return engine
