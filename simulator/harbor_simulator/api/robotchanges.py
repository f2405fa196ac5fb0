"""POST, PUT, PATCH and DELETE of robot accounts: what Harbor refuses, and the effect on logins."""

from __future__ import annotations

import json
import re
import secrets
import string
from typing import Any

from harbor_simulator.accounts import MONITOR_PERMISSIONS, MONITOR_PROJECT_PERMISSIONS, Account, Login, as_in
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.records import Permission, Robot
from harbor_simulator.world import World

from .projects import unknown as unknown_project
from .robots import DAY, by_number, row, unknown

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
SECRET = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9]).{8,128}")
WEAK = (
    "the secret must be 8-128, inclusively, characters long"
    " with at least 1 uppercase letter, 1 lowercase letter and 1 number"
)
# Days: the value that 2.9 uses for a duration of 0; since 2.10 that is refused.
DEFAULT_DURATION = 30
# The permissions that were tested one by one; 2.9 accepts any.
CHECKS_PERMISSIONS_FROM, ROBOTS_LIST_ROBOTS_FROM = (2, 10), (2, 12)
KNOWN = {
    "system": MONITOR_PERMISSIONS,
    "project": MONITOR_PROJECT_PERMISSIONS
    | {"repository:pull", "repository:push", "repository:delete", "artifact:delete"},
}


def create(world: World, request: Request, login: Login) -> Response:
    """POST /robots: only this answer shows the secret."""
    wanted, content = json.loads(request.body), world.content
    if not NAME.fullmatch(wanted["name"]):
        return _bad("robot name is not in lower case or contains illegal characters")
    refusal = _refusal(world, wanted)
    if refusal:
        return refusal
    project, name = 0, wanted["name"]
    if wanted["level"] == "project":
        namespace = wanted["permissions"][0]["namespace"]
        if namespace not in content.projects:
            return unknown_project(namespace)
        project, name = content.projects[namespace].number, f"{namespace}+{name}"
    if any(robot.name == content.robot_prefix + name for robot in content.robots):
        return error(409, "CONFLICT", f"robot account {project}:{name} already exists")
    number = max((robot.number for robot in content.robots), default=0) + 1
    robot = Robot(number, content.robot_prefix + name, world.clock(), project=project, secret=_new_secret())
    content.robots.append(robot)
    _take(world, robot, wanted)
    response = json_response(
        {
            "creation_time": row(robot)["creation_time"],
            "expires_at": int(robot.expires),
            "id": number,
            "name": robot.name,
            "secret": robot.secret,
        },
        Location=f"{request.path}/{number}",
    )
    response.status = 201
    return response


def update(world: World, request: Request, login: Login) -> Response:
    """PUT /robots/{id}: permissions, duration (since its creation) and whether it is disabled; the secret stays."""
    wanted, robot = json.loads(request.body), by_number(world.content, request)
    if robot is None:
        return unknown(request)
    refusal = _refusal(world, wanted)
    if refusal:
        return refusal
    if (wanted["level"], wanted["name"]) != (row(robot)["level"], robot.name):
        return _bad("cannot update the level or name of robot")
    robot.updated = world.clock()
    _take(world, robot, wanted)
    return Response()


def refresh(world: World, request: Request, login: Login) -> Response:
    """PATCH /robots/{id}: a new secret, either the given one or (if empty) one that Harbor generates and shows."""
    given, robot = json.loads(request.body)["secret"], by_number(world.content, request)
    if robot is None:
        return unknown(request)
    if given and not SECRET.fullmatch(given):
        return _bad(WEAK)
    robot.secret = given or _new_secret()
    _enrol(world, robot)
    return json_response({} if given else {"secret": robot.secret})


def delete(world: World, request: Request, login: Login) -> Response:
    """DELETE /robots/{id}."""
    robot = by_number(world.content, request)
    if robot is None:
        return unknown(request)
    world.content.robots.remove(robot)
    world.authenticator.accounts.pop(robot.name, None)
    return Response()


def _refusal(world: World, wanted: dict[str, Any]) -> Response | None:
    """The refusal of such an account by this Harbor, if it refuses it."""
    duration, permissions = wanted["duration"], wanted["permissions"]
    checks = world.version >= CHECKS_PERMISSIONS_FROM
    if duration < -1 or (checks and duration == 0):
        text = "duration must be either -1(Never) or a positive integer"
        return _bad(f"bad request error duration input: {duration}, {text}")
    if not permissions:
        return _bad("bad request empty permission")
    if wanted["level"] == "project" and len(permissions) > 1:
        return _bad("bad request permission")
    for permission in permissions:
        if not permission["access"]:
            return _bad("bad request empty access")
        for wants in _access(permission):
            too_early = wants == "robot:list" and world.version < ROBOTS_LIST_ROBOTS_FROM
            if checks and (too_early or wants not in KNOWN[permission["kind"]]):
                return _bad(f"bad request permission: {wants}")
    return None


def _take(world: World, robot: Robot, wanted: dict[str, Any]) -> None:
    """Apply the requested settings to the account."""
    days = wanted["duration"] or DEFAULT_DURATION
    robot.expires = -1 if days == -1 else robot.created + days * DAY
    robot.description = wanted.get("description", "")
    robot.disabled = wanted.get("disable", False)
    robot.permissions = tuple(
        Permission(permission["kind"], permission["namespace"], _access(permission))
        for permission in wanted["permissions"]
    )
    _enrol(world, robot)


def _enrol(world: World, robot: Robot) -> None:
    """Allow it to log in, or no longer."""
    accounts = world.authenticator.accounts
    if not robot.secret:
        return
    accounts.pop(robot.name, None)
    if robot.disabled:
        return
    of_system: set[str] = set()
    everywhere: set[str] = set()
    projects = {}
    for kind, namespace, access in robot.permissions:
        if kind == "system":
            of_system.update(access)
        elif namespace == "*":
            everywhere.update(access)
        else:
            actions = (one.partition(":") for one in access)
            projects[namespace] = tuple(action for resource, _, action in actions if resource == "repository")
    account = Account(
        robot.secret, permissions=frozenset(of_system), projects=projects, project_permissions=frozenset(everywhere)
    )
    accounts.update(as_in(world.version, {robot.name: account}))


def _access(permission: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{access['resource']}:{access['action']}" for access in permission["access"])


def _new_secret() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(29)) + "aA0"


def _bad(message: str) -> Response:
    return error(400, "BAD_REQUEST", message)
