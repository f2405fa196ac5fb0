"""The projects of this Harbor with their repositories and tags, and GET /projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .accounts import Login
from .listing import paged
from .messages import Request, Response, StalledError, error

if TYPE_CHECKING:
    from .simulator import Simulator

CREATED, NEVER = "2026-11-22T06:18:12.464Z", "0001-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Project:
    """`repositories` holds the tags by repository name."""

    number: int
    public: bool
    repositories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


PROJECTS = {
    "library": Project(1, public=True),
    "priv": Project(3, public=False, repositories={"img": ("1.0", "2.0")}),
    "pub": Project(2, public=True, repositories={"img": ("1.0",)}),
    "tiny": Project(4, public=False, repositories={"img": ("1.0",)}),
}


def repository_actions(login: Login, project: str) -> tuple[str, ...]:
    """What a login may do with the repositories of a project.

    A robot of Harbor 2.9 with any right on system level may not even pull what is public.
    """
    if project not in PROJECTS:
        return ()
    if login.granted is not None:
        return login.granted.get(project, ())
    public = ("pull",) if PROJECTS[project].public else ()
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
    names = [name for name, project in PROJECTS.items() if sees_all or project.public]
    names += harbor.content.project_names() if sees_all else []
    query = request.query.get("q", "")
    if query.startswith("name="):
        names = [name for name in names if name == query[len("name=") :]]
    if query.startswith("registry_id="):
        remote = int(query[len("registry_id=") :])
        names = [name for name in names if harbor.content.proxies.get(name) == remote]
    return paged(request, names, lambda name: _row(harbor, name, login))


def number_of(name: str) -> int:
    """The project's number in the database; that of `team-00001` is 10001."""
    return PROJECTS[name].number if name in PROJECTS else 10000 + int(name.rpartition("-")[2])


def _row(harbor: Simulator, name: str, login: Login) -> dict[str, object]:
    project = PROJECTS.get(name) or Project(number_of(name), public=False)
    retention = harbor.content.retention_of(name)
    metadata = {"public": str(project.public).lower(), **({"retention_id": str(retention)} if retention else {})}
    allowlist = {"creation_time": NEVER, "items": [], "update_time": NEVER}
    row: dict[str, object] = {
        "creation_time": CREATED,
        "current_user_role_ids": None,
        "cve_allowlist": {**allowlist, "id": project.number, "project_id": project.number},
        "metadata": metadata,
        "name": name,
        "owner_id": 1,
        "owner_name": "admin",
        "project_id": project.number,
        "repo_count": len(project.repositories),
        "update_time": CREATED,
    }
    if name in harbor.content.proxies:
        row["registry_id"] = harbor.content.proxies[name]
    if login.account is not None and login.account.sysadmin:
        row.update(current_user_role_id=1, current_user_role_ids=[1])
    return row
