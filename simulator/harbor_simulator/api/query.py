"""The parameter q of lists, `key=value,key=value`: its values, and the rows that match.

Like src/lib/q/builder.go in Harbor's source: q is URL-decoded once more after the query string was decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Callable, TypeVar
from urllib.parse import unquote_plus

from harbor_simulator.messages import Request

T = TypeVar("T")
INCOMPLETE = 'the query string must contain "=" and the key/value cannot be empty'
BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
WILDCARD = re.compile(r"[%_]")


class BadQueryError(Exception):
    """A q that Harbor refuses with 400 and this message."""


def keywords(request: Request) -> dict[str, str]:
    """The values of q by key; raises BadQueryError."""
    text = request.query.get("q", "")
    if not BROKEN_ESCAPE.search(text):
        text = unquote_plus(text)
    found = {}
    for part in text.split(",") if text else ():
        key, _, value = part.partition("=")
        if not key or not value:
            raise BadQueryError(INCOMPLETE)
        if value == "[~]":
            raise BadQueryError(f"invalid query string value: {value}")
        found[key] = value
    return found


def chosen(request: Request, items: Iterable[T], columns: Mapping[str, Callable[[T], object]]) -> list[T]:
    """The items that match q; keys that are not columns are ignored. Raises BadQueryError."""
    asked = [(columns[key], value) for key, value in keywords(request).items() if key in columns]
    return [item for item in items if all(fits(column(item), value) for column, value in asked)]


def fits(actual: object, wanted: str) -> bool:
    """Whether a value equals the wanted one, contains it (~), or is in the list ({a b}); a list (a b) matches all."""
    text = str(actual)
    if wanted.startswith("~"):
        part = wanted[1:]
        return not WILDCARD.search(part) and part.casefold() in text.casefold()
    if wanted.startswith("{"):
        return text in wanted.strip("{}").split(" ")
    if wanted.startswith("("):
        return True
    if isinstance(actual, bool):
        return actual == (wanted in ("1", "true"))
    return text == wanted
