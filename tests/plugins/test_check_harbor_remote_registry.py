"""check_harbor_remote_registry: what an operator sees."""

from __future__ import annotations

import re

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Remote, Replication
from support.planted import plant

TEST_IT = "Next: test it in the web UI (Administration > Registries), then with curl from the core container"
NOTE = "read-only mode: remote registries not pinged, Harbor's status may be 5 minutes old"
FAILS = "live ping fails (the registry is unhealthy)"


def perfdata(registries: int, failed: int = 0, ping: str = "T") -> str:
    slowest = f" ping={ping}s;3;;0" if ping else ""
    return f" | time=Ts;;;0 registries={registries};;;0 failed={failed};;;0{slowest}"


def shown(lines: list[str]) -> list[str]:
    """The lines with the measured ping made the same."""
    first, *further = lines
    words = ["ping=Ts;3;;0" if word.startswith("ping=0.") else word for word in first.split(" ")]
    return [" ".join(words), *further]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            ("a0-fresh/registries.admin", "a0-fresh/repl-policies.admin", "f-replication-failed/registry-ping-up"),
            ["OK - 2 remote registries" + perfdata(2), "exit code 0"],
        ),
        (
            ("a1-healthy/registries.admin", "a1-healthy/repl-policies.admin", "f-replication-failed/registry-ping-up"),
            ["OK - 3 remote registries" + perfdata(3), "exit code 0"],
        ),
        (
            (
                "f-replication-failed/registries-status-now",
                "f-replication-failed/policies-target-unhealthy",
                "f-replication-failed/registry-ping-down",
            ),
            [
                f"CRITICAL - remote: {FAILS}, shown as healthy, used by push-priv-scheduled (+1) (and 2 more)"
                + perfdata(3, 3, ""),
                f"CRITICAL: remote: {FAILS}, shown as healthy, used by push-priv-scheduled (+1)",
                f"WARNING: self-good: {FAILS}, shown as healthy, not in use",
                f"WARNING: raw-registry: {FAILS}, shown as healthy, not in use",
                TEST_IT,
                "exit code 2",
            ],
        ),
        (
            (
                "f-replication-failed/registries-after-10min-down",
                "f-replication-failed/policies-target-unhealthy",
                "f-replication-failed/registry-ping-up",
            ),
            ["OK - 3 remote registries, Harbor still shows remote as unhealthy" + perfdata(3), "exit code 0"],
        ),
    ],
)
def test_recorded(check, harbor: Simulator, answers: tuple[str, ...], expected: list[str]) -> None:
    plant(harbor, *answers)
    first, *further = expected
    assert shown(check("remote_registry", login=True)) == [f"HARBOR REMOTE_REGISTRY {first}", *further]


@pytest.mark.parametrize(
    ("remote", "policies", "proxies", "expected"),
    [
        pytest.param(
            Remote(3, "remote", ping=400),
            [Replication(1, "push-pub")],
            {},
            [f"CRITICAL - remote: {FAILS}, shown as healthy, used by push-pub" + perfdata(1, 1, ""), TEST_IT,
             "exit code 2"],
            id="used as the destination of a policy",
        ),
        pytest.param(
            Remote(3, "remote", ping=400, status="unhealthy"),
            [Replication(1, "pull-pub", source=3, destination=0)],
            {},
            [f"CRITICAL - remote: {FAILS}, used by pull-pub" + perfdata(1, 1, ""), TEST_IT, "exit code 2"],
            id="used as the source of a policy",
        ),
        pytest.param(
            Remote(3, "remote", ping=500),
            [],
            {"tiny": 3},
            ["CRITICAL - remote: live ping fails (internal server error), shown as healthy, used by tiny"
             + perfdata(1, 1, ""), TEST_IT, "exit code 2"],
            id="used by a proxy cache, and so dead that Harbor cannot make a client for it",
        ),
        pytest.param(
            Remote(1234567, "remote", ping=400),
            [],
            {"tiny": 1234567},
            [f"CRITICAL - remote: {FAILS}, shown as healthy, used by tiny" + perfdata(1, 1, ""), TEST_IT,
             "exit code 2"],
            id="used by a proxy cache, with a number of seven digits",
        ),
        pytest.param(
            Remote(3, "remote", ping=400),
            [Replication(1, "off", enabled=False)],
            {"tiny": 4},
            [f"WARNING - remote: {FAILS}, shown as healthy, not in use" + perfdata(1, 1, ""), TEST_IT,
             "exit code 1"],
            id="not used, for the policy is disabled",
        ),
    ],
)  # fmt: skip
def test_failing(
    check, harbor: Simulator, remote: Remote, policies: list[Replication], proxies: dict[str, int], expected: list[str]
) -> None:
    harbor.content.remotes = [remote]
    harbor.content.replications = policies
    harbor.content.proxies = proxies
    first, *further = expected
    assert check("remote_registry", login=True) == [f"HARBOR REMOTE_REGISTRY {first}", *further]


