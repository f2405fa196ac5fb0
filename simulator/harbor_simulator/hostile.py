"""Answers that no Harbor gives, but that something between Harbor and us may: each is a switch.

A distortion takes (request, response) and returns what is sent instead. Its docstring is what `--list` shows.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Callable

from . import delivery
from .messages import Request, Response

Distortion = Callable[[Request, Response], Response]
FOREIGN_URL = "https://registry.example.net"


def slow_drip_header(request: Request, response: Response) -> Response:
    """the answer arrives byte by byte from its status line on"""
    return replace(response, delivery=delivery.drip_header)


def slow_drip_body(request: Request, response: Response) -> Response:
    """the headers arrive at once, the body byte by byte"""
    return replace(response, delivery=delivery.drip_body)


def endless_body(request: Request, response: Response) -> Response:
    """a chunked body that never ends"""
    return replace(response, delivery=delivery.endless_body)


def huge_body(request: Request, response: Response) -> Response:
    """100 MiB of white space before the body"""
    return replace(response, delivery=delivery.huge_body)


def truncated_body(request: Request, response: Response) -> Response:
    """the connection ends 1000 bytes before Content-Length"""
    return replace(response, delivery=delivery.truncated)


def reset(request: Request, response: Response) -> Response:
    """the connection is reset (RST) before an answer"""
    return replace(response, delivery=delivery.reset)


def _redirect(location: str) -> Response:
    return Response(302, {"Content-Type": "text/html", "Location": location}, b"<html>302 Found</html>\n")


def redirect_loop(request: Request, response: Response) -> Response:
    """a redirect to the very same path"""
    return _redirect(request.target)


def redirect_foreign(request: Request, response: Response) -> Response:
    """a redirect to another host"""
    return _redirect(FOREIGN_URL + request.target)


def redirect_http(request: Request, response: Response) -> Response:
    """a redirect from https:// to http:// on the same host"""
    return _redirect(f"http://{request.host}{request.target}")


def _json(body: bytes) -> Response:
    return Response(200, {"Content-Type": "application/json"}, body)


def nested_json(request: Request, response: Response) -> Response:
    """JSON, 100,000 arrays deep"""
    return _json(b"[" * 100_000 + b"]" * 100_000)


def wrong_types(request: Request, response: Response) -> Response:
    """the right JSON keys, and under each a value of another type"""
    try:
        value = json.loads(response.body)
    except ValueError:
        value = {}
    return _json(json.dumps(_twist(value)).encode())


def _twist(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _twist(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return {"0": value}
    return 42 if isinstance(value, str) else [str(value)]


def garbage_json(request: Request, response: Response) -> Response:
    """JSON by its Content-Type, cut in the middle"""
    return _json(b'{"components":[{"name":"core","sta')


def empty_body(request: Request, response: Response) -> Response:
    """200, JSON by its Content-Type, without a single byte"""
    return _json(b"")


def html(request: Request, response: Response) -> Response:
    """200 and somebody's HTML page"""
    return Response(200, {"Content-Type": "text/html"}, b"<html><body>Please accept our terms | OK</body></html>\n")


def status(code: int) -> Distortion:
    """The distortion behind status-NNN: an error page of the edge with any status."""

    def distortion(request: Request, response: Response) -> Response:
        body = f"<html>\r\n<head><title>{code}</title></head>\r\n</html>\r\n".encode()
        return Response(code, {"Content-Type": "text/html"}, b"" if code in (204, 304) else body)

    return distortion


DISTORTIONS: dict[str, Distortion] = {
    "slow-drip-header": slow_drip_header,
    "slow-drip-body": slow_drip_body,
    "endless-body": endless_body,
    "huge-body": huge_body,
    "truncated-body": truncated_body,
    "reset": reset,
    "redirect-loop": redirect_loop,
    "redirect-foreign": redirect_foreign,
    "redirect-http": redirect_http,
    "nested-json": nested_json,
    "wrong-types": wrong_types,
    "garbage-json": garbage_json,
    "empty-body": empty_body,
    "html": html,
}
