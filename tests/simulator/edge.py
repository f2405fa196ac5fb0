"""nginx, Harbor's door: one routing table, the error pages of a gateway, and the headers it adds.

An error page of nginx carries no X-Request-Id; that is how one tells it from core's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from . import core, portal
from .messages import Request, Response, StalledError

if TYPE_CHECKING:
    from .simulator import Simulator

# Seconds: nginx waits 60 for core and portal, but 900 on /v2/, because pushes are slow.
V2_PATIENCE = 15
SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubdomains; preload",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
}
# nginx's add_header without "always" is for these only.
WITH_SECURITY_HEADERS = (200, 201, 204, 206, 301, 302, 303, 304, 307)


def page(status: int, title: str = "", explanation: str = "", **headers: str) -> Response:
    """An error page as nginx writes it."""
    response = Response(status, {"Content-Type": "text/html", **headers})
    heading = f"{status} {response.reason}"
    body = f"<html>\r\n<head><title>{title or heading}</title></head>\r\n<body>\r\n<center><h1>{heading}</h1></center>\r\n"
    body += f"<center>{explanation}</center>\r\n" if explanation else ""
    response.body = (body + "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n").encode()
    return response


def answer(harbor: Simulator, request: Request) -> Response:
    """What comes out of Harbor's port for this request."""
    if harbor.expects_tls and not request.tls:
        title = "400 The plain HTTP request was sent to HTTPS port"
        return page(400, title, "The plain HTTP request was sent to HTTPS port", Connection="close")
    path = request.path
    if path + "/" in ROUTES and path != "":
        return _with_security_headers(page(301, Location=f"{harbor.url}{path}/"))
    prefix = max((prefix for prefix in ROUTES if path.startswith(prefix)), key=len, default="/")
    try:
        response = ROUTES[prefix](harbor, request)
    except StalledError:
        response = page(504)
        response.after = harbor.gateway_timeout * (V2_PATIENCE if prefix == "/v2/" else 1)
    return _with_security_headers(response)


def _with_security_headers(response: Response) -> Response:
    if response.status in WITH_SECURITY_HEADERS:
        response.headers.update(SECURITY_HEADERS)
    return response


def _core(harbor: Simulator, request: Request) -> Response:
    if harbor.state.part("core") == "down":
        return page(502)
    if harbor.state.part("core") == "frozen":
        raise StalledError
    return core.answer(harbor, request)


def _api(harbor: Simulator, request: Request) -> Response:
    if harbor.state.part("api route") == "misrouted":
        return portal.answer(request)
    return _core(harbor, request)


def _v2(harbor: Simulator, request: Request) -> Response:
    if harbor.state.part("v2 route") == "misrouted":
        return portal.answer(request)
    return _core(harbor, request)


def _portal(harbor: Simulator, request: Request) -> Response:
    if harbor.state.part("portal route") == "misrouted":
        return portal.somebody_else()
    if harbor.state.part("portal") == "down":
        return page(502)
    if harbor.state.part("portal") == "frozen":
        raise StalledError
    return portal.answer(request)


def _not_found(harbor: Simulator, request: Request) -> Response:
    return page(404)


ROUTES: dict[str, Callable[[Simulator, Request], Response]] = {
    "/": _portal,
    "/api/": _api,
    "/c/": _api,
    "/service/": _api,
    "/service/notifications": _not_found,
    "/v1/": _not_found,
    "/v2/": _v2,
}
