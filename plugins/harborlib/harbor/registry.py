"""The registry protocol (OCI distribution) as Harbor speaks it under /v2/."""

from __future__ import annotations

import errno
import os
import re
import time
from typing import Any

from harborlib.text import CRITICAL, WARNING
from harborlib.text.cleaning import begun, redacted
from harborlib.wire.failure import ROUTE, STATUS, Failure, Kind
from harborlib.wire.origin import Origin, Target
from harborlib.wire.request import SMALL, Answer, Request, http_date

from . import components
from .refusals import RATE_LIMITED, good, in_front, refused_in_front
from .run import Run

BASE = "/v2/"
#: The next step for a realm that clients cannot use.
REALM = "set external_url (chart: externalURL) to the address that clients use, then {apply}"
#: The next step for a 401 that is not Harbor's.
NO_LOGIN = "disable the reverse proxy's own authentication for /v2/: clients need Harbor's Bearer challenge"
BAD_CHALLENGE = Kind("v2.bad-challenge", ROUTE, next_step=REALM)

CHALLENGE_LIMIT = 8192  # the part of a challenge that is read, in characters; Harbor's has 200
_PIECE = re.compile(r"""[\s,]*([\w!#$%&*+.^`~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?""")


def challenges(header: str) -> dict[str, dict[str, str]]:
    """A WWW-Authenticate header (RFC 9110) as scheme to parameters, names in lower case; quoted commas are kept.

    Parsing stops at anything that violates the grammar or is unreasonably long.
    """
    header = begun(header, CHALLENGE_LIMIT)
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
    """What prevents a client from logging in after this challenge, or "".

    Clients send their password to the realm. A realm on http, or on another host than the one they talk to, leaks it or
    makes the login fail (Harbor builds the realm from `external_url`).
    """
    bearer = challenges(header).get("bearer")
    if bearer is None:
        return "/v2/ answers 401 without a Bearer challenge: clients cannot log in"
    realm = bearer.get("realm", "")
    if "://" not in realm or not bearer.get("service"):
        return "the challenge of /v2/ lacks a realm or a service: clients cannot log in"
    try:
        found = Target.parse(realm).origin
    except ValueError:
        found = None
    if found and found.scheme != "https" and origin.scheme == "https":
        return f"the token realm is {realm}: clients would send passwords in clear text or refuse"
    if found != origin:
        return f"the token realm is on another host: {realm}, not on {origin.where}"
    return ""


def ask(run: Run, path: str, login: bool = False) -> Answer:
    """GET a path of the registry protocol (not manifests and blobs); raises Failure if no complete answer arrives."""
    sent = {"Accept": "application/json"}
    if login and run.client.account:
        sent["Authorization"] = run.client.account.header
    return run.send(Request("GET", path, sent, size=SMALL))


def challenge(answer: Answer, run: Run) -> dict[str, str]:
    """The Bearer challenge of a 401, safe to follow: its realm is on our origin; raises Failure (route, status)."""
    if answer.status != 401:
        if answer.status in MISROUTED or answer.status < 400:
            raise answer.fail(ROUTE, f"{answer.status} instead of the registry from {answer.path}")
        if in_front(answer) and answer.status != 429:
            raise refused_in_front(answer, answer.path, CRITICAL)
        good(answer)
    header = answer.headers.get("WWW-Authenticate", "")
    problem = challenge_problem(header, run.client.origin)
    if problem:
        raise answer.fail(BAD_CHALLENGE, problem, next_step=challenge_step(answer))
    return challenges(header)["bearer"]


def challenge_step(answer: Answer) -> str:
    """The next step for a challenge that clients cannot use: Harbor's, or one of a server in front of it."""
    found = challenges(answer.headers.get("WWW-Authenticate", ""))
    harbors = "bearer" in found or found.get("basic", {}).get("realm") == "harbor"
    return REALM if harbors or not (found or in_front(answer)) else NO_LOGIN


def spoken(answer: Answer) -> bool:
    """Whether this is a registry's own 200 for /v2/, and not that of a server that answers 200 to everything."""
    named = answer.headers.get("Docker-Distribution-Api-Version") == "registry/2.0"
    return answer.status == 200 and (named or answer.body.strip() == b"{}")


def location(answer: Answer, origin: Origin) -> Target:
    """The target of an answer's Location; raises Failure (route)."""
    try:
        if not answer.headers["Location"]:
            raise ValueError
        return Target(origin, answer.path).follow(answer.headers["Location"])
    except (KeyError, ValueError):
        path = answer.path.partition("?")[0]
        raise answer.fail(ROUTE, f"{answer.status} for {path} without a usable Location") from None


#: The meaning of the numbers in a storage driver's error (Linux errno).
ERRNO = {
    28: "the registry's storage is full",
    30: "the registry's storage is read-only",
    122: "the disk quota of the registry's storage is used up",
}
NUMBERS = {os.strerror(number).lower(): number for number in errno.errorcode}
STORAGE = "check the registry's storage: {mounts}"
MAKE_ROOM = "check usage with {usage}, then delete images and run garbage collection, or enlarge the storage"
#: For a storage driver other than this: no command on a host or in a pod shows the space of an object store.
FILE_SYSTEM = ("filesystem", None)
OBJECT_STORE = "check the object storage (quota, credentials, endpoint), then run {logs:registry}"

STORAGE_FAILS = Kind("registry.storage-fails", STATUS, CRITICAL, STORAGE)
#: The same for a full storage: check_harbor_storage also sees a data volume that is full.
STORAGE_FULL = Kind("registry.storage-fails", STATUS, CRITICAL, MAKE_ROOM)
LOST = Kind(
    "registry.content-lost",
    STATUS,
    CRITICAL,
    "check that the registry has its old storage: {mounts}; then read the last garbage collection's log",
)
NOT_THERE = Kind("registry.not-there", STATUS, CRITICAL,
                 "push the canary image again, or correct its name in the options")  # fmt: skip
