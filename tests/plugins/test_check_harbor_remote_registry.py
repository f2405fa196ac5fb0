"""check_harbor_remote_registry: what an operator sees."""

from __future__ import annotations

import re

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Remote, Replication
from support.planted import plant
from support.remotes import FAILS, TEST_IT, perfdata, shown

NOTE = "read-only mode: remote registries not pinged, Harbor's status may be 5 minutes old"


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
