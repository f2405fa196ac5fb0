"""Harbor's JSON, read with its habits in mind: what is zero, empty or false is left out; "never" is a date long ago."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable
from typing import Any

from harborlib.wire.failure import CONTENT, Failure
from harborlib.wire.request import Answer, parsed

#: What Harbor writes as a limit that does not exist.
UNLIMITED = -1
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)
_LARGEST = 2**64


class Fields:
    """One JSON object of an answer. A field of another type than it should be raises Failure (content).

    `fail` makes such a Failure of a few words on what is not understood.
    """

    def __init__(self, value: Any, fail: Callable[[str], Failure]) -> None:
        self.fail = fail
        if not isinstance(value, dict):
            raise fail("an object is expected")
        self._values: dict[str, Any] = value

    @classmethod
    def of(cls, answer: Answer) -> Fields:
        """The object that an answer is."""
        return cls(answer.json(), _failing(answer))

    @classmethod
    def rows_of(cls, answer: Answer) -> list[Fields]:
        """The list of objects that an answer is; `null` is an empty one."""
        fail = _failing(answer)
        return [cls(row, fail) for row in _list(answer.json(), fail, "the body")]

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def number(self, name: str, needed: bool = False) -> float:
        """A number; 0 where it is missing, unless it is `needed` to know whose answer this is."""
        value = self._values.get(name)
        if value is None and needed:
            raise self.fail(f"{name} is missing")
        if value is None:
            return 0
        finite = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        if isinstance(value, bool) or not finite or abs(value) > _LARGEST:
            raise self.fail(f"{name} is not a number")
        return value

    def text(self, name: str) -> str:
        """A text; "" where it is missing."""
        value = self._values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.fail(f"{name} is not a text")
        return value

    def key(self, name: str) -> str:
        """A number that Harbor writes as a text, as `retention_id`; "" where it is missing."""
        text = self.text(name)
        if text and not (text.isascii() and text.isdigit()):
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
        """An object that is written as JSON in a text, as `job_parameters`; an empty one where it is missing."""
        text = self.text(name)
        try:
            value = parsed(text) if text else {}
        except (ValueError, RecursionError):
            raise self.fail(f"{name} does not hold JSON") from None
        return Fields(value, self.fail)

    def rows(self, name: str, needed: bool = False) -> list[Fields]:
        """A list of objects; an empty one where it is missing, unless it is `needed` to know whose answer this is."""
        if needed and name not in self._values:
            raise self.fail(f"{name} is missing")
        return [Fields(row, self.fail) for row in _list(self._values.get(name), self.fail, name)]

    def numbers(self) -> dict[str, float]:
        """Every field, all of them numbers."""
        return {name: self.number(name) for name in self._values}


def moment(text: str) -> float | None:
    """A time as RFC 3339 writes it, in seconds since 1970; None if it is none."""
    match = _MOMENT.fullmatch(text)
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
    def fail(problem: str) -> Failure:
        return answer.fail(CONTENT, f"the answer to GET {answer.path} is not understood: {problem}")

    return fail
