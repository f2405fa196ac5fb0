"""/v2/: core checks login and permissions, answers some requests itself, and forwards the rest to the registry."""

from __future__ import annotations

import re

from . import repositories
from .accounts import Login
from .faults import DATABASE_REFUSED
from .messages import API_VERSION, JSON, REPOSITORY, Request, Response, StalledError, compact_json, error
from .world import World

REALM_FROM_REQUEST_SINCE = (2, 14)
FOREIGN_HOST = "registry.example.net"
ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}  # push for all others


def answer(world: World, request: Request, login: Login) -> Response:
    """Core's answer under /v2/."""
    if request.path == "/v2/":
        if login.name is None:
            return unauthorized(world, request, "unauthorized")
        return repositories.hand_on(world, request)
    if request.path == "/v2/_catalog":
        return _catalog(world, request, login)
    match = REPOSITORY.fullmatch(request.path)
    if match is None:
        return error(404, "NOT_FOUND", f"path {request.path} was not found")
    return _repository(world, request, login, match)


def _catalog(world: World, request: Request, login: Login) -> Response:
    if login.account is None or not login.account.may("catalog:read"):
        return unauthorized(world, request, "unauthorized to list catalog")
    projects = world.content.projects.items()
    names = [f"{name}/{repository}" for name, project in projects for repository in project.repositories]
    return Response(200, dict(JSON), compact_json({"repositories": names}))


def _repository(world: World, request: Request, login: Login, match: re.Match[str]) -> Response:
    name, kind, reference = match["name"], match["kind"], match["reference"]
    refusal = _refusal(world, request, login, name)
    if refusal:
        return refusal
    return _tags(world, name) if kind == "tags" else repositories.answer(world, request, name, kind, reference)


def _tags(world: World, name: str) -> Response:
    project, _, repository = name.partition("/")
    tags = world.content.projects[project].repositories.get(repository)
    if not tags:
        return error(404, "NOT_FOUND", f"repository {name} not found")
    return Response(200, dict(JSON), compact_json({"name": name, "tags": list(tags)}))


def _refusal(world: World, request: Request, login: Login, name: str) -> Response | None:
    """The 401 for an account without permission for this repository; a project that does not exist is a 401, too."""
    action = ACTIONS.get(request.method, "push")
    project = name.partition("/")[0]
    if request.authorization is None:
        scope = f"repository:{name}:{'pull,push' if action == 'push' else action}"
        return unauthorized(world, request, "authorize header needed to send HEAD to repository", scope)
    if world.state.part("database") == "down":
        return _refuse("", DATABASE_REFUSED)
    if world.state.part("database") == "locked":
        raise StalledError
    if project not in world.content.projects:
        return _refuse("", f"project {project} not found")
    if action not in world.repository_actions(login, project):
        return unauthorized(world, request, f"unauthorized to access repository: {name}, action: {action}")
    return None


def unauthorized(world: World, request: Request, message: str, scope: str = "") -> Response:
    """401: a Bearer challenge for a client without credentials; Basic for a refused client or for the catalog."""
    if request.authorization is not None or request.path == "/v2/_catalog":
        return _refuse('Basic realm="harbor"', message)
    challenge = f'Bearer realm="{realm(world, request)}",service="harbor-registry"'
    return _refuse(challenge + (f',scope="{scope}"' if scope else ""), message)


def _refuse(challenge: str, message: str) -> Response:
    headers = {**API_VERSION, "Www-Authenticate": challenge}
    return error(401, "UNAUTHORIZED", f"{message}: {message}", **headers)


def realm(world: World, request: Request) -> str:
    """Where tokens are issued: at external_url; from Harbor 2.14 on at the host that the client named."""
    scheme, _, host = world.external_url.partition("://")
    if world.version >= REALM_FROM_REQUEST_SINCE and request.host:
        host = request.host
    if world.state.part("realm") == "http":
        scheme = "http"
    if world.state.part("realm") == "foreign host":
        host = FOREIGN_HOST
    return f"{scheme}://{host}/service/token"
