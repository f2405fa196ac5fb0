"""What core does with manifests, blobs and uploads before and after it forwards a request to the registry.

Tags and artifacts belong to the database, bytes to the registry. Modeled on src/server/registry/*.go and
src/server/middleware/{blob,quota,immutable}/*.go in Harbor's source.
"""

from __future__ import annotations

import json
from dataclasses import replace

from .messages import Request, Response, error
from .outage import broken
from .world import World


def answer(world: World, request: Request, name: str, kind: str, reference: str) -> Response:
    """Core's answer below /v2/NAME/KIND/REFERENCE to an account with permission."""
    if kind == "manifests":
        manifest = {"PUT": _put_manifest, "DELETE": _delete_manifest}.get(request.method, _get_manifest)
        return manifest(world, request, name, reference)
    if kind == "blobs" and request.method == "PUT":
        return _complete(world, request, name)
    response = hand_on(world, request)
    # Core records in Redis how much of an upload has arrived.
    if request.method == "PATCH" and response.status == 202 and world.state.part("redis") in ("refuses writes", "down"):
        return _internal_error()
    return response


def hand_on(world: World, request: Request, target: str = "") -> Response:
    """The registry's answer to this request, or to one for `target` instead; raises StalledError."""
    asked = replace(request, target=target) if target else request
    return broken(world, asked) or world.registry.forward(request, target)


def _get_manifest(world: World, request: Request, name: str, reference: str) -> Response:
    if not world.registry.holds(name):
        return error(404, "NOT_FOUND", f"repository {name} not found")
    digest = world.registry.digest(name, reference)
    if digest is None:
        mark = "@" if ":" in reference else ":"
        return error(404, "NOT_FOUND", f"artifact {name}{mark}{reference} not found")
    return hand_on(world, request, f"/v2/{name}/manifests/{digest}")


def _put_manifest(world: World, request: Request, name: str, reference: str) -> Response:
    if f"{name}:{reference}" in world.registry.immutable and world.registry.digest(name, reference):
        where = f"{name.partition('/')[2]}:{reference}"
        return error(412, "PRECONDITION", f"Failed to process request due to '{where}' configured as immutable.")
    if world.state.part("database") == "read-only":
        return _internal_error()
    response = hand_on(world, request)
    if response.status == 201:
        if not _config_is_json(world, request, name):
            return _internal_error()
        world.registry.add_artifact(name, response.headers["Docker-Content-Digest"], reference)
    return response


def _config_is_json(world: World, request: Request, name: str) -> bool:
    """Core reads the configuration of each image that it accepts."""
    config = json.loads(request.body).get("config")
    if not config:
        return True
    target = f"/v2/{name}/blobs/{config['digest']}"
    blob = hand_on(world, replace(request, method="GET", target=target, body=b""))
    try:
        return isinstance(json.loads(blob.body), dict)
    except ValueError:
        return False


def _delete_manifest(world: World, request: Request, name: str, reference: str) -> Response:
    """Only the database removes it; the registry keeps it until garbage collection."""
    if not reference.startswith("sha256:"):
        return error(400, "UNSUPPORTED", f"unsupported digest {reference}")
    tags = world.registry.tags(name, reference)
    if tags is None:
        return error(404, "NOT_FOUND", f"artifact {name}@{reference} not found")
    if any(f"{name}:{tag}" in world.registry.immutable for tag in tags):
        return error(412, "PRECONDITION", f"the artifact {name}@{reference} has an immutable tag")
    world.registry.remove_artifact(name, reference)
    return Response(202)


def _complete(world: World, request: Request, name: str) -> Response:
    """PUT of an upload: first the quota, afterwards the database."""
    project, digest = name.partition("/")[0], request.query.get("digest", "")
    size = len(request.body) or _accepted(world, request)
    exceeded = _exceeded(world, project, digest, size)
    if exceeded:
        return error(403, "DENIED", exceeded)
    if world.state.part("database") == "read-only":
        return _internal_error()
    response = hand_on(world, request)
    if response.status == 201:
        world.registry.add_blob(project, digest, size)
    return response


def _accepted(world: World, request: Request) -> int:
    """The number of bytes of an upload that the registry has."""
    status = hand_on(world, replace(request, method="GET"))
    last = int(status.headers.get("Range", "0-0").rpartition("-")[2])
    return last + 1 if last else 0


def _exceeded(world: World, project: str, digest: str, size: int) -> str:
    """Why the project's quota does not allow a blob, or ""."""
    room = world.registry.room(project, digest)
    if room is None:
        return ""
    used, limit = room
    if used + size <= limit:
        return ""
    return (
        f"adding {binary(size)} of storage resource, which when updated to current usage of {binary(used)} "
        f"will exceed the configured upper limit of {binary(limit)}."
    )


def _internal_error() -> Response:
    return error(500, "UNKNOWN", "internal server error")


def binary(size: int) -> str:
    """A size as written in Harbor's messages: `19.5 KiB`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
