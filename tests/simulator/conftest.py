"""What the tests of the simulator itself share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harbor_simulator import Simulator


@pytest.fixture(scope="module")
def hasty_harbor() -> Iterator[Simulator]:
    with Simulator(gateway_timeout=0.2) as simulator:
        yield simulator


@pytest.fixture
def harbor(hasty_harbor: Simulator) -> Iterator[Simulator]:
    yield hasty_harbor
    hasty_harbor.reset()
