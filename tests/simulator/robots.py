"""/robots: those of the system, or of one project; the rights differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .accounts import Login
from .content import Content, moment
from .listing import paged
from .messages import Request, Response, error
from .projects import PROJECTS, number_of
from .records import Robot

if TYPE_CHECKING:
    from .simulator import Simulator

DAY = 86400


def listing(harbor: Simulator, request: Request, login: Login) -> Response:
    """GET /robots, in the order of their names."""
    query = request.query.get("q", "")
    of_project = re.fullmatch(r"Level=project,ProjectID=(\d+)", query)
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if of_project and not login.account.may_in_projects("robot:list"):
        return error(403, "FORBIDDEN", "forbidden")
    if not of_project and not login.account.may("robot:list"):
        return error(403, "FORBIDDEN", str(login.name))
    project = int(of_project[1]) if of_project else 0
    robots = [robot for robot in harbor.content.robots if robot.project == project]
    robots += more(harbor.content, project)
    if query.startswith("name=~"):
        robots = [robot for robot in robots if query[len("name=~") :] in robot.name]
    return paged(request, sorted(robots, key=lambda robot: robot.name), row)


def more(content: Content, project: int) -> list[Robot]:
    """Those of the many projects besides."""
    if project <= max(known.number for known in PROJECTS.values()):
        return []
    name = f"team-{project - number_of('team-00000'):05d}"
    start = project * 100
    return [Robot(start + number, f"robot${name}+ci-{number}", 0.0) for number in range(content.more_robots)]


def row(robot: Robot) -> dict[str, object]:
    kind, namespace = ("project", "priv") if robot.project else ("system", "/")
    access = [dict(zip(("resource", "action"), right.split(":"))) for right in robot.rights]
    never = robot.expires == -1
    return {
        "creation_time": moment(robot.created),
        **({"description": robot.description} if robot.description else {}),
        "disable": robot.disabled,
        "duration": -1 if never else round((robot.expires - robot.created) / DAY),
        "editable": True,
        "expires_at": int(robot.expires),
        "id": robot.number,
        "level": "project" if robot.project else "system",
        "name": robot.name,
        "permissions": [{"access": access, "kind": kind, "namespace": namespace}],
        "update_time": moment(robot.created if robot.updated is None else robot.updated),
    }
