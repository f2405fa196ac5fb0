"""What the tests of check_harbor_login share: a robot account, its permissions, what was sent."""

from __future__ import annotations

from harbor_simulator import Simulator

ROBOT, SECRET = "robot$canary", "sEcret-of/the+canary=robot"
REPOSITORY = "priv/canary"
ACTIONS = ("pull", "push")
PERFDATA = "time=Ts;2;10;0 lifetime=1800s;;;0"


def secrets(harbor: Simulator, password: str) -> set[str]:
    """What no output may hold: the password, and whatever was sent as Authorization."""
    sent = {request.headers["Authorization"].split(" ")[1] for request in harbor.requests if request.authorization}
    return {password, *sent}


def logins(harbor: Simulator) -> list[str]:
    """The paths to which the password went."""
    return [request.path for request in harbor.requests if request.authorization == "Basic"]
