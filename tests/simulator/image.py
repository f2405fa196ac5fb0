"""The registry's content: the manifest and configuration of one image, in every repository. Uploads are taken and
forgotten.

A real registry can take its place: what `answer` is given has passed core's checks.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid

from .messages import API_VERSION, Request, Response, compact_json
from .world import World

MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
LAYER_DIGEST = "sha256:deaf6f42f704def1145a7c4552ffd917e08ad152830db886e44b8aea28f9a859"
LAYER_BYTES = 8326


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["/lab/file"]},
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:1c43e4be0b9d77219511af5b62b0db8d504fd1ab392eb876852d6b8b060ced00"],
        },
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "lab"}],
    }
).encode()
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MEDIA_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest_of(CONFIG),
            "size": len(CONFIG),
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "digest": LAYER_DIGEST,
                "size": LAYER_BYTES,
            }
        ],
    }
).encode()
DIGEST = digest_of(MANIFEST)
BLOBS = {digest_of(CONFIG): CONFIG}
ERRNO_OF_STORAGE = {"full": 28, "read-only": 30}


def answer(world: World, request: Request, match: re.Match[str]) -> Response:
    """What the registry answers for the parts of /v2/NAME/KIND/REFERENCE."""
    name, kind, reference = match["name"], match["kind"], match["reference"]
    lost = world.state.part("storage") == "lost"
    if kind == "manifests":
        return _lost_manifest(name) if lost else _manifest(request)
    if reference == "uploads/" and request.method == "POST":
        return _upload(world, name)
    if request.method in ("PATCH", "PUT", "DELETE"):
        return _taken(world, request, reference.partition("/")[2])
    if lost or reference not in BLOBS:
        return _error(404, "BLOB_UNKNOWN", "blob unknown to registry", reference)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "max-age=31536000"}
    return _content("application/octet-stream", reference, BLOBS[reference], **headers)


def _taken(world: World, request: Request, upload: str) -> Response:
    """Whatever is sent is taken, and forgotten at once: an upload's bytes, its end, its end before time, a deletion."""
    if request.method == "PATCH":
        location = f"{world.url}{request.path}?_state=going-on"
        received = {"Location": location, "Range": f"0-{len(request.body) - 1}", "Docker-Upload-Uuid": upload}
        return Response(202, {**received, **API_VERSION})
    if request.method == "PUT":
        return Response(201, {"Docker-Content-Digest": request.query.get("digest", ""), **API_VERSION})
    return Response(204 if upload else 202, dict(API_VERSION))


def _content(media_type: str, digest: str, body: bytes, **headers: str) -> Response:
    etag = {"Docker-Content-Digest": digest, "Etag": f'"{digest}"'}
    return Response(200, {"Content-Type": media_type, **headers, **etag, **API_VERSION}, body)


def _error(status: int, code: str, message: str, detail: object = None) -> Response:
    problem = {"code": code, "message": message, "detail": detail}
    if detail is None:
        del problem["detail"]
    headers = {"Content-Type": "application/json; charset=utf-8", **API_VERSION}
    return Response(status, headers, compact_json({"errors": [problem]}))


def _manifest(request: Request) -> Response:
    if MEDIA_TYPE not in request.headers.get("Accept", ""):
        message = "OCI manifest found, but accept header does not support OCI manifests"
        return _error(404, "MANIFEST_UNKNOWN", message)
    return _content(MEDIA_TYPE, DIGEST, MANIFEST)


def _lost_manifest(name: str) -> Response:
    return _error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Name": name, "Revision": DIGEST})


def _upload(world: World, name: str) -> Response:
    number = str(uuid.uuid4())
    storage = world.state.part("storage")
    if storage in ERRNO_OF_STORAGE:
        path = f"/storage/registry/docker/registry/v2/repositories/{name}/_uploads/{number}"
        full = storage == "full"
        cause = {"Op": "write" if full else "mkdir", "Path": path + ("/startedat" if full else "")}
        enclosed = {**cause, "Err": ERRNO_OF_STORAGE[storage]}
        return _error(500, "UNKNOWN", "unknown error", {"DriverName": "filesystem", "Enclosed": enclosed})
    location = f"{world.url}/v2/{name}/blobs/uploads/{number}?_state=begun"
    return Response(202, {"Docker-Upload-Uuid": number, "Location": location, "Range": "0-0", **API_VERSION})
