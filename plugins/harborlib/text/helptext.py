"""`--help` on a narrow terminal: the docstring unchanged, or wrapped with its tables kept."""

from __future__ import annotations

import argparse
import re


class Layout(argparse.RawDescriptionHelpFormatter):
    """Leaves a description unchanged if it fits."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        narrow = max(map(len, text.splitlines()), default=0) > width
        return wrapped(text, width) if narrow else super()._fill_text(text, width, indent)


def wrapped(text: str, width: int) -> str:
    """Wrapped paragraphs and table rows (`  name  what it means`, which continues below its second column)."""
    import textwrap

    blocks: list[tuple[str, int]] = []
    for line in text.splitlines():
        body = line.lstrip()
        if body and blocks and blocks[-1][0] and len(line) - len(body) == blocks[-1][1]:
            before, column = blocks.pop()
            blocks.append((f"{before} {body}", column))
        else:
            row = re.match(r" +\S+(?: \S+)*  +", line)
            blocks.append((line, row.end() if row else len(line) - len(body)))
    return "\n".join(
        textwrap.fill(block, width, subsequent_indent=" " * column, break_long_words=False, break_on_hyphens=False)
        for block, column in blocks
    )
