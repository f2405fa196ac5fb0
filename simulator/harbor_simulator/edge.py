"""Harbor's nginx: one routing table, the error pages of a gateway, and the headers that it adds.

An error page of nginx has no X-Request-Id; that distinguishes it from core's.
"""

from __future__ import annotations

from typing import Callable

from . import core, portal
from .messages import Request, Response, StalledError
from .world import World

# Seconds: nginx waits 60 for core and portal, but 900 on /v2/, because pushes are slow.
V2_PATIENCE = 15
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains; preload",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
# nginx's add_header without "always" applies only to these.
WITH_SECURITY_HEADERS = (200, 201, 204, 206, 301, 302, 303, 304, 307)


def page(status: int, title: str = "", explanation: str = "", **headers: str) -> Response:
    """An error page in nginx's wording."""
    response = Response(status, {"Content-Type": "text/html", **headers})
    heading = f"{status} {response.reason}"
    lines = ["<html>", f"<head><title>{title or heading}</title></head>", "<body>"]
    lines += [f"<center><h1>{heading}</h1></center>"]
    lines += [f"<center>{explanation}</center>"] if explanation else []
    lines += ["<hr><center>nginx</center>", "</body>", "</html>", ""]
    response.body = "\r\n".join(lines).encode()
    return response


def answer(world: World, request: Request) -> Response:
    """The answer of Harbor's port to this request."""
    if world.expects_tls and not request.tls:
        title = "400 The plain HTTP request was sent to HTTPS port"
        return page(400, title, "The plain HTTP request was sent to HTTPS port", Connection="close")
    if f"{request.path}/" in ROUTES:
        return _with_security_headers(page(301, Location=f"{world.url}{request.path}/"))
    prefix = max((prefix for prefix in ROUTES if request.path.startswith(prefix)), key=len, default="/")
    try:
        response = ROUTES[prefix](world, request)
    except StalledError:
        response = page(504)
        response.after = world.gateway_timeout * (V2_PATIENCE if prefix == "/v2/" else 1)
    return _with_security_headers(response)


def _with_security_headers(response: Response) -> Response:
    if response.status in WITH_SECURITY_HEADERS:
        response.headers.update(SECURITY_HEADERS)
    return response


def _portal(world: World, request: Request) -> Response:
    if world.state.part("portal route") == "misrouted":
        return portal.foreign_page()
    if world.state.part("portal") == "down":
        return page(502)
    if world.state.part("portal") == "frozen":
        raise StalledError
    return portal.answer(request)


def _api(world: World, request: Request) -> Response:
    misrouted = world.state.part("api route") == "misrouted"
    return portal.answer(request) if misrouted else _core(world, request)


def _service(world: World, request: Request) -> Response:
    if world.state.part("token route") == "misrouted":
        return portal.answer(request)
    return page(403) if world.state.part("token route") == "refused" else _api(world, request)


def _v2(world: World, request: Request) -> Response:
    misrouted = world.state.part("v2 route") == "misrouted"
    return portal.answer(request) if misrouted else _core(world, request)


def _core(world: World, request: Request) -> Response:
    if world.state.part("core") == "down":
        return page(502)
    if world.state.part("core") == "frozen":
        raise StalledError
    return core.answer(world, request)


def _not_found(world: World, request: Request) -> Response:
    return page(404)


# By path prefix; the longest match counts.
ROUTES: dict[str, Callable[[World, Request], Response]] = {
    "/": _portal,
    "/api/": _api,
    "/c/": _api,
    "/service/": _service,
    "/service/notifications": _not_found,
    "/v1/": _not_found,
    "/v2/": _v2,
}
