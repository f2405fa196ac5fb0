"""check_harbor_component: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support import screens

HEALTH = "/api/v2.0/health"
REFUSED = "connection refused ({}dial tcp 127.0.0.1:{}: connect)"
HUNG = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
WITHOUT_REDIS = (
    'received unexpected status code: 500 {"code":10004,"message":"check stats of server failed with error",'
    '"details":"dial tcp 127.0.0.1:16379: connect: connection refused"}'
)
POSTGRES = (
    'connection refused (failed to run SQL "SELECT 1": failed to connect to `host=127.0.0.1 user=postgres '
    "database=registry`: dial error (dial tcp 127.0.0.1:15432: connect))"
)
STEPS = {
    "database": screens.DATABASE,
    "jobservice": screens.JOBSERVICE,
    "portal": screens.PORTAL,
    "redis": screens.REDIS,
    "registry": screens.REGISTRY,
    "registryctl": screens.REGISTRYCTL,
    "trivy": screens.TRIVY,
}


@pytest.mark.parametrize("component", ["core", *STEPS])
def test_healthy(check, component: str) -> None:
    assert check("component", "--component", component) == [
        f"HARBOR COMPONENT OK - {component} is healthy | time=Ts;1.5;5;0 {component}=1;;;0;1",
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("recording", "component", "error"),
    [
        ("b-registry-down", "registry", REFUSED.format('Get "http://127.0.0.1:15000/": ', 15000)),
        ("b-registry-hung", "registry", f'{HUNG} (Get "http://127.0.0.1:15000/")'),
        ("b-jobservice-down", "jobservice", REFUSED.format('Get "http://127.0.0.1:18082/api/v1/stats": ', 18082)),
        ("b-jobservice-hung", "jobservice", f'{HUNG} (Get "http://127.0.0.1:18082/api/v1/stats")'),
        ("b-portal-down", "portal", REFUSED.format('Get "http://127.0.0.1:18085": ', 18085)),
        ("b-portal-hung", "portal", f'{HUNG} (Get "http://127.0.0.1:18085")'),
        ("b-postgres-down", "database", POSTGRES),
        ("b-redis-down", "redis", REFUSED.format("", 16379)),
        ("b-redis-down", "jobservice", WITHOUT_REDIS),
        ("b-registryctl-down", "registryctl", REFUSED.format('Get "http://127.0.0.1:18084/api/health": ', 18084)),
        ("b-trivystub-down", "trivy", REFUSED.format('Get "http://127.0.0.1:18087/probe/healthy": ', 18087)),
    ],
)
def test_unhealthy_as_recorded(check, recorded, recording: str, component: str, error: str) -> None:
    recorded(f"{recording}/health.anon")
    first, *whole = screens.problem("component", "CRITICAL", f"{component} is unhealthy: {error}")
    assert check("component", "--component", component) == [
        f"{first} | time=Ts;1.5;5;0 {component}=0;;;0;1",
        *whole,
        STEPS[component],
        "exit code 2",
    ]


def test_healthy_while_another_one_is_not(check, recorded) -> None:
    recorded("b-redis-down/health.anon")
    assert check("component", "--component", "registry", "-v") == [
        "HARBOR COMPONENT OK - registry is healthy | time=Ts;1.5;5;0 registry=1;;;0;1",
        "OK: the answer took T s",
        "exit code 0",
    ]


def test_old_harbor(check, old_harbor: Simulator) -> None:
    """Harbor 2.0 to 2.2 put the status first and sorted nothing."""
    old_harbor.switch("trivy-down")
    assert check("component", "--component", "registry", against=old_harbor)[0] == (
        "HARBOR COMPONENT OK - registry is healthy | time=Ts;1.5;5;0 registry=1;;;0;1"
    )
    assert check("component", "--component", "trivy", against=old_harbor)[0] == (
        "HARBOR COMPONENT CRITICAL - trivy is unhealthy: connection refused "
        '(Get "http://127.0.0.1:18087/probe/healthy": dial tcp 127.0.0.1:18087: connect)'
        " | time=Ts;1.5;5;0 trivy=0;;;0;1"
    )


def test_not_reported(check, harbor: Simulator) -> None:
    names = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl")
    harbor.answer(HEALTH, body={"components": [{"name": name, "status": "healthy"} for name in names]})
    assert check("component", "--component", "trivy") == [
        f"HARBOR COMPONENT UNKNOWN - Harbor does not report trivy, only {', '.join(names)} | time=Ts;1.5;5;0",
        "Next: choose a --component that Harbor reports, or remove this service (trivy is optional)",
        "exit code 3",
    ]


def test_component_of_a_newer_harbor(check, harbor: Simulator) -> None:
    """A name that we do not know is judged like the others."""
    harbor.answer(HEALTH, body={"components": [{"name": "exporter", "status": "unhealthy"}]})
    assert check("component", "--component", "exporter") == [
        "HARBOR COMPONENT CRITICAL - exporter is unhealthy: no reason given | time=Ts;1.5;5;0 exporter=0;;;0;1",
        "Next: check the component's container or pod, and its log",
        "exit code 2",
    ]


def test_core_has_just_started(check, harbor: Simulator) -> None:
    harbor.switch("core-just-started")
    line = "redis is not checked yet: core has just started"
    perfdata = "time=Ts;1.5;5;0 redis=0;;;0;1"
    assert check("component", "--component", "redis") == [
        f"HARBOR COMPONENT WARNING - {line} | {perfdata}",
        screens.WAIT,
        "exit code 1",
    ]
    assert check("component", "--component", "redis", "--isolate") == [
        f"HARBOR COMPONENT UNKNOWN - {line}, core has just started (see harbor-health) | {perfdata}",
        "Next: look at harbor-health first: this follows from it",
        "exit code 3",
    ]


def test_what_follows_from_another_component_names_it(check, harbor: Simulator) -> None:
    harbor.switch("redis-down")
    assert check("component", "--component", "jobservice", "--isolate") == [
        "HARBOR COMPONENT UNKNOWN - jobservice is unhealthy: received unexpected status code: 500 "
        '{"code":10004,"message":"c... (see harbor-component-redis) | time=Ts;1.5;5;0 jobservice=0;;;0;1',
        f"UNKNOWN: jobservice is unhealthy: {WITHOUT_REDIS}, Harbor says redis is unhealthy "
        "(see harbor-component-redis)",
        "Next: look at harbor-component-redis first: this follows from it",
        "exit code 3",
    ]


def test_no_report(check, harbor: Simulator) -> None:
    harbor.switch("core-down")
    line = "502 for /api/v2.0/health from the reverse proxy"
    assert check("component", "--component", "registry") == [
        f"HARBOR COMPONENT CRITICAL - {line}",
        screens.CORE,
        "exit code 2",
    ]
    assert check("component", "--component", "registry", "--isolate") == [
        f"HARBOR COMPONENT UNKNOWN - {line}, Harbor as a whole is down (see harbor-health)",
        "Next: look at harbor-health first: this follows from it",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("options", "state", "limits"),
    [
        (["-w", "150ms"], "WARNING - the answer took T s (warning at 0.15 s)", "0.15;5"),
        (["-c", "150ms"], "CRITICAL - the answer took T s (critical at 0.15 s)", "1.5;0.15"),
        (["-w", "~:"], "OK - registry is healthy", "~:;5"),
    ],
)
def test_response_time(check, harbor: Simulator, options: list[str], state: str, limits: str) -> None:
    harbor.delay(HEALTH, 0.2)
    assert check("component", "--component", "registry", *options) == [
        f"HARBOR COMPONENT {state} | time=Ts;{limits};0 registry=1;;;0;1",
        *([] if state.startswith("OK") else [screens.SLOW]),
        f"exit code {('OK', 'WARNING', 'CRITICAL').index(state.split(maxsplit=1)[0])}",
    ]
