"""/v2/: core checks the login and hands the request to the registry behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .accounts import Login
from .messages import Request, Response, Stalled, error

if TYPE_CHECKING:
    from .simulator import Simulator

API_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
REALM_FROM_REQUEST_SINCE = (2, 14)
FOREIGN_HOST = "registry.example.net"


def answer(harbor: Simulator, request: Request, login: Login) -> Response:
    if request.path == "/v2/" and login.name is None:
        return unauthorized(harbor, request, "unauthorized: unauthorized")
    return upstream(harbor, request)


def upstream(harbor: Simulator, request: Request) -> Response:
    """The registry itself; a dead one makes core say 502 without a word."""
    if harbor.state.part("registry") == "down":
        return Response(502)
    if harbor.state.part("registry") == "frozen":
        raise Stalled
    if request.path == "/v2/":
        return Response(200, {"Content-Type": "application/json; charset=utf-8", **API_VERSION}, b"{}")
    return error(404, "NOT_FOUND", f"path {request.path} was not found")


def unauthorized(harbor: Simulator, request: Request, message: str, scope: str = "") -> Response:
    """401: the way to a token for whom brought no credentials, `Basic realm="harbor"` for whom was refused."""
    challenge = 'Basic realm="harbor"'
    if request.authorization is None:
        challenge = f'Bearer realm="{realm(harbor, request)}",service="harbor-registry"'
        challenge += f',scope="{scope}"' if scope else ""
    return error(401, "UNAUTHORIZED", message, **API_VERSION, **{"Www-Authenticate": challenge})


def realm(harbor: Simulator, request: Request) -> str:
    """Where tokens are to be had: at external_url, from Harbor 2.14 on at the host that the client named."""
    scheme, _, host = harbor.url.partition("://")
    if harbor.version >= REALM_FROM_REQUEST_SINCE and request.host:
        host = request.host
    if harbor.state.part("realm") == "http":
        scheme = "http"
    if harbor.state.part("realm") == "foreign host":
        host = FOREIGN_HOST
    return f"{scheme}://{host}/service/token"
