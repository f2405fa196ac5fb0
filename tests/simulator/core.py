"""Harbor's core: who is asking, may they, and which endpoint answers.

Everything that core answers carries X-Request-Id and, to a client without one, a session cookie.
"""

from __future__ import annotations

import secrets
import time
import uuid
from typing import TYPE_CHECKING

from . import api, registry, tokens
from .accounts import Login, basic_credentials
from .messages import Request, Response, StalledError, error

if TYPE_CHECKING:
    from .simulator import Simulator

PING, HEALTH, SYSTEMINFO = "/api/v2.0/ping", "/api/v2.0/health", "/api/v2.0/systeminfo"
# Seconds that a request takes while core tries in vain to reach Redis; recorded.
WITHOUT_REDIS, PING_WITHOUT_REDIS, SYSTEMINFO_WITHOUT_REDIS = 0.6, 0.15, 1.1
# /ping behind a frozen Redis took 24 s of the 60 that nginx would wait.
PING_WITH_REDIS_FROZEN = 0.4
READ_ONLY = "The system is in read only mode. Any modification is prohibited."
UNAVAILABLE = (
    b"<!DOCTYPE HTML>\n<html>\n<head><title>503 - Service Unavailable</title></head>\n<body></body>\n</html>\n"
)


def answer(harbor: Simulator, request: Request) -> Response:
    """What core answers; raises StalledError when it never will."""
    if harbor.state.part("core") == "unavailable":
        return _finish(harbor, request, Response(503, {"Content-Type": "text/html; charset=utf-8"}, UNAVAILABLE))
    if request.path == PING:
        return _finish(harbor, request, _ping(harbor))
    if harbor.state.part("mode") == "read-only" and request.method not in ("GET", "HEAD"):
        return _with_request_id(request, error(403, "DENIED", READ_ONLY))
    _stall_behind_database_or_redis(harbor, request)
    login = authenticate(harbor, request)
    if request.path.startswith("/v2/"):
        response = registry.answer(harbor, request, login)
    elif request.path.startswith("/service/token"):
        response = tokens.answer(harbor, request, login)
    else:
        response = api.answer(harbor, request, login)
    response.after += login.seconds
    if harbor.state.part("redis") == "down":
        response.after += SYSTEMINFO_WITHOUT_REDIS if request.path == SYSTEMINFO else WITHOUT_REDIS
    return _finish(harbor, request, response)


def _ping(harbor: Simulator) -> Response:
    """The one endpoint that asks neither for a login nor the database; for a session, though."""
    frozen = PING_WITH_REDIS_FROZEN * harbor.gateway_timeout
    after = {"down": PING_WITHOUT_REDIS, "frozen": frozen}.get(harbor.state.part("redis"), 0.0)
    return Response(200, {"Content-Type": "text/plain"}, b"Pong", after)


def _stall_behind_database_or_redis(harbor: Simulator, request: Request) -> None:
    if harbor.state.part("redis") == "frozen":
        raise StalledError
    if harbor.state.part("database") == "frozen" and not (
        request.path.rstrip("/") == HEALTH and harbor.state.part("health") == "stale"
    ):
        raise StalledError


def authenticate(harbor: Simulator, request: Request) -> Login:
    """Who it is. A database that cannot be asked makes anonymous of everybody, at once."""
    if request.authorization == "Bearer":
        return tokens.bearer(harbor, request)
    credentials = basic_credentials(request)
    if credentials is None or harbor.state.part("database") == "down":
        return Login()
    if harbor.state.part("database") in ("frozen", "locked"):
        raise StalledError
    return harbor.authenticator.login(*credentials)


def _finish(harbor: Simulator, request: Request, response: Response) -> Response:
    secure = "Secure; " if harbor.expects_tls and not request.path.startswith("/v2/") else ""
    if "sid=" not in request.headers.get("Cookie", ""):
        response.headers["Set-Cookie"] = f"sid={secrets.token_hex(16)}; Path=/; {secure}HttpOnly"
    if harbor.content.now is not None or harbor.state.part("clock") == "wrong":
        response.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(harbor.clock()))
    return _with_request_id(request, response)


def _with_request_id(request: Request, response: Response) -> Response:
    response.headers["X-Request-Id"] = request.headers.get("X-Request-Id") or str(uuid.uuid4())
    return response
