"""Harbor's JSON, read with its habits in mind: what is zero, empty or false is left out; "never" is a date long ago."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from typing import Any

from harborlib.text.cleaning import begun
from harborlib.wire.failure import Failure
from harborlib.wire.request import VALUES, Answer, Excess, parsed

#: What Harbor writes as a limit that does not exist, and as the end of what does not end.
UNLIMITED = NEVER = -1
SMALLEST, LARGEST = -(2**63), 2**63 - 1  # of a number: Harbor's are int64
LATEST = 2**48  # seconds since 1970: Harbor takes lifetimes of 2**31 days, and no later end can be
NAME = 300  # characters; the longest names, those of robot accounts, have 255 and a prefix
TIME = 40  # characters; `2026-11-22T06:17:10.123456789+01:00` has 35
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


class Fields:
    """One JSON object of an answer. A field of another type than it should be raises Failure (content).

    Whatever these methods return can be reckoned with and shown without another look. `fail` makes such a Failure of a
    few words on what is not understood.
    """

    __slots__ = ("_values", "fail")

    def __init__(self, value: Any, fail: Callable[[str], Failure]) -> None:
        self.fail = fail
        if not isinstance(value, dict):
            raise fail("an object is expected")
        self._values: dict[str, Any] = value

    @classmethod
    def of(cls, answer: Answer, values: int = VALUES) -> Fields:
        """The object that an answer is, of at most so many values."""
        return cls(answer.json(values), _failing(answer))

    @classmethod
    def rows_of(cls, answer: Answer, most: int, values: int = VALUES) -> list[Fields]:
        """The list of at most so many objects (with so many values) that an answer is; `null` is an empty one."""
        fail = _failing(answer)
        rows = _list(answer.json(values), fail, "the body")
        if len(rows) > most:
            raise fail(f"{len(rows)} rows instead of at most {most}")
        return [cls(row, fail) for row in rows]

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def shows(self, name: str) -> bool:
        """Whether it is there at all, be it null: an older Harbor does not know what is missing altogether."""
        return name in self._values

    def number(self, name: str, needed: bool = False, least: int = SMALLEST) -> int:
        """A whole number from `least` on; 0 where it is missing, unless it is `needed` to know whose answer this is."""
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
        """How many there are of something, or how much."""
        return self.number(name, needed, least=0)

    def end(self, name: str) -> int | None:
        """When something ends, which Harbor always writes, in seconds since 1970; None for never."""
        seconds = self.number(name, needed=True, least=NEVER)
        if seconds > LATEST:
            raise self.fail(f"{name} is not a time")
        return None if seconds == NEVER else seconds

    def name(self, name: str) -> str:
        """A name, or another short text that is kept or shown; of what is too long for one, the beginning."""
        return begun(self.text(name), NAME)

    def called(self, noun: str) -> str:
        """What people can call this row by, whatever is wrong with it: its name, else its number; "" without both."""
        name, number = self._values.get("name") or self._values.get("job_type"), self._values.get("id")
        if isinstance(name, str):
            return begun(name, NAME)
        return f"{noun} {number}" if isinstance(number, int) else ""

    def text(self, name: str) -> str:
        """A text of any length; "" where it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.fail(f"{name} is not a text")
        return value

    def key(self, name: str) -> str:
        """A number that Harbor writes as a text, as `retention_id`; "" where it is missing."""
        text = self.text(name)
        if text and not (len(text) < 20 and text.isascii() and text.isdigit()):
            raise self.fail(f"{name} is not a number")
        return text

    def flag(self, name: str) -> bool:
        """True or false; false where it is missing."""
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
        seconds = moment(text)
        if seconds is None:
            raise self.fail(f"{name} is not a time")
        return seconds if seconds >= 365 * 86400 else None

    def inner(self, name: str) -> Fields:
        """An object in this one; an empty one where it is missing."""
        value = self._values.get(name)
        return Fields({} if value is None else value, self.fail)

    def packed(self, name: str) -> Fields:
        """An object that is JSON in a text, as `job_parameters`; an empty one where that is missing or null."""
        text = self.text(name)
        try:
            value = parsed(text) if text else None
        except Excess as excess:
            raise self.fail(f"{name} holds {excess}") from None
        except ValueError:
            raise self.fail(f"{name} does not hold JSON") from None
        return Fields({} if value is None else value, self.fail)

    def rows(self, name: str, needed: bool = False) -> list[Fields]:
        """A list of objects; an empty one where it is missing, unless it is `needed` to know whose answer this is."""
        if needed and name not in self._values:
            raise self.fail(f"{name} is missing")
        return [Fields(row, self.fail) for row in _list(self._values.get(name), self.fail, name)]

    def one_or_rows(self, name: str, mark: str) -> list[Fields]:
        """A list of objects, or as older Harbors wrote it a single object that has the field `mark`; raises Failure."""
        one = self._values.get(name)
        return [self.inner(name)] if isinstance(one, dict) and mark in one else self.rows(name, needed=True)

    def counts(self) -> dict[str, int]:
        """Every field, all of them numbers of something."""
        return {name: self.count(name) for name in self._values}


def moment(text: str) -> float | None:
    """A time as RFC 3339 writes it, in seconds since 1970; None if it is none."""
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
    return answer._replace(body=b"").unexpected  # which lives as long as any of the rows
