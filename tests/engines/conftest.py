"""The engines as parameters: each test runs on both, as far as they are installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .engine import Engine
from .icinga import Icinga
from .nagios import Nagios
from .resident import Resident


@pytest.fixture(scope="module", params=[Icinga, Nagios], ids=lambda engine: engine.name)
def kind(request: pytest.FixtureRequest) -> type[Engine]:
    """Icinga 2, then Nagios."""
    engine: type[Engine] = request.param
    engine.needed()
    return engine


@pytest.fixture(scope="session")
def resident() -> Iterator[Resident]:
    """The plugins in one process."""
    with Resident() as process:
        yield process
