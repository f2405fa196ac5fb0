"""Harbor's JSON, read with its conventions: zero, empty and false are omitted; "never" is a date long ago."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from typing import Any

from harborlib.text.cleaning import begun
from harborlib.wire.failure import Failure
from harborlib.wire.request import VALUES, Answer, Excess, parsed

#: Harbor's value for a limit that does not exist, and for the end of something that never ends.
UNLIMITED = NEVER = -1
SMALLEST, LARGEST = -(2**63), 2**63 - 1  # of a number: Harbor's are int64
LATEST = 2**48  # seconds since 1970: Harbor accepts lifetimes of up to 2**31 days, and no end can be later
NAMES = ("name", "job_type", "worker_pool_id")  # the fields that hold the name of a row
NAME = 300  # characters; the longest names, those of robot accounts, have 255 plus a prefix
TIME = 40  # characters; `2026-11-22T06:17:10.123456789+01:00` has 35
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


class NoObject(dict[str, Any]):
    """Stands for a row that is not an object: reading it raises Failure (content)."""

    def __init__(self, fail: Callable[[str], Failure]) -> None:
        super().__init__()
        self.fail = fail

    def get(self, name: str, default: Any = None) -> Any:
        """Raises Failure."""
        raise self.fail("an object is expected")

    def __contains__(self, name: object) -> bool:
        raise self.fail("an object is expected")


class Fields:
    """One JSON object of an answer. A field of the wrong type raises Failure (content).

    The results of these methods are safe to compute with and to print. `fail` makes such a Failure from a short
    description of the problem.
    """

    __slots__ = ("_values", "fail")

    def __init__(self, value: Any, fail: Callable[[str], Failure]) -> None:
        self.fail = fail
        if not isinstance(value, dict):
            raise fail("an object is expected")
        self._values: dict[str, Any] = value

    @classmethod
    def of(cls, answer: Answer, values: int = VALUES) -> Fields:
        """The object in an answer, with at most this many values."""
        return cls(answer.json(values), _failing(answer))

    @classmethod
    def rows_of(cls, answer: Answer, most: int, values: int = VALUES) -> list[Fields]:
        """The list of objects in an answer, at most `most` (with this many values); `null` is an empty list."""
        fail = _failing(answer)
        rows = _list(answer.json(values), fail, "the body")
        if len(rows) > most:
            raise fail(f"{len(rows)} rows instead of at most {most}")
        return [cls.row(row, fail) for row in rows]

    @classmethod
    def row(cls, value: Any, fail: Callable[[str], Failure]) -> Fields:
        """A row of a list. One that is not an object is refused when it is read: it does not hide the others."""
        return cls(value if isinstance(value, dict) else NoObject(fail), fail)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def shows(self, name: str) -> bool:
        """Whether the field exists at all, even as null: an older Harbor omits fields that it does not know."""
        return name in self._values

    def number(self, name: str, needed: bool = False, least: int = SMALLEST) -> int:
        """An integer, at least `least`; 0 if it is missing, unless it is `needed` to recognize Harbor's answer."""
        value = self._values.get(name)
        if value is None and needed:
            raise self.fail(f"{name} is missing")
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not SMALLEST <= value <= LARGEST:
            raise self.fail(f"{name} is not a number")
        if isinstance(value, float):
            raise self.fail(f"{name} is not a whole number")
        if value < least:
            raise self.fail(f"{name} is {value}")
        return value

    def count(self, name: str, needed: bool = False) -> int:
        """A number or an amount of something."""
        return self.number(name, needed, least=0)

    def end(self, name: str) -> int | None:
        """When something ends, in seconds since 1970; None for never. Harbor always writes this field."""
        seconds = self.number(name, needed=True, least=NEVER)
        if seconds > LATEST:
            raise self.fail(f"{name} is not a time")
        return None if seconds == NEVER else seconds

    def name(self, name: str) -> str:
        """A name, or another short text that is kept or shown; a longer text is cut to its beginning."""
        return begun(self.text(name), NAME)

    def called(self, noun: str) -> str:
        """A name for this row even if the row is broken: its name, else its number; "" without both."""
        if isinstance(self._values, NoObject):
            return ""
        name = next((self._values[key] for key in NAMES if self._values.get(key)), None)
        number = self._values.get("id")
        if isinstance(name, str):
            return begun(name, NAME)
        return f"{noun} {begun(str(number), NAME)}" if isinstance(number, (int, str)) else ""

    def text(self, name: str) -> str:
        """A text of any length; "" if it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.fail(f"{name} is not a text")
        return value

    def key(self, name: str) -> str:
        """A number that Harbor writes as a text, such as `retention_id`; "" if it is missing."""
        text = self.text(name)
        if text and not (len(text) < 20 and text.isascii() and text.isdigit()):
            raise self.fail(f"{name} is not a number")
        return text

    def flag(self, name: str) -> bool:
        """True or false; false if it is missing."""
        value = self._values.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.fail(f"{name} is neither true nor false")
        return value

    def moment(self, name: str) -> float | None:
        """A point in time in seconds since 1970; None for never, which Harbor writes as a date in year 1 or 1970."""
        text = self.text(name)
        if not text:
            return None
        seconds = parse_moment(text)
        if seconds is None:
            raise self.fail(f"{name} is not a time")
        return seconds if seconds >= 365 * 86400 else None

    def inner(self, name: str) -> Fields:
        """An object in this one; an empty one if it is missing."""
        value = self._values.get(name)
        return Fields({} if value is None else value, self.fail)

    def packed(self, name: str) -> Fields:
        """An object that is JSON in a text, such as `job_parameters`; an empty one if that is missing or null."""
        text = self.text(name)
        try:
            value = parsed(text) if text else None
        except Excess as excess:
            raise self.fail(f"{name} holds {excess}") from None
        except ValueError:
            raise self.fail(f"{name} does not hold JSON") from None
        return Fields({} if value is None else value, self.fail)

    def rows(self, name: str, needed: bool = False) -> list[Fields]:
        """A list of objects; empty if it is missing, unless it is `needed` to recognize Harbor's answer."""
        if needed and name not in self._values:
            raise self.fail(f"{name} is missing")
        return [Fields.row(row, self.fail) for row in _list(self._values.get(name), self.fail, name)]

    def one_or_rows(self, name: str, mark: str) -> list[Fields]:
        """A list of objects, or as older Harbors wrote it, a single object with the field `mark`; raises Failure."""
        one = self._values.get(name)
        return [self.inner(name)] if isinstance(one, dict) and mark in one else self.rows(name, needed=True)

    def counts(self) -> dict[str, int]:
        """All fields; each of them is a count."""
        return {name: self.count(name) for name in self._values}


def parse_moment(text: str) -> float | None:
    """An RFC 3339 time in seconds since 1970; None if it is not a valid one."""
    match = _MOMENT.fullmatch(text) if len(text) <= TIME else None
    if not match:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    possible = 1 <= month <= 12 and 1 <= day <= 31 and hour <= 23 and minute <= 59 and second <= 60
    if not possible or (year and day > calendar.monthrange(year, month)[1]):
        return None
    sign, hours, minutes = match.groups()[7:]
    offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    whole = calendar.timegm((max(year, 1), month, day, hour, minute, second)) - offset
    return whole + float(match.group(7) or 0)


def _list(value: Any, fail: Callable[[str], Failure], name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise fail(f"{name} is not a list")
    return value


def _failing(answer: Answer) -> Callable[[str], Failure]:
    return answer._replace(body=b"").unexpected  # this lives as long as any of the rows, so without the body
