"""check_harbor_health: what an operator sees."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from support import screens

HEALTH = "/api/v2.0/health"
NAMES = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy")
REFUSED = 'connection refused (Get "http://{0}{1}": dial tcp {0}: connect)'
TRIVY = "trivy is unhealthy: " + REFUSED.format("127.0.0.1:18087", "/probe/healthy")
REGISTRY = "registry is unhealthy: " + REFUSED.format("127.0.0.1:15000", "/")
REDIS = "redis is unhealthy: connection refused (dial tcp 127.0.0.1:16379: connect)"
JOBSERVICE = (
    'jobservice is unhealthy: received unexpected status code: 500 {"code":10004,"message":"check stats of server '
    'failed with error","details":"dial tcp 127.0.0.1:16379: connect: connection refused"}'
)
HUNG = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
JOBS = ("127.0.0.1:18082", "/api/v1/stats")
CONTROLLER = ("127.0.0.1:18084", "/api/health")
POSTGRES = (
    'database is unhealthy: connection refused (failed to run SQL "SELECT 1": failed to connect to `host=127.0.0.1 '
    "user=postgres database=registry`: dial error (dial tcp 127.0.0.1:15432: connect))"
)


def perfdata(*sick: str, time: str = "time=Ts;1.5;5;0") -> str:
    return " ".join([time, *(f"{name}={int(name not in sick)};;;0;1" for name in NAMES)])


ALL_WELL = f"HARBOR HEALTH OK - harbor.example.com answers, all 8 components healthy | {perfdata()}"


def test_all_well(check) -> None:
    assert check("health") == [ALL_WELL, "exit code 0"]
    assert check("health", "--isolate", "--degraded", "trivy", "--delegate", "redis,registry") == [
        ALL_WELL,
        "exit code 0",
    ]


def test_verbose_has_a_line_for_each_component(check, harbor: Simulator) -> None:
    harbor.switch("trivy-down")
    assert check("health", "-v", "--delegate", "trivy") == [
        "HARBOR HEALTH OK - harbor.example.com answers, 7 of 8 components healthy, reported by their own "
        "services: trivy | " + perfdata("trivy"),
        "OK: the answer took T s",
        *(f"OK: {name} is healthy" for name in NAMES[:-1]),
        f"OK: {TRIVY} (reported by its own service)",
        "exit code 0",
    ]


def test_old_harbor(check, old_harbor: Simulator) -> None:
    """Harbor 2.0 to 2.2 put the status first and sorted nothing."""
    names = (*NAMES[3:], *NAMES[:3])
    assert check("health", against=old_harbor) == [
        "HARBOR HEALTH OK - harbor.example.com answers, all 8 components healthy | "
        + " ".join(["time=Ts;1.5;5;0", *(f"{name}=1;;;0;1" for name in names)]),
        "exit code 0",
    ]
    old_harbor.switch("registry-down")
    first, *_, code = check("health", against=old_harbor)
    assert first.startswith(f"HARBOR HEALTH CRITICAL - {REGISTRY} | ")
    assert code == "exit code 2"


@pytest.mark.parametrize(
    ("recording", "line", "sick"),
    [
        ("b-registry-down", REGISTRY, "registry"),
        ("b-registry-hung", f'registry is unhealthy: {HUNG} (Get "http://127.0.0.1:15000/")', "registry"),
        ("b-jobservice-down", f"jobservice is unhealthy: {REFUSED.format(*JOBS)}", "jobservice"),
        ("b-jobservice-hung", f'jobservice is unhealthy: {HUNG} (Get "http://{"".join(JOBS)}")', "jobservice"),
        ("b-portal-down", f"portal is unhealthy: {REFUSED.format('127.0.0.1:18085', '')}", "portal"),
        ("b-portal-hung", f'portal is unhealthy: {HUNG} (Get "http://127.0.0.1:18085")', "portal"),
        ("b-postgres-down", POSTGRES, "database"),
        ("b-registryctl-down", f"registryctl is unhealthy: {REFUSED.format(*CONTROLLER)}", "registryctl"),
        ("b-trivystub-down", TRIVY, "trivy"),
    ],
)
def test_recorded_answers(check, recorded, recording: str, line: str, sick: str) -> None:
    recorded(f"{recording}/health.anon")
    first, *details = screens.problem("health", "CRITICAL", line)
    assert check("health") == [
        f"{first} | {perfdata(sick)}",
        *details,
        getattr(screens, sick.upper()),
        "exit code 2",
    ]


@pytest.mark.parametrize("recording", ["a0-fresh/health.anon", "g-readonly/health.anon", "c-storage-full/health"])
def test_recorded_answers_that_say_all_is_well(check, recorded, recording: str) -> None:
    """The last is of a Harbor whose storage was full."""
    recorded(recording)
    assert check("health") == [ALL_WELL, "exit code 0"]


def test_one_unhealthy(check, harbor: Simulator) -> None:
    harbor.switch("registry-down")
    assert check("health") == [
        f"HARBOR HEALTH CRITICAL - {REGISTRY} | {perfdata('registry')}",
        screens.REGISTRY,
        "exit code 2",
    ]


def test_several_unhealthy_the_cause_comes_first(check, harbor: Simulator) -> None:
    harbor.switch("redis-down", "trivy-down")
    assert check("health", "--degraded", "trivy") == [
        "HARBOR HEALTH CRITICAL - 3 of 8 components unhealthy: redis, trivy, jobservice (follows from redis) | "
        + perfdata("redis", "jobservice", "trivy"),
        f"CRITICAL: {JOBSERVICE}",
        f"CRITICAL: {REDIS}",
        f"WARNING: {TRIVY}",
        screens.REDIS,
        "exit code 2",
    ]


def test_unhealthy_and_slow(check, harbor: Simulator) -> None:
    harbor.switch("redis-down")
    assert check("health", "-c", "100ms", "-w", "50ms")[:2] == [
        "HARBOR HEALTH CRITICAL - 2 of 8 components unhealthy: redis, jobservice (follows from redis), "
        f"the answer took T s (critical at 0.1 s) | {perfdata('redis', 'jobservice', time='time=Ts;0.05;0.1;0')}",
        "CRITICAL: the answer took T s (critical at 0.1 s)",
    ]


@pytest.mark.parametrize(
    ("options", "state", "code"),
    [
        ([], "CRITICAL", 2),
        (["--degraded", "trivy"], "WARNING", 1),
        (["--degraded", "registry,trivy"], "WARNING", 1),
        (["--degraded", "registry"], "CRITICAL", 2),
        (["--isolate"], "WARNING", 1),
        (["--isolate", "--degraded", "trivy"], "WARNING", 1),
    ],
)
def test_degraded(check, harbor: Simulator, options: list[str], state: str, code: int) -> None:
    harbor.switch("trivy-down")
    first, *rest = check("health", *options)
    assert first.startswith(f"HARBOR HEALTH {state} - trivy is unhealthy: ")
    assert rest[-2:] == [screens.TRIVY, f"exit code {code}"]


def test_delegated_are_shown_and_not_judged(check, harbor: Simulator) -> None:
    harbor.switch("redis-down")
    assert check("health", "--delegate", "redis,jobservice") == [
        "HARBOR HEALTH OK - harbor.example.com answers, 6 of 8 components healthy, reported by their own services: "
        f"jobservice, redis | {perfdata('redis', 'jobservice')}",
        "exit code 0",
    ]
    first, *_, code = check("health", "--delegate", "redis")
    assert first.startswith("HARBOR HEALTH CRITICAL - jobservice is unhealthy: ")
    assert code == "exit code 2"


def test_core_has_just_started(check, harbor: Simulator) -> None:
    harbor.switch("core-just-started")
    unchecked = perfdata(*NAMES[1:])
    assert check("health") == [
        f"HARBOR HEALTH WARNING - core has just started: no component is checked yet | {unchecked}",
        screens.WAIT,
        "exit code 1",
    ]
    assert check("health", "--isolate", "-v") == [
        "HARBOR HEALTH OK - harbor.example.com answers, core has just started: no component is checked yet | "
        + unchecked,
        "OK: the answer took T s",
        "OK: core has just started: no component is checked yet",
        "OK: core is healthy",
        *(f"OK: {name} is not checked yet" for name in NAMES[1:]),
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("options", "state", "limits"),
    [
        (["-w", "150ms"], "WARNING - the answer took T s (warning at 0.15 s)", "0.15;5"),
        (["-w", "150ms", "-c", "0.19"], "CRITICAL - the answer took T s (critical at 0.19 s)", "0.15;0.19"),
        (["-w", "@0.1:0.9"], "WARNING - the answer took T s (warning within 0.1 s to 0.9 s)", "@0.1:0.9;5"),
        (["-w", "~:", "-c", "~:"], "OK - harbor.example.com answers, all 8 components healthy", "~:;~:"),
        (["-w", "900ms"], "OK - harbor.example.com answers, all 8 components healthy", "0.9;5"),
    ],
)
def test_response_time(check, harbor: Simulator, options: list[str], state: str, limits: str) -> None:
    harbor.delay(HEALTH, 0.2)
    assert check("health", *options) == [
        f"HARBOR HEALTH {state} | {perfdata(time=f'time=Ts;{limits};0')}",
        *([] if state.startswith("OK") else [screens.SLOW]),
        f"exit code {('OK', 'WARNING', 'CRITICAL').index(state.split(maxsplit=1)[0])}",
    ]


SERVICE = ("--isolate", "--delegate", "database,redis,registry,jobservice,registryctl,trivy,portal")
SAME = " (still the same outage)"


@pytest.mark.parametrize(
    ("switches", "problem", "step"),
    [
        ("redis-down", f"{REDIS}{SAME}", screens.REDIS),
        ("database-down", f"{POSTGRES}{SAME}", screens.DATABASE),
        ("database-down redis-down", f"{POSTGRES}{SAME}, {REDIS}{SAME}", screens.DATABASE),
        ("core-just-started", f"core has just started, no component is checked yet{SAME}", screens.WAIT),
    ],
)
def test_open_outage_stays_open(check, harbor: Simulator, switches: str, problem: str, step: str) -> None:
    """What stalled core is named once core answers again; only the engine knows that the page is open."""
    harbor.switch(*switches.split())
    first, *further = check("health", *SERVICE, "--last-state", "HARD:CRITICAL")
    line = screens.problem("health", "CRITICAL", problem)[0]
    assert first.partition(" | ")[0] == line
    assert further[-2:] == [step, "exit code 2"]
    for state in ("OK", "HARD:WARNING", "UNKNOWN", "PENDING", "SOFT:CRITICAL", ""):
        assert check("health", *SERVICE, "--last-state", state)[-1] == "exit code 0"


def test_slow_report_keeps_an_outage_open(check, harbor: Simulator) -> None:
    harbor.delay(HEALTH, 0.3)
    first, *_, step, code = check("health", *SERVICE, "-w", "0.2", "--last-state", "critical")
    assert first.startswith(f"HARBOR HEALTH CRITICAL - the health report took 0.3 s{SAME} | ")
    assert (step, code) == (screens.SLOW, "exit code 2")
    assert check("health", *SERVICE, "-w", "0.2", "--last-state", "ok")[-1] == "exit code 1"


@pytest.mark.parametrize("switch", ["", "registry-down", "trivy-down", "jobservice-down", "portal-down"])
def test_outage_is_over(check, harbor: Simulator, switch: str) -> None:
    """What cannot stall core keeps no outage open: its own service reports it."""
    harbor.switch(*filter(None, [switch]))
    assert check("health", *SERVICE, "--last-state", "critical")[-1] == "exit code 0"


def test_frozen_redis_is_one_outage(check, harbor: Simulator) -> None:
    """As on a real Harbor: nothing, then a report that names Redis, then all is well."""
    state, codes = "OK", []
    for switches in ([], ["redis-frozen"], ["redis-down"], ["redis-down"], []):
        harbor.switch(*switches)
        *_, code = check("health", *SERVICE, "-t", "2", "--last-state", state)
        codes.append(code)
        state = {"exit code 0": "OK", "exit code 2": "CRITICAL"}[code]
    assert codes == ["exit code 0", *["exit code 2"] * 3, "exit code 0"]
