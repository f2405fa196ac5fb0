"""Numbers with units, in the operator's notation: durations, sizes, Nagios ranges."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import nagiosplugin

from . import words


class Unit(NamedTuple):
    """A unit of measure.

    `factors` maps each spelling to its factor to the base unit ("" is the base unit itself), `uom` is its name in the
    perfdata, `show` formats a number for people. A threshold above `most` could never be reached.
    """

    factors: Mapping[str, float]
    uom: str
    show: Callable[[float], str]
    most: float = math.inf


SECONDS = Unit({"": 1, "ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}, "s", words.span)
DAYS = Unit({"": 1, "d": 1, "w": 7}, "", lambda count: words.number(int(count), "day"))
#: Percent of a limit that can be exceeded, as of a quota that was lowered.
PERCENT_OF_LIMIT = Unit({"": 1, "%": 1}, "%", words.percent)
PERCENT = PERCENT_OF_LIMIT._replace(most=100)
BYTES = Unit(
    {
        "": 1,
        "B": 1,
        **{f"{prefix}{unit}": 1024**power for power, prefix in enumerate("KMGTP", 1) for unit in ("", "iB")},
        **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGTP", 1)},
    },
    "B",
    words.size,
)
COUNT = Unit({"": 1}, "", lambda count: plain(count))  # noqa: PLW0108  plain comes later

_NUMBER = re.compile(r"(-?\d{1,15}(?:\.\d{1,15})?|-?\.\d{1,15})\s*([A-Za-z%]*)", re.ASCII)


def number(text: str, unit: Unit) -> float:
    """A number with a unit in any spelling, converted to the base unit; raises ArgumentTypeError."""
    match = _NUMBER.fullmatch(text.strip())
    if not match:
        raise argparse.ArgumentTypeError(f"not a number: {text[:40]!r}")
    digits, spelling = match.groups()
    if spelling not in unit.factors:
        known = ", ".join(name for name in unit.factors if name) or "none"
        raise argparse.ArgumentTypeError(f"unknown unit {spelling[:20]!r} (known: {known})")
    value = (float(digits) if "." in digits else int(digits)) * unit.factors[spelling]
    return int(value) if value == int(value) else value


def plain(value: float) -> str:
    """A number without an exponent and with at most six decimals; raises ValueError for NaN and infinity."""
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise ValueError(f"not a finite number: {value}")
    return f"{value:.6f}".rstrip("0").rstrip(".")


def duration(text: str) -> float:
    """A positive duration in seconds, at most a day: `15`, `1.5s`, `500ms`, `2min`."""
    seconds = number(text, SECONDS)
    if not 0 < seconds <= 86400:
        raise argparse.ArgumentTypeError(f"must be more than 0 and at most a day: {text[:40]!r}")
    return seconds


def limit(text: str) -> nagiosplugin.Range:
    """A positive duration as the range from 0 to it: `26h`, `30d`."""
    seconds = number(text, SECONDS)
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"must be more than 0: {text[:40]!r}")
    return nagiosplugin.Range(f"0:{plain(seconds)}")


#: Which values of a measure are bad: those above a threshold, or those below it.
HIGH, LOW = "high", "low"


class RangeType:
    """argparse type for a Nagios range whose numbers may carry a unit: `10:`, `@8d:14d`, `~:`, `80%`.

    A number without a colon is read in the sense of the measure: if low values are `bad`, `30d` means `30d:`. A range
    that alerts only on good values, or a percentage above 100, is refused (docs/thresholds.md).
    """

    def __init__(self, unit: Unit, bad: str = HIGH) -> None:
        self.unit = unit
        self.bad = bad

    def __call__(self, text: str) -> nagiosplugin.Range:
        """The range in base units; raises ArgumentTypeError."""
        bare = text.strip() and ":" not in text and "@" not in text
        found = self._range(f"{text.strip()}:" if bare and self.bad == LOW else text)
        low, high = math.isfinite(found.start), math.isfinite(found.end)
        if any(math.isfinite(bound) and bound > self.unit.most for bound in (found.start, found.end)):
            raise argparse.ArgumentTypeError(f"above {self.unit.show(self.unit.most)}: {text[:40]!r}")
        wrong = low and not high if self.bad == HIGH else high and found.start <= 0
        if found.invert or not wrong:
            return found
        number = text.strip().strip("~:").rpartition(":")[2]
        right = f"{number}:" if self.bad == LOW else number
        raise argparse.ArgumentTypeError(f"{text[:40]} alerts only on good values, use {right[:40]}")

    def unordered(self, warning: nagiosplugin.Range, critical: nagiosplugin.Range) -> bool:
        """Whether values reach the critical threshold before the warning threshold."""
        if warning.invert or critical.invert:
            return False
        if self.bad == LOW:
            return math.isfinite(warning.start) and critical.start > warning.start
        return math.isfinite(critical.end) and critical.end < warning.end and math.isfinite(warning.end)

    def _range(self, text: str) -> nagiosplugin.Range:
        start, _, end = text.strip().lstrip("@").rpartition(":")
        if text.startswith("/"):
            raise argparse.ArgumentTypeError("a path instead of a range: quote '~:', which a shell expands")
        if text.count("@") > 1 or "@" in text[1:] or text.count(":") > 1 or not (start or end):
            raise argparse.ArgumentTypeError(f"not a Nagios range ([@][start:][end]): {text[:40]!r}")
        low = "~" if start == "~" else plain(number(start, self.unit)) if start else "0"
        high = plain(number(end, self.unit)) if end else ""
        try:
            return nagiosplugin.Range(("@" if text.startswith("@") else "") + f"{low}:{high}")
        except ValueError:
            raise argparse.ArgumentTypeError(f"the range starts after its end: {text[:40]!r}") from None


def declare(
    parser: argparse.ArgumentParser, name: str, meaning: str, warning: str | None, critical: str | None, unit: Unit,
    bad: str = HIGH, computed: tuple[str, str] = ("", ""),
) -> None:  # fmt: skip
    """Declare a pair of thresholds: `-w`/`-c` for the name `""`, else `--NAME-warning`/`--NAME-critical`.

    `warning` and `critical` are the defaults in the operator's notation; None: no default, or one that the probe
    computes, as `computed` says. `bad`: which values are bad, HIGH or LOW ones.
    """
    kind = RangeType(unit, bad)
    where = "outside this range" if bad == HIGH else "below this number, or outside this range"
    for short, word, default, said in (
        ("-w", "warning", warning, computed[0]),
        ("-c", "critical", critical, computed[1]),
    ):
        flags = [f"--{name}-{word}"] if name else [short, f"--{word}"]
        shown = f"default {default or said}" if default or said else "no default"
        parser.add_argument(*flags, metavar="RANGE", type=kind, default=kind(default) if default else None,
                            help=f"{word} {where}: {meaning} ({shown})".replace("%", "%%"))  # fmt: skip


def label(name: str) -> str:
    """A perfdata label without characters that break the format; the same name always gives the same label.

    It has no two colons in a row either: Icinga 2 takes the text before them (check_multi's mark of a sub-plugin) as a
    prefix of all labels that follow.
    """
    kept = re.sub(r"[^ -~]|['=|\\\"]", "_", name[:60])
    return re.sub(":{2,}", lambda colons: "_" * len(colons[0]), kept).strip() or "_"
