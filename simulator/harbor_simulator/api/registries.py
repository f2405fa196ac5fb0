"""/registries: the remote registries, and a ping that tests one of them now."""

from __future__ import annotations

import json

from harbor_simulator.accounts import Login
from harbor_simulator.content import moment
from harbor_simulator.messages import Request, Response, StalledError, error
from harbor_simulator.records import Remote
from harbor_simulator.world import World

from .listing import paged
from .query import chosen

NEVER = "0001-01-01T00:00:00.000Z"
ADDED = 1795328335.2


def listing(world: World, request: Request, login: Login) -> Response:
    """GET /registries. The status is the result of the last periodic check (every five minutes), if there was one."""
    remotes = chosen(request, world.content.remotes, {"name": lambda remote: remote.name})
    return paged(request, remotes, registry_row, unreadable)


def unreadable(remote: Remote) -> Response | None:
    """Why Harbor cannot show a registry: its secret was encrypted with another key."""
    return None if remote.readable else error(500, "UNKNOWN", "internal server error")


def registry_row(remote: Remote) -> dict[str, object]:
    """A registry, in the form that other answers use too; its secret is masked."""
    credential = {"access_key": remote.user, "access_secret": "*****", "type": "basic"} if remote.user else {}
    return {
        "creation_time": moment(ADDED),
        "credential": credential,
        "id": remote.number,
        **({"insecure": True} if remote.url.startswith("http://") else {}),
        "name": remote.name,
        "status": remote.status,
        "type": remote.kind,
        "update_time": moment(ADDED),
        "url": remote.url,
    }


def ping(world: World, request: Request, login: Login) -> Response:
    """POST /registries/ping. If Harbor cannot even create a client for the remote registry, it answers 500."""
    number = json.loads(request.body)["id"]
    remote = next((remote for remote in world.content.remotes if remote.number == number), None)
    if remote is None:
        return error(404, "NOT_FOUND", f"registry {number} not found")
    condition = world.state.part("remotes")
    if condition == "frozen":
        raise StalledError
    if condition == "down" or remote.ping == 400:
        return error(400, "BAD_REQUEST", "the registry is unhealthy")
    return Response(200) if remote.ping == 200 else error(remote.ping, "UNKNOWN", "internal server error")
