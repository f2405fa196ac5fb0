"""One HTTP request and one response, in the form that the rest of the simulator uses."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import BinaryIO, Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from .connection import Connection

JSON = {"Content-Type": "application/json; charset=utf-8"}
API_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
REPOSITORY = re.compile(r"/v2/(?P<name>[^/]+/.+?)/(?P<kind>manifests|blobs|tags)/(?P<reference>.*)")
# The wording of nginx and Go where some Python version words it differently.
REASONS = {
    302: "Moved Temporarily",
    413: "Request Entity Too Large",
    422: "Unprocessable Entity",
    504: "Gateway Time-out",
}


@dataclass
class Request:
    """A received request, kept in `Simulator.requests` for tests."""

    method: str
    target: str
    headers: http.client.HTTPMessage
    body: bytes
    tls: bool

    @property
    def path(self) -> str:
        """The path without the query, percent-decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The parameters by name, decoded once; if a name is repeated, the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def host(self) -> str | None:
        """The Host header."""
        return self.headers.get("Host")

    @property
    def authorization(self) -> str | None:
        """The kind of credentials in the request ("Basic", "Bearer"), or None without any."""
        header = self.headers.get("Authorization")
        return header.split(" ", 1)[0] if header else None


#: Sends a response on a connection; returns whether the connection can serve another request.
Delivery = Callable[[Connection, Request, "Response"], bool]


@dataclass
class Response:
    """A response to send, `after` this many seconds, in the way of `delivery` (None: normally)."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: float = 0.0
    delivery: Delivery | None = None

    def copy(self) -> Response:
        """A copy with the same headers, which can be changed."""
        return replace(self, headers=dict(self.headers))

    @property
    def reason(self) -> str:
        """The reason phrase after the status."""
        if self.status == 302 and "X-Request-Id" in self.headers:  # nginx passes on core's own
            return "Found"
        try:
            return REASONS.get(self.status) or HTTPStatus(self.status).phrase
        except ValueError:
            return "Unknown"


class StalledError(Exception):
    """The component that should answer never will: it is frozen, or waits for one that is."""


def compact_json(value: object) -> bytes:
    """JSON as Go writes it: no spaces, a newline at the end."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def json_response(value: object, **headers: str) -> Response:
    """A JSON answer of Harbor's API, with sorted keys."""
    body = json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    return Response(200, {"Content-Type": "application/json", **headers}, body)


def error(status: int, code: str, message: str, **headers: str) -> Response:
    """An error in Harbor's format: `{"errors":[{"code","message"}]}`."""
    body = compact_json({"errors": [{"code": code, "message": message}]})
    return Response(status, {**JSON, **headers}, body)


def registry_error(status: int, code: str, message: str, detail: object = None) -> Response:
    """An error in the registry's format; a detail of None is omitted."""
    problem = {"code": code, "message": message, **({} if detail is None else {"detail": detail})}
    return Response(status, {**JSON, **API_VERSION}, compact_json({"errors": [problem]}))


def read_request(stream: BinaryIO, tls: bool) -> Request | None:
    """The next request of a connection, or None if the client has finished.

    Raises ValueError if the received data is not HTTP.
    """
    line = stream.readline(65536)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3:
        raise ValueError("not a request line")
    try:
        headers = http.client.parse_headers(stream)
    except http.client.HTTPException as problem:
        raise ValueError(str(problem)) from problem
    body = stream.read(int(headers.get("Content-Length", 0)))
    return Request(words[0], words[1], headers, body, tls)
