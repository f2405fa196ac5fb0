"""The REST API: one table of endpoints, and what is common to all of them.

A further endpoint is a function (harbor, request, login) -> Response in a module of its own and a line in ENDPOINTS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from . import projects, system
from .accounts import Login
from .messages import Request, Response, error

if TYPE_CHECKING:
    from .simulator import Simulator

BASE = "/api/v2.0"


@dataclass(frozen=True)
class Endpoint:
    """`get` answers; `needs` is the system-level right without which it is 401 or 403."""

    get: Callable[[Simulator, Request, Login], Response]
    needs: str | None = None


# Path under /api/v2.0; {name} matches one segment.
ENDPOINTS: dict[str, Endpoint] = {
    "/health": Endpoint(system.health),
    "/systeminfo": Endpoint(system.info),
    "/systeminfo/volumes": Endpoint(system.volumes, needs="system-volumes:read"),
    "/projects": Endpoint(projects.listing),
}


def answer(harbor: Simulator, request: Request, login: Login) -> Response:
    """What the API answers to whom core has recognised."""
    if request.path == "/api/version":
        return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, b'{"version":"v2.0"}\n')
    if not request.path.startswith(BASE + "/"):
        return Response(404, {"Content-Type": "text/html; charset=utf-8"}, PAGE_NOT_FOUND)
    endpoint = _find(request.path[len(BASE) :].rstrip("/"))
    if endpoint is None:
        return error(404, "NOT_FOUND", f"path {request.path} was not found")
    if request.method != "GET":
        return error(405, "METHOD_NOT_ALLOWED", f"method {request.method} is not allowed, but [GET] are")
    if endpoint.needs and login.account is None:
        return error(401, "UNAUTHORIZED", "unauthorized")
    if endpoint.needs and not login.account.may(endpoint.needs):
        return error(403, "FORBIDDEN", str(login.name))
    return endpoint.get(harbor, request, login)


def _find(path: str) -> Endpoint | None:
    for pattern, endpoint in ENDPOINTS.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return endpoint
    return None


PAGE_NOT_FOUND = (
    b"<!DOCTYPE HTML>\n<html>\n<head><title>404 - Page Not Found</title></head>\n<body></body>\n</html>\n"
)
