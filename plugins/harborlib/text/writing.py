"""Writes to stdout, and fits text into a given size."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable


def write(text: str) -> None:
    """Write to stdout without Python's buffer: if nobody reads the output, the exit code must still carry the state."""
    data = text.encode("ascii", "backslashreplace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def fitting(items: Iterable[str], room: int) -> list[str]:
    """As many of the items as fit, each with a separator."""
    kept = []
    for item in items:
        room -= len(item) + 1
        if room < 0:
            break
        kept.append(item)
    return kept
