"""/projects: listing, reading, creating and deleting them, and who may do what in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .accounts import Login
from .content import moment
from .listing import paged
from .messages import Request, Response, StalledError, error, json_response
from .records import Project

if TYPE_CHECKING:
    from .simulator import Simulator


def repository_actions(harbor: Simulator, login: Login, project: str) -> tuple[str, ...]:
    """What a login may do with the repositories of a project.

    A robot of Harbor 2.9 with any right on system level may not even pull what is public.
    """
    if project not in harbor.content.projects:
        return ()
    if login.granted is not None:
        return login.granted.get(project, ())
    public = ("pull",) if harbor.content.projects[project].public else ()
    if login.account is None:
        return public
    if login.account.sysadmin:
        return ("pull", "push", "delete")
    if login.account.rights:
        return ()
    return login.account.projects.get(project, public)


def listing(harbor: Simulator, request: Request, login: Login) -> Response:
    """GET /projects: the public ones for everybody, all of them for who may list projects."""
    if harbor.state.part("database") == "down":
        return error(500, "UNKNOWN", "internal server error")
    if harbor.state.part("database") == "locked":
        raise StalledError
    sees_all = login.account is not None and login.account.sees_all_projects
    names = [name for name, project in harbor.content.projects.items() if sees_all or project.public]
    names += harbor.content.project_names() if sees_all else []
    query = request.query.get("q", "")
    if query.startswith("name="):
        names = [name for name in names if name == query[len("name=") :]]
    if query.startswith("registry_id="):
        remote = int(query[len("registry_id=") :])
        names = [name for name in names if harbor.content.proxies.get(name) == remote]
    return paged(request, names, lambda name: _row(harbor, name, login))


def one(harbor: Simulator, request: Request, login: Login) -> Response:
    """GET /projects/{name}."""
    name = request.path.rpartition("/")[2]
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if name not in harbor.content.projects:
        return unknown(name)
    if not (login.account.may_in_projects("project:read") or harbor.content.projects[name].public):
        return error(403, "FORBIDDEN", "forbidden")
    return json_response(_row(harbor, name, login))


def create(harbor: Simulator, request: Request, login: Login) -> Response:
    """POST /projects."""
    wanted, projects = json.loads(request.body), harbor.content.projects
    name = wanted["project_name"]
    if name in projects:
        return error(409, "CONFLICT", f"The project named {name} already exists")
    number = max(project.number for project in projects.values()) + 1
    public = wanted.get("metadata", {}).get("public") == "true"
    projects[name] = Project(number, public, created=harbor.clock())
    harbor.content.quotas[name] = (wanted.get("storage_limit", -1), 0)
    return Response(201, {"Location": f"{request.path}/{number}"})


def delete(harbor: Simulator, request: Request, login: Login) -> Response:
    """DELETE /projects/{name}."""
    name = request.path.rpartition("/")[2]
    if name not in harbor.content.projects:
        return unknown(name)
    del harbor.content.projects[name]
    harbor.content.quotas.pop(name, None)
    return Response()


def unknown(name: str) -> Response:
    return error(404, "NOT_FOUND", f"project {name} not found")


def _row(harbor: Simulator, name: str, login: Login) -> dict[str, object]:
    project = harbor.content.projects.get(name) or Project(harbor.content.number_of(name))
    retention = harbor.content.retention_of(name)
    metadata = {"public": str(project.public).lower(), **({"retention_id": str(retention)} if retention else {})}
    allowlist = {"creation_time": moment(None), "items": [], "update_time": moment(None)}
    row: dict[str, object] = {
        "creation_time": moment(project.created),
        "current_user_role_ids": None,
        "cve_allowlist": {**allowlist, "id": project.number, "project_id": project.number},
        "metadata": metadata,
        "name": name,
        "owner_id": 1,
        "owner_name": "admin",
        "project_id": project.number,
        "repo_count": len(project.repositories),
        "update_time": moment(project.created),
    }
    if name in harbor.content.proxies:
        row["registry_id"] = harbor.content.proxies[name]
    if login.account is not None and login.account.sysadmin:
        row.update(current_user_role_id=1, current_user_role_ids=[1])
    return row
