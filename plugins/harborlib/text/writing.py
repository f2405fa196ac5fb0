"""Writing to stdout, and fitting text into the room that there is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable


def write(text: str) -> None:
    """Write to stdout, past Python's own buffer: where nobody reads, the exit code must still tell the state."""
    data = text.encode("ascii", "backslashreplace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def fitting(items: Iterable[str], room: int) -> list[str]:
    """As many of the items, with a separator each, as there is room for."""
    kept = []
    for item in items:
        room -= len(item) + 1
        if room < 0:
            break
        kept.append(item)
    return kept
