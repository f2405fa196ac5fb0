"""How people log in: Harbor's own database, a directory (LDAP), or an OpenID provider.

Without a real provider (world.provider) the made-up one of the recordings knows Harbor and no code. Without a real
directory (world.directory) people are in the made-up one, with the accounts of this Harbor.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode, urlsplit

from .accounts import Account, Login
from .messages import Request, Response, StalledError, error
from .world import Provider, World

PROVIDER_NAME = "LabLogin"
LDAP_TIMEOUT = 5.0
MADE_UP_PORT = 31500
SECONDS = 5.0  # for each request to the provider
SCOPE = "openid profile email offline_access"
UNSUITABLE = "Invalid client or Invalid client credentials"


def mode(world: World) -> str:
    """Harbor's auth_mode."""
    return {"ldap": "ldap_auth", "oidc": "oidc_auth"}.get(world.state.part("people").partition(" ")[0], "db_auth")


def by_directory(world: World, name: str, password: str) -> Login | None:
    """What a directory makes of a login; None if core does not need it for this one. Raises StalledError."""
    trouble = world.state.part("people")
    if not trouble.startswith("ldap "):
        return _by_real_directory(world, name, password) if trouble == "ldap" else None
    if _is_local(world, name, password):
        return None
    if trouble == "ldap frozen":
        raise StalledError
    return Login(seconds=LDAP_TIMEOUT if trouble == "ldap silent" else 0.0)


def _is_local(world: World, name: str, password: str) -> bool:
    account = world.authenticator.accounts.get(name)
    local = account and (account.sysadmin or name.startswith("robot$"))
    return bool(account and local and account.password == password)


def _by_real_directory(world: World, name: str, password: str) -> Login | None:
    if not world.directory or _is_local(world, name, password):
        return None
    try:
        known = world.directory.knows(name, password)
    except TimeoutError:
        raise StalledError from None
    except OSError:
        return Login()
    return Login(name, Account(password)) if known else None


def answer(world: World, request: Request) -> Response:
    """The answer below /c/oidc/; raises StalledError."""
    if mode(world) != "oidc_auth":
        response = error(412, "PRECONDITION_FAILED", f"auth mode: {mode(world)} is not OIDC based")
    elif request.path == "/c/oidc/login":
        response = _login(world)
    else:
        response = _callback(world, request)
    response.headers.update(
        {"Vary": "Cookie", "X-Harbor-Csrf-Token": base64.b64encode(secrets.token_bytes(64)).decode()}
    )
    if "sid=" in request.headers.get("Cookie", ""):
        response.headers["Set-Cookie"] = f"_gorilla_csrf={secrets.token_urlsafe(60)}; Path=/; Secure; HttpOnly"
    return response


def _login(world: World) -> Response:
    if world.state.part("people") == "oidc frozen":
        raise StalledError
    endpoint = "" if world.state.part("people") == "oidc down" else _endpoint(world, "authorization_endpoint")
    if not endpoint:
        return error(500, "UNKNOWN", "internal server error")
    query = urlencode({
        "client_id": world.provider.client if world.provider else "harbor",
        "redirect_uri": f"{world.external_url}/c/oidc/callback",
        "response_type": "code", "scope": SCOPE, "state": secrets.token_hex(16),
    })  # fmt: skip
    location = f"{endpoint}?{query}"
    body = f'<a href="{html.escape(location)}">Found</a>.\n\n'.encode()
    return Response(302, {"Content-Type": "text/html; charset=utf-8", "Location": location}, body)


def _callback(world: World, request: Request) -> Response:
    if "sid=" not in request.headers.get("Cookie", "") or "state" not in request.query:
        return error(400, "BAD_REQUEST", "State mismatch.")
    endpoint = _endpoint(world, "token_endpoint")
    if not endpoint:
        return error(500, "UNKNOWN", "internal server error")
    code, description = "invalid_grant", "Code not valid"
    if world.provider:
        code, description = _redeemed(world.provider, endpoint, request.query.get("code", ""), world.external_url)
    return error(400, "BAD_REQUEST", f'oauth2: "{code}" "{description}"')


def _endpoint(world: World, name: str) -> str:
    """One of the provider's endpoints; "" if its discovery document is not there, or another issuer's."""
    if not world.provider:
        return f"https://{urlsplit(world.url).hostname}:{MADE_UP_PORT}/realm/auth"
    try:
        url = world.provider.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        found: dict[str, Any] = json.load(_open(world.provider, urllib.request.Request(url)))  # noqa: S310  of a test
    except (OSError, ValueError):
        return ""
    return str(found[name]) if found["issuer"] == world.provider.issuer else ""


def _redeemed(provider: Provider, endpoint: str, code: str, url: str) -> tuple[str, str]:
    """The provider's OAuth error for a code, and its description."""
    data = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": f"{url}/c/oidc/callback"})
    basic = base64.b64encode(f"{provider.client}:{provider.secret}".encode()).decode()
    try:
        _open(provider, urllib.request.Request(endpoint, data.encode(), {"Authorization": f"Basic {basic}"}))  # noqa: S310
    except urllib.error.HTTPError as refused:
        with refused:
            told = json.load(refused)
        return str(told["error"]), str(told.get("error_description", UNSUITABLE))
    raise AssertionError("a provider has taken an invented code")


def _open(provider: Provider, request: urllib.request.Request) -> Any:
    context = ssl.create_default_context(cafile=provider.ca_file)
    return urllib.request.urlopen(request, timeout=SECONDS, context=context)  # noqa: S310
