"""A registry in memory that answers like distribution 2.8; its bytes are kept in the content of this Harbor."""

from __future__ import annotations

import uuid
from dataclasses import replace

from . import image
from .ledger import Ledger
from .messages import API_VERSION, JSON, REPOSITORY, Request, Response, registry_error


class Memory(Ledger):
    """The registry of this content, and what core's database knows about it."""

    def unhealthy(self) -> dict[str, str]:
        """Nothing: the switches define the state of the registry."""
        return {}

    def forward(self, request: Request, target: str = "") -> Response:
        """The registry's answer to this request, or to one for `target` instead."""
        asked = replace(request, target=target) if target else request
        match = REPOSITORY.fullmatch(asked.path)
        if match is None:
            return Response(200, {**JSON, **API_VERSION}, b"{}")
        name, kind, reference = match["name"], match["kind"], match["reference"]
        if kind == "manifests":
            answer = self._put_manifest if request.method == "PUT" else self._get_manifest
            return answer(asked, name, reference)
        if reference == "uploads/":
            return self._begin_upload(asked, name)
        if reference.startswith("uploads/"):
            return self._upload(asked, name, reference.partition("/")[2])
        return self._blob(asked, name, reference)

    def _get_manifest(self, request: Request, name: str, digest: str) -> Response:
        media_type, body = self._storage.manifests[name, digest]
        if media_type == image.MEDIA_TYPE and media_type not in request.headers.get("Accept", ""):
            message = "OCI manifest found, but accept header does not support OCI manifests"
            return registry_error(404, "MANIFEST_UNKNOWN", message)
        return _content(media_type, digest, body)

    def _put_manifest(self, request: Request, name: str, reference: str) -> Response:
        digest = image.digest_of(request.body)
        if ":" in reference and reference != digest:
            return registry_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        try:
            blobs, children = image.parts(request.body)
        except (ValueError, KeyError, TypeError, AttributeError):
            return registry_error(400, "MANIFEST_INVALID", "manifest invalid", {})
        missing = [blob for blob in blobs if (name, blob) not in self._storage.blobs]
        missing += [child for child in children if (name, child) not in self._storage.manifests]
        if missing:
            return registry_error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", missing[0])
        self._storage.manifests[name, digest] = (request.headers.get("Content-Type", image.MEDIA_TYPE), request.body)
        where = {"Location": _address(request, f"/v2/{name}/manifests/{digest}"), "Docker-Content-Digest": digest}
        return Response(201, {**where, **API_VERSION})

    def _blob(self, request: Request, name: str, digest: str) -> Response:
        known = self._storage.blobs.get((name, digest))
        if known is None:
            return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry", digest)
        if request.method == "DELETE":
            del self._storage.blobs[name, digest]
            return Response(202, dict(API_VERSION))
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "max-age=31536000"}
        return _content("application/octet-stream", digest, known, **headers)

    def _begin_upload(self, request: Request, name: str) -> Response:
        number = str(uuid.uuid4())
        self._storage.uploads[name, number] = b""
        return self._progress(202, request, name, number)

    def _upload(self, request: Request, name: str, number: str) -> Response:
        """Operations on a started upload: status, write, complete or cancel."""
        if (name, number) not in self._storage.uploads:
            return registry_error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", {})
        if request.method == "DELETE":
            del self._storage.uploads[name, number]
            return Response(204, {"Docker-Upload-Uuid": number, **API_VERSION})
        self._storage.uploads[name, number] += request.body
        if request.method == "PUT":
            return self._complete(request, name, number)
        return self._progress(202 if request.method == "PATCH" else 204, request, name, number)

    def _complete(self, request: Request, name: str, number: str) -> Response:
        digest, content = request.query.get("digest", ""), self._storage.uploads[name, number]
        if digest != image.digest_of(content):
            return registry_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        del self._storage.uploads[name, number]
        self._storage.blobs[name, digest] = content
        where = {"Location": _address(request, f"/v2/{name}/blobs/{digest}"), "Docker-Content-Digest": digest}
        return Response(201, {**where, **API_VERSION})

    def _progress(self, status: int, request: Request, name: str, number: str) -> Response:
        """Where an upload continues, and how far it is."""
        received = len(self._storage.uploads[name, number])
        location = _address(request, f"/v2/{name}/blobs/uploads/{number}?_state={uuid.uuid4().hex}")
        headers = {"Docker-Upload-Uuid": number, "Location": location, "Range": f"0-{max(received - 1, 0)}"}
        return Response(status, {**headers, **API_VERSION})


def _address(request: Request, path: str) -> str:
    """A path in the registry, under the host name that the client uses."""
    return f"{'https' if request.tls else 'http'}://{request.host}{path}"


def _content(media_type: str, digest: str, body: bytes, **headers: str) -> Response:
    etag = {"Docker-Content-Digest": digest, "Etag": f'"{digest}"'}
    return Response(200, {"Content-Type": media_type, **headers, **etag, **API_VERSION}, body)
