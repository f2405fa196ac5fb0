"""/service/token: bearer tokens as Harbor signs them (JWT, RS256)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .accounts import Login
from .messages import Request, Response, StalledError, json_response
from .once import once
from .world import World

SERVICE, ISSUER, LIFETIME_SECONDS = "harbor-registry", "harbor-token-issuer", 1800


@once
def signing_key() -> rsa.RSAPrivateKey:
    """One per process, made when the first token is requested."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@once
def key_id() -> str:
    """The key's fingerprint in libtrust's form; with it a registry finds the certificate for verification."""
    public = signing_key().public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode()
    return ":".join(text[i : i + 4] for i in range(0, len(text), 4))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(claims: dict[str, object]) -> str:
    """A token with these claims."""
    header = {"alg": "RS256", "kid": key_id(), "typ": "JWT"}
    parts = [_encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
    signature = signing_key().sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
    return ".".join([*parts, _encode(signature)])


def answer(world: World, request: Request, login: Login) -> Response:
    """Everyone gets a token for a scope; it grants what the account may do, which can be nothing."""
    service, scope = request.query.get("service", ""), request.query.get("scope")
    if service != SERVICE:
        body = f"Unable to handle service: {service}".encode()
        return Response(400, {"Content-Type": "text/plain; charset=utf-8"}, body)
    if scope is None and login.name is None:
        return Response(401)
    if world.state.part("database") == "locked":
        raise StalledError
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": ISSUER, "sub": login.name, "aud": SERVICE,
        "exp": now + LIFETIME_SECONDS, "nbf": now, "iat": now, "jti": secrets.token_urlsafe(12),
        "access": [access(world, login, scope)] if scope is not None else None,
    }  # fmt: skip
    if login.name is None:
        del claims["sub"]
    issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    answer = {"token": sign(claims), "access_token": "", "expires_in": LIFETIME_SECONDS, "issued_at": issued}
    return json_response(answer, **{"Content-Type": "application/json; charset=utf-8"})


def access(world: World, login: Login, scope: str) -> dict[str, object]:
    """One element of the claim `access`: the actions that the account has, not those that were requested."""
    kind, _, rest = scope.partition(":")
    name, _, _asked = rest.rpartition(":")
    actions: list[str] = []
    if world.state.part("database") == "down":
        pass
    elif kind == "registry" and name == "catalog":
        actions = ["*"] if login.account and login.account.may("catalog:read") else []
    elif kind == "repository":
        actions = list(world.repository_actions(login, name.partition("/")[0]))
    return {"type": kind, "name": name, "actions": actions}


def bearer(world: World, request: Request) -> Login:
    """The login behind one of our tokens, with the permissions that it grants; anonymous for any other token."""
    claims = verify(request.headers["Authorization"].partition(" ")[2])
    if claims is None or "sub" not in claims:
        return Login()
    name = claims["sub"]
    granted = {entry["name"].partition("/")[0]: tuple(entry["actions"]) for entry in claims["access"] or ()}
    return Login(name, world.authenticator.accounts.get(name), granted=granted)


def verify(token: str) -> dict[str, Any] | None:
    """The claims of a token that we signed and that has not expired, else None."""
    try:
        signed, _, signature = token.rpartition(".")
        signing_key().public_key().verify(_decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims = json.loads(_decode(signed.partition(".")[2]))
    except Exception:  # any error means that it is not ours
        return None
    return claims if claims["exp"] > time.time() else None
