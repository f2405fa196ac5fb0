"""check_harbor_remote_registry: a ping goes through Harbor, so its failure need not be one of the remote."""

from __future__ import annotations

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import Remote
from support.remotes import FAILS, TEST_IT, perfdata


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
