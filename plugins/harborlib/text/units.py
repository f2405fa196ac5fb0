"""Numbers with units, as an operator writes them: durations, sizes, Nagios ranges."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Mapping

import nagiosplugin

#: Factors to the base unit. An empty unit is the base unit itself.
SECONDS: Mapping[str, float] = {"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
DAYS: Mapping[str, float] = {"": 1, "d": 1, "w": 7}
PERCENT: Mapping[str, float] = {"": 1, "%": 1}
BYTES: Mapping[str, float] = {
    "": 1,
    "B": 1,
    **{f"{prefix}{unit}": 1024**power for power, prefix in enumerate("KMGTP", 1) for unit in ("", "iB")},
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTP", 1)},
}
COUNT: Mapping[str, float] = {"": 1}

_NUMBER = re.compile(r"(-?\d{1,15}(?:\.\d{1,15})?|-?\.\d{1,15})\s*([A-Za-z%]*)", re.ASCII)


def number(text: str, units: Mapping[str, float]) -> float:
    """A number with one of the units, in the base unit; raises ArgumentTypeError."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"not a number: {text[:40]!r}")
    digits, unit = match.groups()
    if unit not in units:
        known = ", ".join(name for name in units if name) or "none"
        raise argparse.ArgumentTypeError(f"unknown unit {unit[:20]!r} (known: {known})")
    value = (float(digits) if "." in digits else int(digits)) * units[unit]
    return int(value) if value == int(value) else value


def plain(value: float) -> str:
    """A number without an exponent, at most six decimals; NaN and infinity are refused with ValueError."""
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise ValueError(f"not a finite number: {value}")
    return f"{value:.6f}".rstrip("0").rstrip(".")


def duration(text: str) -> float:
    """A positive time in seconds, at most a day: `15`, `1.5s`, `500ms`, `2min`."""
    seconds = number(text, SECONDS)
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"must be more than 0 and at most a day: {text[:40]!r}")
    return seconds


def limit(text: str) -> nagiosplugin.Range:
    """A positive time as the range up to it: `26h`, `30d`."""
    seconds = number(text, SECONDS)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"must be more than 0: {text[:40]!r}")
    return nagiosplugin.Range(f"0:{plain(seconds)}")


class RangeType:
    """argparse type for a Nagios range whose numbers may carry a unit: `10:`, `@8d:14d`, `~:`, `80%`."""

    def __init__(self, units: Mapping[str, float]) -> None:
        self.units = units

    def __call__(self, text: str) -> nagiosplugin.Range:
        start, _, end = text.strip().lstrip("@").rpartition(":")
        if text.count("@") > 1 or "@" in text[1:] or text.count(":") > 1 or not (start or end):
            raise argparse.ArgumentTypeError(f"not a Nagios range ([@][start:][end]): {text[:40]!r}")
        low = "~" if start == "~" else plain(number(start, self.units)) if start else "0"
        high = plain(number(end, self.units)) if end else ""
        try:
            return nagiosplugin.Range(("@" if text.startswith("@") else "") + f"{low}:{high}")
        except ValueError:
            raise argparse.ArgumentTypeError(f"the range starts after its end: {text[:40]!r}") from None


def label(name: str) -> str:
    """A perfdata label without what would break the format; stable for the same name."""
    return re.sub(r"[^ -~]|['=|\\\"]", "_", name[:60]).strip() or "_"
