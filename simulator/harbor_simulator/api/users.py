"""/users/current: the current account. Harbor does not know a robot account here, but accepts its credentials."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.world import World

REGISTERED = 1795328230.0
ROBOT_PREFIX = "robot$"
NO_PERSON = "get current user not available for security context: robot"


def current(world: World, request: Request, login: Login) -> Response:
    """GET /users/current."""
    if login.account is None or login.name is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if login.name.startswith(ROBOT_PREFIX):
        return error(412, "PRECONDITION", NO_PERSON)
    address = {} if login.account.sysadmin else {"email": f"{login.name}@example.com"}
    return json_response(
        {
            "admin_role_in_auth": False,
            "comment": "",
            "creation_time": moment(REGISTERED),
            **address,
            "realname": login.name,
            "sysadmin_flag": login.account.sysadmin,
            "update_time": moment(REGISTERED),
            "user_id": 1 if login.account.sysadmin else 3,
            "username": login.name,
        }
    )
