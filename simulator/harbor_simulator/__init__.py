"""A simulated Harbor: real sockets, real TLS, recorded answers, a switch for every failure.

    with Simulator("registry-down") as harbor:
        requests.get(harbor.url + "/api/v2.0/health", verify=harbor.ca_file)
        harbor.switch("redis-down", "portal-down")
        harbor.certificate = "expired"
        harbor.reset()

`check_harbor_simulator --list` shows what the switches break.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accounts import MONITOR, MONITOR_SECRET, Account

if TYPE_CHECKING:
    from .simulator import Simulator

__all__ = ["MONITOR", "MONITOR_SECRET", "Account", "Simulator"]


def __getattr__(name: str) -> type[Simulator]:
    """Load the Simulator on demand: the command must be able to report that its libraries are missing."""
    if name != "Simulator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .simulator import Simulator

    return Simulator
