"""Numbers as people read them: durations, points in time, sizes, the limits of a threshold.

Every number can be formatted, even one that no clock and no disk can show.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import nagiosplugin

_SPANS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_FIRST, _LAST = -62135596800, 253402300799  # seconds since 1970: the years 1 to 9999


def span(seconds: float) -> str:
    """A duration in its largest unit, rounded down; in two units if one is too coarse: `28 min`, `1 d 6 h`."""
    seconds = max(0.0, seconds)
    if not math.isfinite(seconds):
        return f"{seconds} s"
    for (unit, size), finer in zip(_SPANS, [*_SPANS[1:], None]):
        if seconds >= size:
            count, rest = divmod(int(seconds), size)
            below = rest // finer[1] if finer and count < 4 else 0
            return f"{count} {unit}" + (f" {below} {finer[0]}" if finer and below else "")
    return f"{seconds:.1f} s" if seconds else "0 s"


def moment(seconds: float) -> str:
    """A point in time (seconds since 1970) in UTC, to the minute; times after the year 9999 are shown as its end."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(max(_FIRST, min(_LAST, seconds))))


def size(count: float) -> str:
    """A number of bytes with a binary prefix: `75.5 KiB`."""
    power = 0
    while abs(count) >= 1024 and power < len(_SIZES) - 1:
        count /= 1024
        power += 1
    return f"{count:.1f} {_SIZES[power]}".replace(".0 ", " ")


def percent(value: float) -> str:
    """A percentage that never rounds up to 100: a volume at `99.9%` is not full."""
    return f"{math.floor(value * 10) / 10 if abs(value) < 1e15 else value:g}%"


def share(part: float, whole: float) -> float:
    """A part in percent of the whole, to one decimal, as it is shown and judged.

    Only nothing is 0, and only the whole is 100: `0.1` and `99.9` are next to them.
    """
    return max(math.floor(part * 1000 / whole) / 10, 0.1) if part > 0 else 0


def number(count: float, noun: str) -> str:
    """A count with its noun; `noun` is the singular: `1 queue`, `3 policies`."""
    return f"1 {noun}" if count == 1 else f"{count} {plural(noun)}"


def plural(noun: str) -> str:
    """The plural of one of our nouns."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun != "day" else f"{noun}s"


def limit(allowed: nagiosplugin.Range, show: Callable[[float], str]) -> str:
    """Where a threshold alerts: `at 8 d`, `below 7 d`, `outside 1 to 3`, `within 0 to 1`."""
    low, high = allowed.start, allowed.end
    if allowed.invert:
        return f"within {show(low)} to {show(high)}" if math.isfinite(high) else f"from {show(low)}"
    if not math.isfinite(high):
        return f"below {show(low)}"
    if low == 0 or not math.isfinite(low):
        return f"at {show(high)}"
    return f"outside {show(low)} to {show(high)}"
