"""Harbor's cron expressions: six fields, seconds first, in UTC, as interpreted by jobservice's scheduler library.

A field is `*` or `?`, a number, a name (`jan`, `sun`), a range `a-b`, each with a step `/n` (`5/10` is `5-end/10`), or
a list of these. A day must match the day of the month and the day of the week; if both are restricted, one is enough.
`@daily` and the like stand for a whole expression. Source: robfig/cron v3, parser.go and spec.go.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from harborlib.text.cleaning import redacted

SHORTHANDS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAYS_OF_WEEK = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("second", 0, 59, {}),
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    ("day of week", 0, 6, {name: number for number, name in enumerate(WEEKDAYS)}),
)
LONGEST = 200  # characters; Harbor's column has 64
DAYS = 366 * 8 + 1  # the longest time between two 29ths of February (1896 to 1904)


class Field(NamedTuple):
    """The values that one field allows; `star`: the field does not restrict the day."""

    values: frozenset[int]
    star: bool

    def last(self, limit: int) -> int | None:
        """The largest value up to the limit."""
        return max((value for value in self.values if value <= limit), default=None)


class Cron(NamedTuple):
    """A parsed expression."""

    seconds: Field
    minutes: Field
    hours: Field
    days: Field
    months: Field
    weekdays: Field

    def previous(self, moment: float) -> float | None:
        """The last time at or before `moment` (seconds since 1970) at which it fires; None if it never does."""
        at = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).replace(microsecond=0)
        for _ in range(DAYS):
            if self._includes(at.date()):
                clock = self._clock(at.hour, at.minute, at.second)
                if clock:
                    return at.replace(hour=clock[0], minute=clock[1], second=clock[2]).timestamp()
            at = at.replace(hour=23, minute=59, second=59) - datetime.timedelta(days=1)
        return None

    def __str__(self) -> str:
        """In words, to the minute: `daily at 01:00 UTC`; empty if the expression is not one of the usual ones."""
        minutes, hours, days, months, weekdays = (len(field.values) for field in self[1:])
        if len(self.seconds.values) > 1 or minutes > 1 or months < 12:
            return ""
        (minute,) = self.minutes.values
        every_day = days == 31 and weekdays == 7
        if hours == 24:
            return f"hourly at minute {minute}" if every_day else ""
        if hours > 1:
            return ""
        clock = f"at {min(self.hours.values):02}:{minute:02} UTC"
        if every_day:
            return f"daily {clock}"
        if days == 31 and weekdays == 1:
            return f"weekly on {DAYS_OF_WEEK[min(self.weekdays.values)]} {clock}"
        return f"monthly on day {min(self.days.values)} {clock}" if days == 1 and weekdays == 7 else ""

    def _includes(self, day: datetime.date) -> bool:
        by_month = day.day in self.days.values
        by_week = day.isoweekday() % 7 in self.weekdays.values
        fits = by_month and by_week if self.days.star or self.weekdays.star else by_month or by_week
        return fits and day.month in self.months.values

    def _clock(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        """The last hour, minute and second of the day up to these."""
        latest_minute, latest_second = max(self.minutes.values), max(self.seconds.values)
        if hour in self.hours.values:
            if minute in self.minutes.values and (fitting := self.seconds.last(second)) is not None:
                return hour, minute, fitting
            if (earlier := self.minutes.last(minute - 1)) is not None:
                return hour, earlier, latest_second
        before = self.hours.last(hour - 1)
        return None if before is None else (before, latest_minute, latest_second)


def parse_cron(text: str) -> Cron:
    """An expression as Harbor stores it; raises ValueError."""
    text = redacted(text)  # an error message quotes parts of the text
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters: {text[:60]}")
    words = SHORTHANDS.get(text.strip().lower(), text).split()
    if len(words) != len(FIELDS):
        raise ValueError(f"not six fields: {text[:60]}")
    return Cron(*(_field(word.lower(), *rules) for word, rules in zip(words, FIELDS)))


def _field(text: str, name: str, low: int, high: int, names: dict[str, int]) -> Field:
    """A list of ranges."""
    values: set[int] = set()
    star = False
    for part in text.split(","):
        span, slash, step = part.partition("/")
        stride = _number(step, name, {}) if slash else 1
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
            star = star or stride == 1
        else:
            start = _number(first, name, names)
            end = _number(last, name, names) if dash else high if slash else start
        if stride < 1 or not low <= start <= end <= high:
            raise ValueError(f"{name} {part[:40]} is not within {low} to {high}")
        values.update(range(start, end + 1, stride))
    return Field(frozenset(values), star)


def _number(text: str, field: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{field} {text[:40]!r} is not a number")
    return int(text)
