"""/projects: listing, reading, creating and deleting projects, and the permissions in them."""

from __future__ import annotations

import json
from typing import Callable

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, StalledError, error, json_response
from harbor_simulator.records import Project
from harbor_simulator.world import World

from .listing import paged
from .query import chosen

OWNER = 1  # the number of the administrator


def listing(world: World, request: Request, login: Login) -> Response:
    """GET /projects: the public ones for everyone, all of them for accounts that may list projects."""
    if world.state.part("database") == "down":
        return error(500, "UNKNOWN", "internal server error")
    if world.state.part("database") == "locked":
        raise StalledError
    sees_all = login.account is not None and login.account.sees_all_projects
    names = [name for name, project in world.content.projects.items() if sees_all or project.public]
    names += world.content.project_names() if sees_all else []
    columns: dict[str, Callable[[str], object]] = {
        "name": str,
        "public": lambda name: name in world.content.projects and world.content.projects[name].public,
        "owner_id": lambda name: OWNER,
        "project_id": world.content.number_of,
        "registry_id": world.content.proxies.get,
    }
    part = request.query.get("name", "")
    names = [name for name in chosen(request, names, columns) if part.casefold() in name]
    return paged(request, names, lambda name: _row(world, name, login), lambda name: unreadable(world, name))


def unreadable(world: World, name: str) -> Response | None:
    """The refusal of a list because of a project whose row refers to something that is gone; None if there is none."""
    project = world.content.projects.get(name)
    return error(500, "UNKNOWN", "internal server error") if project and not project.readable else None


def one(world: World, request: Request, login: Login) -> Response:
    """GET /projects/{name}."""
    name = request.path.rpartition("/")[2]
    if login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if name not in world.content.projects:
        return unknown(name)
    if not (login.account.may_in_projects("project:read") or world.content.projects[name].public):
        return error(403, "FORBIDDEN", "forbidden")
    return json_response(_row(world, name, login))


def create(world: World, request: Request, login: Login) -> Response:
    """POST /projects."""
    wanted, projects = json.loads(request.body), world.content.projects
    name = wanted["project_name"]
    if name in projects:
        return error(409, "CONFLICT", f"The project named {name} already exists")
    number = max(project.number for project in projects.values()) + 1
    public = wanted.get("metadata", {}).get("public") == "true"
    projects[name] = Project(number, public, created=world.clock())
    world.content.quotas[name] = (wanted.get("storage_limit", -1), 0)
    return Response(201, {"Location": f"{request.path}/{number}"})


def delete(world: World, request: Request, login: Login) -> Response:
    """DELETE /projects/{name}."""
    name = request.path.rpartition("/")[2]
    if name not in world.content.projects:
        return unknown(name)
    del world.content.projects[name]
    world.content.quotas.pop(name, None)
    return Response()


def unknown(name: str) -> Response:
    """The 404 for a project that does not exist."""
    return error(404, "NOT_FOUND", f"project {name} not found")


def _row(world: World, name: str, login: Login) -> dict[str, object]:
    project = world.content.projects.get(name) or Project(world.content.number_of(name))
    retention = world.content.retention_of(name)
    metadata = {"public": str(project.public).lower(), **({"retention_id": str(retention)} if retention else {})}
    allowlist = {"creation_time": moment(None), "items": [], "update_time": moment(None)}
    row: dict[str, object] = {
        "creation_time": moment(project.created),
        "current_user_role_ids": None,
        "cve_allowlist": {**allowlist, "id": project.number, "project_id": project.number},
        "metadata": metadata,
        "name": name,
        "owner_id": OWNER,
        "owner_name": "admin",
        "project_id": project.number,
        "repo_count": len(project.repositories),
        "update_time": moment(project.created),
    }
    if name in world.content.proxies:
        row["registry_id"] = world.content.proxies[name]
    if login.account is not None and login.account.sysadmin:
        row.update(current_user_role_id=1, current_user_role_ids=[1])
    return row
