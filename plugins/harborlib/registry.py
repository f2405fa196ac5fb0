"""The registry's own protocol (OCI distribution) as Harbor speaks it under /v2/."""

from __future__ import annotations

import re

from .origin import Origin

BASE = "/v2/"

_PIECE = re.compile(r"""[\s,]*([\w!#$%&*+.^`~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?""")


def challenges(header: str) -> dict[str, dict[str, str]]:
    """A WWW-Authenticate header (RFC 9110) as scheme to parameters, names in lower case; quoted commas are kept.

    What does not fit the grammar ends the parsing.
    """
    found: dict[str, dict[str, str]] = {}
    parameters: dict[str, str] = {}
    position = 0
    while match := _PIECE.match(header, position):
        name, quoted, plain = match.groups()
        if quoted is None and plain is None:
            parameters = found.setdefault(name.lower(), {})
        else:
            parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        position = match.end()
    return found


def challenge_problem(header: str, origin: Origin) -> str:
    """What keeps a client from logging in after this challenge, or "".

    Clients send their password to the realm: on http, or on another host than the one they talk to, it is a leak or a
    login that fails (Harbor builds the realm from `external_url`).
    """
    bearer = challenges(header).get("bearer")
    if bearer is None:
        return "/v2/ answers 401 without a Bearer challenge: clients cannot log in"
    realm = bearer.get("realm", "")
    scheme, _, rest = realm.partition("://")
    host = rest.partition("/")[0].lower()
    if not host or not bearer.get("service"):
        return "the challenge of /v2/ lacks a realm or a service: clients cannot log in"
    if scheme.lower() != "https" and origin.scheme == "https":
        return f"the realm is {realm}: clients would send passwords in clear text, or refuse"
    if host not in (origin.where, f"{origin.host}:{origin.port}"):
        return f"the realm is on another host: {realm}, not on {origin.where}"
    return ""
