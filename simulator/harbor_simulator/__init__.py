"""A Harbor stand-in: real sockets, real TLS, answers as recorded, every failure on a switch.

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
    """Load the Simulator when it is asked for: the command must be able to say that its libraries are missing."""
    if name != "Simulator":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .simulator import Simulator

    return Simulator
