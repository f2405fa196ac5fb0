"""HTTP requests and answers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from .failure import CONTENT, ROUTE, Failure, Kind, starve
from .origin import Origin

ANSWER_LIMIT = 8 * 1024 * 1024  # bytes; pages of 100 rows stay well under 1 MiB
SMALL = 256 * 1024  # bytes for an answer that takes Harbor a few KiB; another application's web page fits too
DATE_LIMIT = 64  # characters; `Sun, 06 Nov 1994 08:49:37 GMT` has 29
JSON_LIMIT = 4 * 1024 * 1024  # characters; a manifest may have that many
VALUES = 20_000  # commas and brackets in JSON, each at most 250 bytes of memory; a page of 100 rows has a tenth of them
DEPTH = 64  # levels of nesting; Harbor's answers have six
BRACKETS = bytes.maketrans(b"{}", b"[]")
NO_BRACKETS = bytes(set(range(256)).difference(b"[]{}"))


class Request(NamedTuple):
    """One request to Harbor, or to another `origin` (an object store).

    `limit` is the time it may take in seconds (None: what the caller has), `size` the maximum answer in bytes. `sink`
    receives the body of a 200 piece by piece instead, as long as it returns True. `follow`: follow redirects within the
    origin. `once`: never repeat it, and use no kept connection, which could end without an answer.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    data: bytes | None = None
    origin: Origin | None = None
    limit: float | None = None
    size: int = ANSWER_LIMIT
    sink: Callable[[bytes], bool] | None = None
    follow: bool = True
    once: bool = False

    @property
    def login(self) -> bool:
        """Whether it carries credentials or a token."""
        return "Authorization" in self.headers

    def __str__(self) -> str:
        """As in a log: without the query, which can contain an upload's state or a signature."""
        return f"{self.method} {self.path.partition('?')[0]}"


class Answer(NamedTuple):
    """The answer. `elapsed` is in seconds, from the start of the request to the end of the body."""

    path: str
    login: bool
    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float

    @property
    def is_html(self) -> bool:
        """Whether it is a web page, as nginx, the portal or an ingress sends it; Harbor's API never does."""
        return "html" in self.headers.get("Content-Type", "").lower()

    @property
    def request_id(self) -> str:
        """X-Request-Id, which core logs. Others can set it too, so it affects only the wording."""
        return self.headers.get("X-Request-Id", "")

    @property
    def date(self) -> float:
        """The server's clock in seconds since 1970; ours if the server does not send it."""
        date = http_date(self.headers.get("Date", ""))
        return time.time() if date is None else date

    @property
    def crowd(self) -> int:
        """An upper limit for the number of values in it, if it is JSON."""
        return sum(map(self.body.count, (b",", b"[", b"{")))

    def json(self, values: int = VALUES) -> Any:
        """The body parsed as JSON, if it holds at most this many values; raises Failure (route, content)."""
        if self.is_html:
            raise self.fail(ROUTE, f"{self.status} {self.headers['Content-Type']} instead of JSON from {self.path}")
        try:
            return parsed(self.body.decode("utf-8-sig"), values)
        except Excess as excess:
            raise self.unexpected(str(excess)) from None
        except ValueError:
            raise self.fail(CONTENT, f"unexpected answer to GET {self.path}: not JSON") from None

    def unexpected(self, problem: str) -> Failure:
        """A Failure (content) that says in a few words what is wrong with the content."""
        return self.fail(CONTENT, f"unexpected answer to GET {self.path}: {problem}")

    def fail(self, kind: Kind, detail: str, **more: Any) -> Failure:
        """A Failure that records where this answer came from; `more` as in Failure."""
        known = {"status": self.status, "path": self.path, "login": self.login, "by_core": bool(self.request_id)}
        return Failure(kind, detail, **{**known, **more})


def http_date(text: str) -> float | None:
    """An HTTP date in seconds since 1970; None if it is not a date that a clock can show."""
    if len(text) > DATE_LIMIT:
        return None
    try:
        date = parsedate_to_datetime(text)
        seconds = (date if date.tzinfo else date.replace(tzinfo=timezone.utc)).timestamp()
        time.gmtime(seconds)
    except Exception as error:  # the exceptions for odd dates differ between Python versions
        starve(error)
        return None
    return seconds


class Excess(ValueError):
    """More values, or deeper nesting, than any Harbor sends; the text says which."""


def parsed(text: str, values: int = VALUES) -> Any:
    """JSON with Harbor's kinds of numbers: finite floats and 64-bit integers; raises ValueError, including Excess."""
    check_bounds(text, values)
    return json.loads(text, parse_int=whole, parse_float=finite, parse_constant=finite)


def check_bounds(text: str, values: int) -> None:
    """Raise Excess for JSON with more values than that, or deeper than DEPTH, before any of it is parsed.

    The parser holds the interpreter lock while it works, which delays any deadline. Python 3.13 crashes on deep JSON in
    threads with small stacks.
    """
    if len(text) > JSON_LIMIT:
        raise Excess(f"more than {JSON_LIMIT} characters")
    if sum(map(text.count, ",[{")) > values:
        raise Excess(f"more than {values} values")
    texts = text.replace("\\\\", "").replace('\\"', "")
    if texts.count('"') > 4 * values + 4:  # at most a key and a string per value
        raise ValueError("quotes without values between them")
    brackets = "".join(texts.split('"')[::2]).encode(errors="replace").translate(BRACKETS, NO_BRACKETS)
    if len(brackets) > 2 * values:
        raise ValueError("brackets that nothing opens")
    for _ in range(DEPTH):  # the innermost pairs go first
        brackets = brackets.replace(b"[]", b"")
    if b"[]" in brackets:
        raise Excess(f"more than {DEPTH} levels")
    if brackets:
        raise ValueError("brackets that nothing closes")


def whole(text: str) -> int:
    """An integer as Go's int64 holds it; raises ValueError."""
    number = int(text) if len(text) <= 20 else 1 << 64  # the text could be a megabyte long
    if abs(number) > 1 << 63:
        raise ValueError("a number of more than 64 bits")
    return number


def finite(text: str) -> float:
    """A finite float: JSON has neither infinity nor NaN; raises ValueError."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number
