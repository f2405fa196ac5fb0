"""A real registry behind core, and what core's database knows about it: its tags and artifacts."""

from __future__ import annotations

import base64
import http.client
from collections import Counter

from . import delivery
from .connection import Connection
from .faults import refused, timed_out
from .messages import Request, Response, StalledError

Digests = dict[str, set[str]]

STREAMED = 1024 * 1024  # bytes; a larger body is forwarded piece by piece
CHUNK = 256 * 1024
PATIENCE = 5.0  # seconds without a byte from the registry; then it counts as frozen
CHECK_PATIENCE = 0.3  # the same for the health checker, which waits for 60 s in Harbor
PASSED_ON = ("Accept", "Content-Type", "Content-Range", "Range")
NOT_PASSED_BACK = ("connection", "date", "transfer-encoding")


class Upstream:
    """A registry at 127.0.0.1, and what core's database knows about it.

    `artifacts` maps repositories to digests to tags. `quotas` are bytes by project, of which `used` are taken;
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
        """The result of core's health checker: the registry with its error, or nothing."""
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

    def holds(self, repository: str) -> bool:
        """Whether the database knows the repository."""
        return repository in self.artifacts

    def digest(self, repository: str, reference: str) -> str | None:
        """The artifact that a tag or digest refers to."""
        known = self.artifacts.get(repository, {})
        return next((digest for digest, tags in known.items() if reference in (digest, *tags)), None)

    def tags(self, repository: str, digest: str) -> set[str] | None:
        """The tags of an artifact; None if there is no such artifact."""
        return self.artifacts.get(repository, {}).get(digest)

    def add_artifact(self, repository: str, digest: str, tag: str) -> None:
        """Record an artifact under a tag, which refers to one at a time, or under its own digest without a tag."""
        known = self.artifacts.setdefault(repository, {})
        for tags in known.values():
            tags.discard(tag)
        known.setdefault(digest, set()).update({tag} - {digest})

    def remove_artifact(self, repository: str, digest: str) -> None:
        """Remove an artifact and its tags."""
        del self.artifacts[repository][digest]

    def room(self, project: str, digest: str) -> tuple[int, int] | None:
        """The bytes that count against the project's quota and its limit; None if this blob does not count."""
        if project not in self.quotas or (project, digest) in self._blobs:
            return None
        return self.used[project], self.quotas[project]

    def add_blob(self, project: str, digest: str, size: int) -> None:
        """Count a blob against the project's quota, once."""
        if (project, digest) not in self._blobs:
            self._blobs.add((project, digest))
            self.used[project] += size

    def forward(self, request: Request, target: str = "") -> Response:
        """The registry's answer, requested with core's own account: 502 without a body if the registry is dead."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        # The registry builds the Location of an upload from these two.
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
