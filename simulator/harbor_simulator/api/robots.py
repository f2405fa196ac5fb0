"""GET /robots: those of the system, or of one project; the permissions differ. Changes are in robotchanges.py."""

from __future__ import annotations

from harbor_simulator.accounts import Login
from harbor_simulator.content import Content, moment
from harbor_simulator.messages import Request, Response, error, json_response
from harbor_simulator.records import Robot
from harbor_simulator.world import World

from .listing import paged
from .query import chosen, keywords

DAY = 86400


def listing(world: World, request: Request, login: Login) -> Response:
    """GET /robots, sorted by name; `q` selects a project, a name (=) or a part of one (=~).

    Names are compared as stored in the database: without the prefix.
    """
    asked = keywords(request)
    of_project = asked.get("Level") == "project"
    if of_project and "ProjectID" not in asked:
        return error(400, "BAD_REQUEST", "must with project ID when to query project robots")
    project = int(asked["ProjectID"]) if of_project else 0
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if project and not login.account.may_in_projects("robot:list"):
        return error(403, "FORBIDDEN", "forbidden")
    if not project and not login.account.may("robot:list"):
        return error(403, "FORBIDDEN", str(login.name))
    robots = [robot for robot in world.content.robots if robot.project == project]
    robots += more(world.content, project)
    prefix = world.content.robot_prefix
    robots = chosen(request, robots, {"name": lambda robot: robot.name.removeprefix(prefix)})
    return paged(request, sorted(robots, key=lambda robot: robot.name), row)


def more(content: Content, project: int) -> list[Robot]:
    """Those of the many additional projects."""
    if project <= max(known.number for known in content.projects.values()):
        return []
    name = f"team-{project - content.number_of('team-00000'):05d}"
    start = project * 100
    return [Robot(start + number, f"robot${name}+ci-{number}", 0.0) for number in range(content.more_robots)]


def one(world: World, request: Request, login: Login) -> Response:
    """GET /robots/{id}."""
    robot = by_number(world.content, request)
    return json_response(row(robot)) if robot else unknown(request)


def by_number(content: Content, request: Request) -> Robot | None:
    """The robot account with the number at the end of the path."""
    number = request.path.rpartition("/")[2]
    return next((robot for robot in content.robots if str(robot.number) == number), None)


def unknown(request: Request) -> Response:
    """The 404 for an account that does not exist."""
    return error(404, "NOT_FOUND", f"robot {request.path.rpartition('/')[2]} not found")


def row(robot: Robot) -> dict[str, object]:
    """An account in the form of the API."""
    permissions = [
        {
            "access": [dict(zip(("resource", "action"), one.split(":"))) for one in permission.access],
            "kind": permission.kind,
            "namespace": permission.namespace,
        }
        for permission in robot.permissions
    ]
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
        "permissions": permissions,
        "update_time": moment(robot.created if robot.updated is None else robot.updated),
    }
