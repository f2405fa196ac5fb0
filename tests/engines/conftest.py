"""The engines as parameters: each test runs on both, as far as they are installed."""

from __future__ import annotations

import pytest

from .engine import Engine
from .icinga import Icinga
from .nagios import Nagios


@pytest.fixture(scope="module", params=[Icinga, Nagios], ids=lambda engine: engine.name)
def kind(request: pytest.FixtureRequest) -> type[Engine]:
    """Icinga 2, then Nagios."""
    engine: type[Engine] = request.param
    engine.needed()
    return engine
