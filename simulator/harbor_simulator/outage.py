"""The outcome of a request that core forwards to an unhealthy registry or storage."""

from __future__ import annotations

import uuid

from .messages import REPOSITORY, Request, Response, StalledError, registry_error
from .world import World

ERRNO_OF_STORAGE = {"full": 28, "read-only": 30}
BLOCK = 4096  # bytes: with less free space no upload can be started


def broken(world: World, request: Request) -> Response | None:
    """The answer of a broken registry or storage, None if nothing is broken; raises StalledError.

    For a dead registry core answers 502 without a body. A volume that is nearly full still starts an upload, and
    refuses the bytes that do not fit.
    """
    state, free = world.state, world.content.free_bytes
    if state.part("registry") == "down":
        return Response(502)
    if state.part("registry") == "frozen":
        raise StalledError
    match = REPOSITORY.fullmatch(request.path)
    storage = state.part("storage")
    if match is None:
        return None
    if storage == "lost" and request.method in ("GET", "HEAD") and "uploads/" not in match["reference"]:
        return _lost(match["name"], match["kind"], match["reference"])
    if storage in ERRNO_OF_STORAGE and request.method == "POST":
        return _unwritable(match["name"], storage)
    if request.method == "POST" and free < BLOCK:
        return _unwritable(match["name"], "full")
    if request.method in ("PATCH", "PUT") and len(request.body) > free:
        return _no_space(match["name"])
    return None


def _no_space(name: str) -> Response:
    """A file system that is full in the middle of a file: the registry passes on the error as a sentence."""
    path = f"/storage/registry/docker/registry/v2/repositories/{name}/_uploads/{uuid.uuid4()}/data"
    return registry_error(500, "UNKNOWN", "unknown error", f"write {path}: no space left on device")


def _lost(name: str, kind: str, reference: str) -> Response:
    if kind == "blobs":
        return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", reference)
    detail = {"Name": name, "Revision": reference}
    return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown", detail)


def _unwritable(name: str, storage: str) -> Response:
    """Starting an upload on a full or read-only file system."""
    full = storage == "full"
    path = f"/storage/registry/docker/registry/v2/repositories/{name}/_uploads/{uuid.uuid4()}"
    cause = {"Op": "write" if full else "mkdir", "Path": path + ("/startedat" if full else "")}
    enclosed = {**cause, "Err": ERRNO_OF_STORAGE[storage]}
    return registry_error(500, "UNKNOWN", "unknown error", {"DriverName": "filesystem", "Enclosed": enclosed})