UPSTREAM_LIMIT = Kind("registry.upstream-rate-limit", STATUS, WARNING,
                      "add credentials to the proxy cache's registry endpoint, or pull less often")  # fmt: skip
POLICY = Kind("registry.refused-by-policy", STATUS, WARNING,
              "have the image scanned and signed as its project requires, or use another canary image")  # fmt: skip


#: Statuses of a server that is not a registry. Other statuses below 500 are refusals.
MISROUTED = (200, 404)


def foreign(answer: Answer, what: str) -> Failure | None:
    """The Failure for an answer that does not follow the registry protocol; None if it does."""
    if answer.status >= 500 or not (answer.is_html or in_front(answer)):
        return None
    if answer.status == 429:
        text = f"{what}: rate limit of the reverse proxy or CDN reached{reset(answer)}"
        return answer.fail(RATE_LIMITED, text, state=WARNING)
    if in_front(answer) and answer.status not in MISROUTED:
        return refused_in_front(answer, what, CRITICAL)
    page = "with a web page" if answer.is_html else "without an error of the registry"
    return answer.fail(ROUTE, f"{what}: {answer.status} {page}: /v2/ is routed to the wrong place", state=CRITICAL)


def refusal(answer: Answer, what: str) -> Failure:
    """An error of the registry protocol as a Failure, by the hop that fails: proxy, core, registry or storage."""
    somebody = foreign(answer, what)
    if somebody:
        return somebody
    code, message, detail = error(answer)
    storage = storage_trouble(detail)
    if storage:
        full = storage == ERRNO[errno.ENOSPC]
        step = OBJECT_STORE if isinstance(detail, dict) and detail.get("DriverName") not in FILE_SYSTEM else ""
        return answer.fail(STORAGE_FULL if full else STORAGE_FAILS, f"{what}: {storage}", next_step=step)
    if answer.status == 404 and code in ("MANIFEST_UNKNOWN", "BLOB_UNKNOWN"):
        return answer.fail(LOST, f"{what} is lost: Harbor lists it, but the registry's storage does not have it")
    if answer.status == 404:
        return answer.fail(NOT_THERE, f"{what} does not exist ({message or 'not found'})")
    if answer.status == 429 and "upstream" in message:
        return answer.fail(UPSTREAM_LIMIT, f"{what}: rate limit reached upstream{reset(answer)}")
    if answer.status == 429:
        return answer.fail(RATE_LIMITED, f"{what}: rate limit reached: {message}{reset(answer)}", state=WARNING)
    if answer.status == 412:
        return answer.fail(POLICY, f"{what}: refused by a policy of its project: {message}")
    if answer.status >= 500:
        text = f"{what}: {answer.status} from {hop(answer)}{message and ': '}{message}"
        aside = f"X-Request-Id {answer.request_id}" if answer.request_id else ""
        step = components.next_step("registry") if hop(answer) == "the registry" else ""
        return answer.fail(STATUS, text, aside=aside, state=CRITICAL, next_step=step)
    return answer.fail(STATUS, f"{what}: {answer.status} {message}".rstrip(), state=CRITICAL)


def hop(answer: Answer) -> str:
    """Who sent this answer: only the registry sends its protocol version, only core sends a request id."""
    says_dead = answer.status == 502 and answer.request_id  # core sends this without a body
    if says_dead or "Docker-Distribution-Api-Version" in answer.headers:
        return "the registry"
    return "core" if answer.request_id else "the reverse proxy"


def reset(answer: Answer) -> str:
    """When a rate limit ends, if the answer says so: in seconds or as a date. Harbor itself does not forward that."""
    header = answer.headers.get("Retry-After") or answer.headers.get("RateLimit-Reset") or ""
    date = http_date(header)
    seconds = round(date - answer.date) if date is not None else -1
    if re.fullmatch("[0-9]{1,6}", header):
        seconds = int(header)
    end = time.gmtime(answer.date + seconds) if 0 <= seconds < 1_000_000 else None
    return f", resets in {seconds} s ({time.strftime('%H:%M:%S', end)} UTC)" if end else ""


def error(answer: Answer) -> tuple[str, str, Any]:
    """Code, message and detail of the first error in an answer; empty if it has none."""
    try:
        first = answer.json()["errors"][0]
        message = redacted(str(first.get("message") or ""))
        half = message[: len(message) // 2 - 1]
        if half and message == f"{half}: {half}":  # Harbor repeats many messages
            message = half
        return str(first.get("code") or ""), message, first.get("detail")
    except (Failure, LookupError, TypeError, AttributeError):
        return "", "", None


def storage_trouble(detail: Any) -> str:
    """The storage driver's complaint in an error's detail, or "".

    The registry forwards a number if the file system refused to start an operation, a sentence if it stopped in the
    middle of one, and for other drivers the driver's name.
    """
    number = NUMBERS.get(detail.rpartition(": ")[2]) if isinstance(detail, str) else None
    driver = ""
    if isinstance(detail, dict) and isinstance(detail.get("DriverName"), str):
        driver, enclosed = detail["DriverName"], detail.get("Enclosed")
        number = enclosed.get("Err") if isinstance(enclosed, dict) else None
    if isinstance(number, int) and 0 < number < 200:
        return ERRNO.get(number) or f"the registry cannot use its storage: {os.strerror(number)} (errno {number})"
    return f"the registry cannot use its storage (driver {driver})" if driver else ""
