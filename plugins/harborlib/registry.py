"""The registry's own protocol (OCI distribution) as Harbor speaks it under /v2/."""

from __future__ import annotations

import re
from typing import Any

from .api import Harbor
from .dial import where
from .failure import ROUTE, STATUS, Failure
from .origin import PORTS, Origin
from .request import Answer

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
    if host not in (origin.where, where(origin.host, origin.port)):
        return f"the realm is on another host: {realm}, not on {origin.where}"
    return ""


def challenge(answer: Answer, harbor: Harbor) -> dict[str, str]:
    """The Bearer challenge of a 401, safe to follow: its realm is on our origin; raises Failure (route, status)."""
    if answer.status != 401:
        if answer.is_html or answer.status == 404:
            raise answer.fail(ROUTE, f"{answer.status} instead of the registry from {answer.path}")
        harbor.good(answer)
    header = answer.headers.get("WWW-Authenticate", "")
    problem = challenge_problem(header, harbor.origin)
    if problem:
        raise answer.fail(ROUTE, problem)
    return challenges(header)["bearer"]


def port(scheme: str) -> int:
    """The usual port of a scheme; raises ValueError for one that is not HTTP."""
    if scheme not in PORTS:
        raise ValueError(f"not HTTP: {scheme}")
    return PORTS[scheme]


#: What the numbers in a storage driver's error mean (Linux errno).
ERRNO = {28: "the registry's storage is full", 30: "the registry's storage is read-only", 122: "disk quota exceeded"}
STORAGE = "look at the storage of the container registry: df -h, mount, dmesg on its host"


def refusal(answer: Answer, what: str) -> Failure:
    """What an error of the registry protocol means, told by the hop that fails: proxy, core, registry or storage."""
    code, message, detail = error(answer)
    if answer.is_html and answer.status < 500:
        return answer.fail(ROUTE, f"{what}: {answer.status} with a web page: /v2/ is routed to the wrong place")
    found = answer.fail(STATUS, f"{what}: {answer.status} {message}".rstrip())
    found.state = "critical"
    number = errno(detail)
    if answer.status == 502:
        who = "the registry" if answer.request_id else "the proxy"
        found.detail = f"502 from {who} for {what}"
    elif number:
        found.detail = f"{what}: {ERRNO.get(number, f'the registry cannot use its storage (errno {number})')}"
        found.next_step = STORAGE
    elif answer.status == 404 and code in ("MANIFEST_UNKNOWN", "BLOB_UNKNOWN"):
        found.detail = f"{what} is lost: Harbor knows it, the registry's storage does not have it"
        found.next_step = f"{STORAGE}; was it mounted, did garbage collection take it?"
    elif answer.status == 404:
        found.detail = f"{what}: there is none ({message or 'not found'})"
        found.next_step = "push the canary image again, or correct the name that is given"
    elif answer.status == 429:
        found.state = "warning"
        found.detail = f"{what}: rate limit reached upstream{reset(answer)}"
        found.next_step = "give the proxy-cache's registry endpoint a login, or pull less often"
    elif answer.status == 412:
        found.state = "warning"
        found.detail = f"{what}: refused by a policy of its project: {message}"
        found.next_step = "have the image scanned and signed as its project asks, or use another canary"
    elif answer.status >= 500:
        request = f" (X-Request-Id {answer.request_id})" if answer.request_id else ""
        found.detail = f"{what}: {answer.status} {message}{request}"
    return found


def reset(answer: Answer) -> str:
    """When a rate limit ends, if the answer tells."""
    seconds = answer.headers.get("Retry-After") or answer.headers.get("RateLimit-Reset") or ""
    return f", free again in {seconds} s" if seconds.isdigit() and len(seconds) < 8 else ""


def error(answer: Answer) -> tuple[str, str, Any]:
    """Code, message and detail of the first error in an answer; empty where it has none."""
    try:
        first = answer.json()["errors"][0]
        message = str(first.get("message") or "")
        half = len(message) // 2
        if message[:half] == message[half + 2 :] and message[half : half + 2] == ": ":
            message = message[:half]  # Harbor says many things twice
        return str(first.get("code") or ""), message, first.get("detail")
    except (Failure, LookupError, TypeError, AttributeError):
        return "", "", None


def errno(detail: Any) -> int:
    """The error number of the storage driver in an error's detail; 0 where there is none."""
    try:
        return int(detail["Enclosed"]["Err"])
    except (LookupError, TypeError, ValueError):
        return 0
