"""Documents with generated parts: the text between two marks is replaced, the rest is written by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

#: How a mark begins and ends, in Markdown and in formats with # comments.
STYLES = (("<!-- ", " -->"), ("# ", ""))


def replaced(document: str, name: str, text: str) -> str:
    """The document with new text between the marks `begin: NAME` and `end: NAME`; raises ValueError without them."""
    for before, after in STYLES:
        begin, end = (re.escape(f"{before}{word}: {name}{after}") for word in ("begin", "end"))
        found, count = re.subn(
            f"^( *)({begin}\n).*?^ *({end})$",
            lambda match: indented(match, text),
            document,
            flags=re.DOTALL | re.MULTILINE,
        )
        if count:
            return found
    raise ValueError(f"no marks for {name!r}")


def rewrite(page: Path, name: str, text: str) -> None:
    """Replace the text between these marks of a page."""
    page.write_text(replaced(page.read_text(encoding="utf-8"), name, text), encoding="utf-8")


def indented(match: re.Match[str], text: str) -> str:
    """The text between its marks, indented like them."""
    indent, begin, end = match.groups()
    lines = "".join(f"{indent}{line}".rstrip() + "\n" for line in text.splitlines())
    return f"{indent}{begin}{lines}{indent}{end}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
