"""Text that is safe wherever it is shown, whatever a server sent, and how it is written out."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable


def write(text: str) -> None:
    """Write to stdout, past Python's own buffer: where nobody reads, the exit code must still tell the state."""
    data = text.encode("ascii", "backslashreplace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def sanitised(text: str, keep_lines: bool = False) -> str:
    """ASCII without control characters and without `|`, which begins the perfdata."""
    text = (text if keep_lines else re.sub(r"\s+", " ", text)).replace("|", "/")
    text = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return text.encode("ascii", "backslashreplace").decode().strip()


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret blotted out; a server may echo what it was sent."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text


def fitting(items: Iterable[str], room: int) -> list[str]:
    """As many of the items, with a separator each, as there is room for."""
    kept = []
    for item in items:
        room -= len(item) + 1
        if room < 0:
            break
        kept.append(item)
    return kept


def cut(text: str, width: int) -> str:
    """At most so many characters of a text."""
    return text if len(text) <= width else text[: width - 3].rstrip() + "..."
