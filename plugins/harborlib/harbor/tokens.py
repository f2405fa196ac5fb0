"""The token that a registry's token service issues: its claims and its holder."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple

from harborlib.wire.failure import CONTENT, Failure, starve
from harborlib.wire.request import parsed

ISSUER = "harbor-token-issuer"  # Harbor's constant (src/core/service/token/authutils.go); its registry expects it
END_OF_TIME = 1e11  # seconds since 1970, in the year 5138


class Claims(NamedTuple):
    """The claims of a JWT. Its signature is not verified: only the registry needs to trust it.

    `subject` is "" for an anonymous client. Times are in seconds since 1970. `access`: repository to granted actions.
    """

    subject: str
    issuer: str
    audience: str
    issued: float
    not_before: float
    expires: float
    access: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, token: str) -> Claims:
        """Decode a token; raises Failure (content)."""
        try:
            middle = token.split(".")[1]
            claims = parsed(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)).decode())
            access = {
                str(entry["name"]): frozenset(map(str, entry["actions"] or ()))
                for entry in claims.get("access") or ()
                if entry["type"] == "repository"
            }
            audience = claims.get("aud") or ""
            return cls(
                subject=str(claims.get("sub") or ""),
                issuer=str(claims.get("iss") or ""),
                audience=" ".join(map(str, audience)) if isinstance(audience, list) else str(audience),
                issued=claimed_time(claims, "iat"),
                not_before=claimed_time(claims, "nbf"),
                expires=claimed_time(claims, "exp"),
                access=access,
            )
        except Exception as error:  # whatever a wrong type or value raises
            starve(error)
            raise Failure(CONTENT, "the token of /service/token is not a JWT with claims") from None

    def missing(self, repository: str, actions: frozenset[str]) -> list[str]:
        """The actions that are not granted."""
        return sorted(actions - self.access.get(repository, frozenset()))


def claimed_time(claims: Mapping[str, Any], name: str) -> float:
    """A time in seconds since 1970, 0 if it is missing; raises what a wrong type or value raises."""
    seconds = float(claims.get(name) or 0)
    if not 0 <= seconds < END_OF_TIME:
        raise ValueError
    return seconds
