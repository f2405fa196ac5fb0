"""The four states of a check, their order and their exit codes."""

from __future__ import annotations

from collections.abc import Iterable

OK, WARNING, CRITICAL, UNKNOWN = "OK", "WARNING", "CRITICAL", "UNKNOWN"
EXIT_CODES = {OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3}
#: From the least to the most severe. Something that could not be judged must not hide an outage (nagiosplugin's own
#: order lets UNKNOWN win).
SEVERITY = (OK, WARNING, UNKNOWN, CRITICAL)


def worst_of(states: Iterable[str]) -> str:
    """The most severe of the states; OK for none."""
    return max(states, key=SEVERITY.index, default=OK)
