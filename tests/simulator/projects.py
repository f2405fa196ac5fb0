"""The projects of this Harbor, and their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accounts import Login
from .messages import Request, Response, Stalled, error, json_response

if TYPE_CHECKING:
    from .simulator import Simulator

PUBLIC = {"library": True, "priv": False, "pub": True, "tiny": False}
CREATED, NEVER = "2026-11-22T06:18:12.464Z", "0001-01-01T00:00:00.000Z"


def listing(harbor: Simulator, request: Request, login: Login) -> Response:
    if harbor.state.part("database") == "down":
        return error(500, "UNKNOWN", "internal server error")
    if harbor.state.part("database") == "locked":
        raise Stalled
    sees_all = login.account is not None and login.account.may("project:list")
    names = [name for name in PUBLIC if sees_all or PUBLIC[name]]
    rows: list[dict[str, object]] = []
    for name in names:
        number = list(PUBLIC).index(name) + 1
        row: dict[str, object] = {
            "creation_time": CREATED,
            "current_user_role_ids": None,
            "cve_allowlist": {
                "creation_time": NEVER, "id": number, "items": [], "project_id": number, "update_time": NEVER,
            },
            "metadata": {"public": str(PUBLIC[name]).lower()},
            "name": name,
            "owner_id": 1,
            "owner_name": "admin",
            "project_id": number,
            "repo_count": 0 if name == "library" else 1,
            "update_time": CREATED,
        }  # fmt: skip
        if login.account is not None and login.account.sysadmin:
            row.update(current_user_role_id=1, current_user_role_ids=[1])
        rows.append(row)
    return json_response(rows, **{"X-Total-Count": str(len(rows))})
