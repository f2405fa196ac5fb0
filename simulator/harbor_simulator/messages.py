"""One HTTP request and one response, as the rest of the simulator sees them."""

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
# The wording of nginx and Go where it differs from that of one Python or the other.
REASONS = {
    302: "Moved Temporarily",
    413: "Request Entity Too Large",
    422: "Unprocessable Entity",
    504: "Gateway Time-out",
}


@dataclass
class Request:
    """What arrived, kept in `Simulator.requests` for tests to look at."""

    method: str
    target: str
    headers: http.client.HTTPMessage
    body: bytes
    tls: bool

    @property
    def path(self) -> str:
        """The path without the query, percent-encoding undone."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The parameters by name, decoded once; of several with one name the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def host(self) -> str | None:
        """The Host header."""
        return self.headers.get("Host")

    @property
    def authorization(self) -> str | None:
        """The kind of credentials that came along ("Basic", "Bearer"), or None without any."""
        header = self.headers.get("Authorization")
        return header.split(" ", 1)[0] if header else None


#: Sends a response on a connection; returns whether that can serve another request.
Delivery = Callable[[Connection, Request, "Response"], bool]


@dataclass
class Response:
    """What is to be sent, `after` that many seconds, in the way that `delivery` (None: plainly) sends it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: float = 0.0
    delivery: Delivery | None = None

    def copy(self) -> Response:
        """Another one with the same headers, which can be changed."""
        return replace(self, headers=dict(self.headers))

    @property
    def reason(self) -> str:
        """The words after the status."""
        try:
            return REASONS.get(self.status) or HTTPStatus(self.status).phrase
        except ValueError:
            return "Unknown"


class StalledError(Exception):
    """Whoever should answer never will: it is frozen, or waits for somebody who is."""


def compact_json(value: object) -> bytes:
    """JSON as Go writes it: no blanks, a newline at the end."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def json_response(value: object, **headers: str) -> Response:
    """A JSON answer of Harbor's API, its keys sorted."""
    body = json.dumps(value, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    return Response(200, {"Content-Type": "application/json", **headers}, body)


def error(status: int, code: str, message: str, **headers: str) -> Response:
    """An error as Harbor words it: `{"errors":[{"code","message"}]}`."""
    body = compact_json({"errors": [{"code": code, "message": message}]})
    return Response(status, {**JSON, **headers}, body)


def registry_error(status: int, code: str, message: str, detail: object = None) -> Response:
    """An error as the registry words it, with a detail that None leaves out."""
    problem = {"code": code, "message": message, **({} if detail is None else {"detail": detail})}
    return Response(status, {**JSON, **API_VERSION}, compact_json({"errors": [problem]}))


def read_request(stream: BinaryIO, tls: bool) -> Request | None:
    """The next request of a connection, None when the client is through.

    Raises ValueError when what arrives is not HTTP.
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
