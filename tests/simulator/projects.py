"""The projects of this Harbor with their repositories and tags, and GET /projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .accounts import Login
from .messages import Request, Response, StalledError, error, json_response

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
    sees_all = login.account is not None and login.account.may("project:list")
    rows = [_row(name, login) for name, project in PROJECTS.items() if sees_all or project.public]
    return json_response(rows, **{"X-Total-Count": str(len(rows))})


def _row(name: str, login: Login) -> dict[str, object]:
    project = PROJECTS[name]
    allowlist = {"creation_time": NEVER, "items": [], "update_time": NEVER}
    row: dict[str, object] = {
        "creation_time": CREATED,
        "current_user_role_ids": None,
        "cve_allowlist": {**allowlist, "id": project.number, "project_id": project.number},
        "metadata": {"public": str(project.public).lower()},
        "name": name,
        "owner_id": 1,
        "owner_name": "admin",
        "project_id": project.number,
        "repo_count": len(project.repositories),
        "update_time": CREATED,
    }
    if login.account is not None and login.account.sysadmin:
        row.update(current_user_role_id=1, current_user_role_ids=[1])
    return row
