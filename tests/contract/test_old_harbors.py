"""Plugins whose help promises Harbor 2.0 keep that promise: its health report has another order."""

from __future__ import annotations

import importlib

import pytest

from contract.conftest import ACCOUNTS
from harbor_simulator import Simulator
from support import runner
from support.cases import for_each

PROMISES = ("Harbor: 2.0 or newer", "Harbor: any version")
OLD = [
    name for name in runner.NAMES if any(words in importlib.import_module(name).main.probe.doc for words in PROMISES)
]


def test_the_probes_of_the_stack_promise_it():
    assert {f"check_harbor_{name}" for name in ("health", "component", "portal", "certificate", "v2")} <= set(OLD)


@pytest.mark.parametrize("version", ["2.0.6", "2.2.4", "2.14.4"])
def test_healthy(version, here):
    with Simulator(version=version, users=ACCOUNTS) as harbor:

        def healthy(name):
            outcome = here(name, url=harbor.url)
            assert outcome.code == 0, outcome.out

        for_each(OLD, healthy)


@pytest.mark.parametrize("version", ["2.0.6", "2.2.4"])
def test_unhealthy(version, here):
    with Simulator("redis-down", version=version, users=ACCOUNTS) as harbor:
        health = here("check_harbor_health", url=harbor.url)
        component = here("check_harbor_component", "--component", "redis", url=harbor.url)
    assert health.first == (
        "HARBOR HEALTH CRITICAL - 2 of 8 components unhealthy: redis, jobservice (follows from redis)"
    )
    assert component.first.startswith("HARBOR COMPONENT CRITICAL - redis is unhealthy: connection refused (")
