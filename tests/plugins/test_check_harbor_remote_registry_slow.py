"""check_harbor_remote_registry: remotes that are slow, silent or many, and a probe that runs out of time."""

from __future__ import annotations

import re

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Remote
from support.remotes import TEST_IT, perfdata, shown


def test_silent_remote(check, harbor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("check_harbor_remote_registry.PATIENCE", 0.3)
    harbor.switch("remotes-frozen")
    assert check("remote_registry", "--registry", "remote", login=True) == [
        "HARBOR REMOTE_REGISTRY CRITICAL - remote: no answer to a live ping within 0.3 s, used by push-priv (+1)"
        + perfdata(1, 1, ""),
        TEST_IT,
        "exit code 2",
    ]


def test_too_little_time_says_nothing_of_the_remote(check, harbor: Simulator) -> None:
    harbor.switch("remotes-frozen")
    first, step, code = check("remote_registry", "--registry", "remote", "-t", "1", login=True)
    waiting = "timed out after T s waiting for the answer to POST "
    assert first.startswith(f"HARBOR REMOTE_REGISTRY UNKNOWN - remote: {waiting}")
    assert (step, code) == ("Next: raise -t, or split the registries across services with --registry", "exit code 3")


def test_slow_remote(check, harbor: Simulator) -> None:
    harbor.delay("/api/v2.0/registries/ping", 0.3)
    options = ("-w", "200ms", "-c", "9s", "--registry", "h*", "--perfdata-for", "hub")
    first, *further = check("remote_registry", *options, login=True)
    assert re.sub(r"\b0\.\d+(?= s \(|s;)", "T", first) == (
        "HARBOR REMOTE_REGISTRY WARNING - hub: a ping took T s (warning at 0.2 s) | "
        "time=Ts;;;0 ping_hub=Ts;0.2;9;0 registries=1;;;0 failed=0;;;0 ping=Ts;0.2;9;0"
    )
    assert further == [TEST_IT, "exit code 1"]


def test_fifty_remotes_side_by_side(check, harbor: Simulator) -> None:
    harbor.content.remotes = [Remote(number, f"remote-{number}") for number in range(3, 53)]
    harbor.delay("/api/v2.0/registries/ping", 0.1)
    first, last = shown(check("remote_registry", login=True))
    assert first == "HARBOR REMOTE_REGISTRY OK - 50 remote registries" + perfdata(50)
    assert last == "exit code 0"


def test_time_runs_out(check, harbor: Simulator) -> None:
    harbor.content.remotes = [Remote(number, f"remote-{number}") for number in range(3, 53)]
    harbor.delay("/api/v2.0/registries/ping", 0.5)
    lines = shown(check("remote_registry", "-t", "1.5", login=True))
    assert lines == [
        "HARBOR REMOTE_REGISTRY UNKNOWN - only 1 of 50 remote registries checked: time ran out" + perfdata(1),
        "Next: raise -t, or split the registries across services with --registry",
        "exit code 3",
    ]
