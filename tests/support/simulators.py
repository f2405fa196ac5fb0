"""Simulators that tests share."""

from __future__ import annotations

from collections.abc import Iterator

from harbor_simulator import Simulator


def undone(simulator: Simulator) -> Iterator[Simulator]:
    """For a fixture: this Harbor, healthy; what a test does to it is undone."""
    simulator.reset()
    yield simulator
    simulator.reset()