def test_projects_of_another_remote(check, harbor: Simulator) -> None:
    """As of a Harbor that does not know the query."""
    harbor.content.remotes, harbor.content.replications = [Remote(3, "remote", ping=400)], []
    harbor.answer("/api/v2.0/projects", body=[{"name": "tiny", "registry_id": 4}, {"name": "pub"}])
    first, *_ = check("remote_registry", login=True)
    assert first.startswith(f"HARBOR REMOTE_REGISTRY WARNING - remote: {FAILS}, shown as healthy, not in use | ")


def test_status_that_stays_healthy(check, harbor: Simulator) -> None:
    harbor.switch("remotes-down")
    assert check("remote_registry", "--exclude", "remote", login=True) == [
        f"HARBOR REMOTE_REGISTRY WARNING - hub: {FAILS}, shown as healthy, not in use" + perfdata(1, 1, ""),
        TEST_IT,
        "exit code 1",
    ]


def test_details(check, harbor: Simulator) -> None:
    """Whether something uses it makes another problem of it."""
    harbor.content.remotes = [Remote(3, "remote", ping=400), Remote(4, "hub", ping=400)]
    harbor.content.replications = [Replication(1, "push-pub")]
    assert check("remote_registry", "-v", login=True)[1:-1] == [
        f"CRITICAL: remote: {FAILS}, shown as healthy, used by push-pub [remote_registry.down]",
        f"WARNING: hub: {FAILS}, shown as healthy, not in use [remote_registry.unused-down]",
        TEST_IT,
    ]


def test_none(check, harbor: Simulator) -> None:
    harbor.content.remotes, harbor.content.replications = [], []
    assert check("remote_registry", login=True) == [
        "HARBOR REMOTE_REGISTRY OK - no remote registry" + perfdata(0, ping=""),
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("healthy", [f"OK - 2 remote registries, {NOTE}" + perfdata(2, ping=""), "exit code 0"]),
        (
            "unhealthy",
            [
                "CRITICAL - remote: Harbor reports it as unhealthy, used by push-priv (+1)" + perfdata(2, 1, ""),
                f"Note: {NOTE}",
                TEST_IT,
                "exit code 2",
            ],
        ),
        (
            "",
            [
                "CRITICAL - remote: Harbor reports it as not known, used by push-priv (+1)" + perfdata(2, 1, ""),
                f"Note: {NOTE}",
                TEST_IT,
                "exit code 2",
            ],
        ),
    ],
)
def test_read_only_mode(check, harbor: Simulator, status: str, expected: list[str]) -> None:
    harbor.switch("read-only-mode")
    harbor.content.remotes[0].status = status
    first, *further = expected
    assert check("remote_registry", login=True) == [f"HARBOR REMOTE_REGISTRY {first}", *further]


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


