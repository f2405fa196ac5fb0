"""A Harbor stand-in for the tests: real sockets, real TLS, answers as recorded, every failure on a switch.

    with Simulator("registry-down") as harbor:
        requests.get(harbor.url + "/api/v2.0/health", verify=harbor.ca_file)
        harbor.switch("redis-down", "portal-down")
        harbor.certificate = "expired"
        harbor.reset()

`python3 tests/simulator --list` tells what the switches break; what real Harbors answered is in tests/recordings.
"""

from .accounts import MONITOR, MONITOR_SECRET, Account
from .simulator import Simulator

__all__ = ["MONITOR", "MONITOR_SECRET", "Account", "Simulator"]
