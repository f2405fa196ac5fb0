"""Core in front of a real registry: what core checks and keeps in its database, and how it hands requests on.

Tags and artifacts are the database's, bytes are the registry's. As src/server/registry/*.go and
src/server/middleware/{blob,quota,immutable}/*.go in Harbor's source do it.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from . import delivery
from .faults import refused, timed_out
from .messages import Request, Response, StalledError, error

if TYPE_CHECKING:
    from .server import Connection
    from .simulator import Simulator

Digests = dict[str, set[str]]

STREAMED = 1024 * 1024  # bytes from which on a body is passed on piece by piece
CHUNK = 256 * 1024
PATIENCE = 5.0  # seconds without a sign of life from the registry, after which it counts as frozen
CHECK_PATIENCE = 0.3  # the same for the health checker, which in Harbor waits for 60
PASSED_ON = ("Accept", "Content-Type", "Content-Range", "Range")
NOT_PASSED_BACK = ("connection", "date", "transfer-encoding")


class Upstream:
    """A registry at 127.0.0.1, and what core's database knows of it.

    `artifacts` holds the tags by digest by repository. `quotas` are bytes by project, of which `used` are taken;
    `immutable` are tags as `REPOSITORY:TAG`.
    """

    def __init__(self, port: int, user: str, password: str) -> None:
        self.port = port
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.artifacts: dict[str, Digests] = {}
        self.quotas: dict[str, int] = {}
        self.used: Counter[str] = Counter()
        self.immutable: set[str] = set()
        self._blobs: set[tuple[str, str]] = set()

    def unhealthy(self) -> dict[str, str]:
        """What core's health checker finds: the registry by its error, or nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=CHECK_PATIENCE)
        where = ("registry", f"127.0.0.1:{self.port}", "/")
        try:
            connection.request("GET", "/")
            connection.getresponse().read()
        except TimeoutError:
            return timed_out(*where)
        except OSError:
            return refused(*where)
        finally:
            connection.close()
        return {}

    def digest(self, repository: str, reference: str) -> str | None:
        """The artifact that a tag or digest stands for."""
        known = self.artifacts.get(repository, {})
        return next((digest for digest, tags in known.items() if reference in (digest, *tags)), None)

    def add_artifact(self, repository: str, digest: str, tag: str) -> None:
        """A tag names one artifact at a time."""
        known = self.artifacts.setdefault(repository, {})
        for tags in known.values():
            tags.discard(tag)
        known.setdefault(digest, set()).update({tag} - {digest})

    def exceeded(self, project: str, digest: str, size: int) -> str:
        """Why the project's quota does not admit a blob, or ""."""
        if project not in self.quotas or (project, digest) in self._blobs:
            return ""
        used, limit = self.used[project], self.quotas[project]
        if used + size <= limit:
            return ""
        return (
            f"adding {binary(size)} of storage resource, which when updated to current usage of {binary(used)} "
            f"will exceed the configured upper limit of {binary(limit)}."
        )

    def add_blob(self, project: str, digest: str, size: int) -> None:
        if (project, digest) not in self._blobs:
            self._blobs.add((project, digest))
            self.used[project] += size

    def forward(self, request: Request, target: str = "") -> Response:
        """The registry's answer under core's own login: 502 without a word where it is dead."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        # From these two the registry makes the Location of an upload.
        headers.update({"Host": str(request.host), "X-Forwarded-Proto": "https" if request.tls else "http"})
        headers["Authorization"] = self.authorization
        try:
            connection.request(request.method, target or request.target, request.body, headers)
            answer = connection.getresponse()
            response = _passed_back(connection, answer, request)
        except TimeoutError:
            connection.close()
            raise StalledError from None
        except (OSError, http.client.HTTPException):
            connection.close()
            return Response(502)
        return response


def _passed_back(
    connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, request: Request
) -> Response:
    headers = {name: value for name, value in answer.getheaders() if name.lower() not in NOT_PASSED_BACK}
    response = Response(answer.status, headers)
    if request.method == "GET" and (answer.length or 0) > STREAMED:
        length = answer.length

        def stream(client: Connection, request: Request, response: Response) -> bool:
            client.send(delivery.head(response, length))
            try:
                while chunk := answer.read(CHUNK):
                    client.send(chunk)
            finally:
                connection.close()
            return answer.length == 0

        response.delivery = stream
        return response
    try:
        response.body = answer.read()
    except http.client.IncompleteRead as broken:
        response.body, response.delivery = broken.partial, delivery.truncated
    connection.close()
    return response


def answer(harbor: Simulator, upstream: Upstream, request: Request, name: str, kind: str, reference: str) -> Response:
    """What core answers below /v2/NAME/KIND/REFERENCE to who has the right."""
    if kind == "manifests":
        manifest = {"PUT": _put_manifest, "DELETE": _delete_manifest}.get(request.method, _get_manifest)
        return manifest(harbor, upstream, request, name, reference)
    if kind == "blobs" and request.method == "PUT":
        return _complete(harbor, upstream, request, name)
    response = upstream.forward(request)
    # Core notes in Redis how much of an upload has arrived.
    if request.method == "PATCH" and response.status == 202 and harbor.state.part("redis") == "refuses writes":
        return _internal_error()
    return response


def _get_manifest(harbor: Simulator, upstream: Upstream, request: Request, name: str, reference: str) -> Response:
    if name not in upstream.artifacts:
        return error(404, "NOT_FOUND", f"repository {name} not found")
    digest = upstream.digest(name, reference)
    if digest is None:
        mark = "@" if ":" in reference else ":"
        return error(404, "NOT_FOUND", f"artifact {name}{mark}{reference} not found")
    return upstream.forward(request, f"/v2/{name}/manifests/{digest}")


def _put_manifest(harbor: Simulator, upstream: Upstream, request: Request, name: str, reference: str) -> Response:
    if f"{name}:{reference}" in upstream.immutable and upstream.digest(name, reference):
        where = f"{name.partition('/')[2]}:{reference}"
        return error(412, "PRECONDITION", f"Failed to process request due to '{where}' configured as immutable.")
    if harbor.state.part("database") == "read-only":
        return _internal_error()
    response = upstream.forward(request)
    if response.status == 201:
        if not _config_is_json(upstream, request, name):
            return _internal_error()
        upstream.add_artifact(name, response.headers["Docker-Content-Digest"], reference)
    return response


def _config_is_json(upstream: Upstream, request: Request, name: str) -> bool:
    """Core reads the configuration of each image that it takes."""
    config = json.loads(request.body).get("config")
    if not config:
        return True
    target = f"/v2/{name}/blobs/{config['digest']}"
    blob = upstream.forward(replace(request, method="GET", target=target, body=b""))
    try:
        return isinstance(json.loads(blob.body), dict)
    except ValueError:
        return False


def _delete_manifest(harbor: Simulator, upstream: Upstream, request: Request, name: str, reference: str) -> Response:
    """Only the database forgets it; the registry keeps it until garbage collection."""
    if not reference.startswith("sha256:"):
        return error(400, "UNSUPPORTED", f"unsupported digest {reference}")
    tags = upstream.artifacts.get(name, {}).get(reference)
    if tags is None:
        return error(404, "NOT_FOUND", f"artifact {name}@{reference} not found")
    if any(f"{name}:{tag}" in upstream.immutable for tag in tags):
        return error(412, "PRECONDITION", f"the artifact {name}@{reference} has an immutable tag")
    del upstream.artifacts[name][reference]
    return Response(202)


def _complete(harbor: Simulator, upstream: Upstream, request: Request, name: str) -> Response:
    """PUT of an upload: the quota before, the database after."""
    project, digest = name.partition("/")[0], request.query.get("digest", "")
    size = len(request.body) or _accepted(upstream, request)
    exceeded = upstream.exceeded(project, digest, size)
    if exceeded:
        return error(403, "DENIED", exceeded)
    if harbor.state.part("database") == "read-only":
        return _internal_error()
    response = upstream.forward(request)
    if response.status == 201:
        upstream.add_blob(project, digest, size)
    return response


def _accepted(upstream: Upstream, request: Request) -> int:
    """How many bytes of an upload the registry has."""
    status = upstream.forward(replace(request, method="GET"))
    last = int(status.headers.get("Range", "0-0").rpartition("-")[2])
    return last + 1 if last else 0


def _internal_error() -> Response:
    return error(500, "UNKNOWN", "internal server error")


def binary(size: int) -> str:
    """A size as in Harbor's messages: `19.5 KiB`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