def test_no_label_holds_two_colons(check, harbor: Simulator) -> None:
    """Icinga 2 would take what stands before them for the prefix of all labels that follow."""
    harbor.content.remotes = [Remote(1, "fra::hub"), Remote(2, "muc::quay"), Remote(3, "a:b")]
    harbor.content.replications = []
    first, code = check("remote_registry", "--perfdata-for", "*", login=True)
    head, perfdata = re.sub(r"\b0\.\d+(?=s;3)", "T", first).split(" | ")
    assert (head, code) == ("HARBOR REMOTE_REGISTRY OK - 3 remote registries", "exit code 0")
    assert sorted(perfdata.split()) == [  # the slowest comes first
        "'ping_a:b'=Ts;3;;0", "failed=0;;;0", "ping=Ts;3;;0", "ping_fra__hub=Ts;3;;0", "ping_muc__quay=Ts;3;;0",
        "registries=3;;;0", "time=Ts;;;0",
    ]  # fmt: skip


def test_one_that_is_not_there(check) -> None:
    assert check("remote_registry", "--registry", "quay", login=True) == [
        "HARBOR REMOTE_REGISTRY UNKNOWN - no registry is named quay",
        "Next: compare --include with the names in Harbor: a robot account sees only what its permissions cover",
        "exit code 3",
    ]


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
        "HARBOR REMOTE_REGISTRY UNKNOWN - only 4 of 50 remote registries checked: time ran out" + perfdata(4),
        "Next: raise -t, or split the registries across services with --registry",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("switches", "owner"),
    [
        ("redis-down", "component-redis"),
        ("registry-down", "component-registry"),
        ("registry-frozen", "component-registry"),
        ("core-just-started", "health"),
    ],
)
@pytest.mark.parametrize("slow", [False, True], ids=["failed", "slow"])
def test_ping_through_a_core_that_is_not_well(check, harbor: Simulator, switches: str, owner: str, slow: bool) -> None:
    """It proves nothing about the remote."""
    harbor.switch(switches)
    harbor.content.remotes = [Remote(3, "remote", ping=200 if slow else 400)]
    options = ("-w", "0.00001") if slow else ()
    first, *_, code = check("remote_registry", "--isolate", *options, login=True)
    assert f" (see harbor-{owner})" in first
    assert code == "exit code 3"


def test_remote_that_fails_alone_is_its_own_trouble(check, harbor: Simulator) -> None:
    """Also while something else is down that no ping goes through, and as long as Harbor has noticed nothing."""
    for switches in (("trivy-down", "jobservice-down"), ("registry-down", "stale-health")):
        harbor.switch("remotes-down", *switches)
        assert check("remote_registry", "--isolate", "--registry", "remote", login=True) == [
            f"HARBOR REMOTE_REGISTRY CRITICAL - remote: {FAILS}, shown as healthy, used by push-priv (+1)"
            + perfdata(1, 1, ""),
            TEST_IT,
            "exit code 2",
        ]


@pytest.mark.parametrize("external", ["", "https://registry.example.net"])
def test_remote_that_is_this_harbor(check, harbor: Simulator, external: str) -> None:
    """By the address of -H, or by the one that Harbor gives to its clients."""
    harbor.external_url = external or harbor.url
    harbor.content.remotes = [Remote(3, "myself", url=f"{external or harbor.url}/", ping=400)]
    assert check("remote_registry", login=True) == [
        "HARBOR REMOTE_REGISTRY OK - 1 remote registry" + perfdata(1, 1, ""),
        f"Note: myself is this Harbor itself, which other probes judge: {FAILS}, shown as healthy",
        "exit code 0",
    ]
    harbor.content.remotes = [Remote(3, "myself", url="https://elsewhere.example.net", ping=400)]
    assert check("remote_registry", login=True)[-1] == "exit code 2"


@pytest.mark.parametrize(
    ("status", "reason"),
    [(405, "refused-in-front"), (418, "refused-in-front"), (429, "rate-limited"), (502, "error-status")],
)
def test_a_proxy_that_refuses_a_ping_is_not_the_remote(ask, harbor: Simulator, status: int, reason: str) -> None:
    harbor.content.remotes = [Remote(3, "remote")]
    harbor.switch(f"status-{status}@/api/v2.0/registries/ping")
    text = "\n".join(ask("remote_registry", "-v"))
    assert f"[harbor.{reason}]" in text
    assert "remote_registry.down" not in text
    assert "remote_registry.unused-down" not in text
