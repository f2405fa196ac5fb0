"""Harbor's core: which account asks, whether it has permission, and which endpoint answers.

Every answer of core has X-Request-Id, and for a client without a session cookie a new one.
"""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import replace

from . import api, database, registry, signin, tokens
from .accounts import Login, basic_credentials
from .messages import Request, Response, StalledError, error
from .world import World

PING, HEALTH, SYSTEMINFO = "/api/v2.0/ping", "/api/v2.0/health", "/api/v2.0/systeminfo"
# Seconds that a request takes while core tries to reach Redis in vain; recorded.
WITHOUT_REDIS, PING_WITHOUT_REDIS, SYSTEMINFO_WITHOUT_REDIS = 0.6, 0.15, 1.1
# /ping behind a frozen Redis took 24 s; nginx would wait 60.
PING_WITH_REDIS_FROZEN = 0.4
# As observed behind a database that answered each statement half a second late.
SLOW_STATEMENT = 0.55
PLAIN_TEXT = ("*/*", "text/*", "text/plain")
NOT_ACCEPTABLE = "validation failure list:\nunsupported media type requested, only [text/plain] are available"
READ_ONLY = "The system is in read only mode. Any modification is prohibited."
UNAVAILABLE = (
    b"<!DOCTYPE HTML>\n<html>\n<head><title>503 - Service Unavailable</title></head>\n<body></body>\n</html>\n"
)


def answer(world: World, request: Request) -> Response:
    """Core's answer; raises StalledError if it will never come."""
    if world.state.part("core") == "unavailable":
        return _finish(world, request, Response(503, {"Content-Type": "text/html; charset=utf-8"}, UNAVAILABLE))
    if request.path == PING:
        return _finish(world, request, _ping(world, request))
    if world.state.part("mode") == "read-only" and request.method not in ("GET", "HEAD"):
        return _with_request_id(request, error(403, "DENIED", READ_ONLY))
    _stall_behind_database_or_redis(world, request)
    login = authenticate(world, request)
    if request.path.startswith("/v2/"):
        response = registry.answer(world, request, login)
    elif request.path.startswith("/service/token"):
        response = tokens.answer(world, request, login)
    elif request.path.startswith("/c/oidc/"):
        response = signin.answer(world, request)
    else:
        response = api.answer(world, request, login)
    response.after += login.seconds
    if world.database:
        database.ask(world.database, statements(request, login))
    if world.state.part("database") == "slow":
        response.after += SLOW_STATEMENT * statements(request, login)
    if world.state.part("redis") == "down":
        response.after += SYSTEMINFO_WITHOUT_REDIS if request.path == SYSTEMINFO else WITHOUT_REDIS
    return _finish(world, request, response)


def statements(request: Request, login: Login) -> int:
    """The number of statements that core waits for, one after the other, before it answers."""
    if request.path in (HEALTH, SYSTEMINFO):
        return 2
    if request.path == "/v2/":
        return 4 if login.name else 0
    return 8


def _ping(world: World, request: Request) -> Response:
    """The only endpoint that needs neither a login nor the database; it does need a session.

    It offers only plain text.
    """
    frozen = PING_WITH_REDIS_FROZEN * world.gateway_timeout
    after = {"down": PING_WITHOUT_REDIS, "frozen": frozen}.get(world.state.part("redis"), 0.0)
    if request.method != "GET":
        return error(405, "METHOD_NOT_ALLOWED", f"method {request.method} is not allowed, but [GET] are")
    accepted = {part.partition(";")[0].strip() for part in request.headers.get("Accept", "*/*").split(",")}
    if accepted.isdisjoint(PLAIN_TEXT):
        return replace(error(422, "UNPROCESSABLE_ENTITY", NOT_ACCEPTABLE), after=after)
    return Response(200, {"Content-Type": "text/plain"}, b"Pong", after)


def _stall_behind_database_or_redis(world: World, request: Request) -> None:
    if world.state.part("redis") == "frozen":
        raise StalledError
    if world.state.part("database") == "frozen" and not (
        request.path.rstrip("/") == HEALTH and world.state.part("health") == "stale"
    ):
        raise StalledError


def authenticate(world: World, request: Request) -> Login:
    """The account. If the database cannot be asked, every client is anonymous, at once."""
    if request.authorization == "Bearer":
        return tokens.bearer(world, request)
    credentials = basic_credentials(request)
    if credentials is None or world.state.part("database") == "down":
        return Login()
    is_robot = credentials[0].startswith("robot$")
    if world.state.part("database") in ("frozen", "locked", *(["robots locked"] if is_robot else [])):
        raise StalledError
    return signin.by_directory(world, *credentials) or world.authenticator.login(*credentials)


def _finish(world: World, request: Request, response: Response) -> Response:
    secure = "Secure; " if world.expects_tls and not request.path.startswith("/v2/") else ""
    if "sid=" not in request.headers.get("Cookie", ""):
        response.headers["Set-Cookie"] = f"sid={secrets.token_hex(16)}; Path=/; {secure}HttpOnly"
    if world.content.now is not None or world.state.part("clock") == "wrong":
        response.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(world.clock()))
    return _with_request_id(request, response)


def _with_request_id(request: Request, response: Response) -> Response:
    response.headers["X-Request-Id"] = request.headers.get("X-Request-Id") or str(uuid.uuid4())
    return response
