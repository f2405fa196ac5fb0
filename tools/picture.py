"""`make picture`: the output of check_harbor_triage on a terminal, as docs/triage.svg, the picture of the README.

A real run on its own terminal, against a simulated Harbor whose PostgreSQL is down.
"""

from __future__ import annotations

import re
import sys
import tempfile
from html import escape
from pathlib import Path

import probes  # isort: split

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from support.terminals import final, shown

HOST = "harbor.example.com"
TYPED = f"check_harbor_triage -H {HOST} --authfile robot.auth"
COLUMNS = 108
FILE = probes.ROOT / "docs" / "triage.svg"
INSTALLED = "/usr/share/check_harbor"  # the place of runbook.md, instead of a checkout's

CELL, LINE, MARGIN = 7.8, 18, 16  # the size of a character, and the space around the text
COLORS = {"0": "#d4d4d4", "2": "#8a8f98", "32": "#5fce7b", "33": "#e3b341", "35": "#c792ea", "1;31": "#ff6b6b"}
BACKGROUND = "#16191f"
SGR = re.compile(r"\x1b\[([0-9;]*)m")

PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" font-size="13"
     font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
<title>{title}</title>
<rect width="100%" height="100%" rx="8" fill="{background}"/>
{lines}
</svg>
"""


def captured() -> str:
    """The final content of the terminal."""
    users = {MONITOR: Account(MONITOR_SECRET, sysadmin=True)}
    with tempfile.TemporaryDirectory() as folder, Simulator("database-down", host=HOST, users=users) as harbor:
        harbor.external_url = f"https://{HOST}"
        authfile = Path(folder) / "robot.auth"
        authfile.touch(mode=0o600)
        authfile.write_text(f"username={MONITOR}\npassword={MONITOR_SECRET}\n", encoding="ascii")
        # The name does not resolve: -I connects here, and the certificate is from a CA of the simulator.
        where = ["-I", f"127.0.0.1:{harbor.port}", "--ca-file", harbor.ca_file]
        _, *words = TYPED.split()
        text, _ = shown([sys.executable, probes.file("triage"), *words, *where], COLUMNS, folder=folder)
    return final(text).replace(str(probes.ROOT / "docs"), INSTALLED)


def drawn(line: str, number: int) -> str:
    """One line of the terminal; every piece has a fixed position and width, in any font."""
    pieces, column, color = [], 0, "0"
    for position, piece in enumerate(SGR.split(line)):
        if position % 2:
            color = piece if piece in COLORS else "0"
            continue
        for word in re.finditer(r"\S+(?: \S+)*", piece):  # spaces between columns need no drawing
            left = MARGIN + (column + word.start()) * CELL
            width = len(word[0]) * CELL
            pieces.append(
                f'<text x="{left:.1f}" y="{MARGIN + (number + 0.8) * LINE:.1f}" textLength="{width:.1f}"'
                f' fill="{COLORS[color]}">{escape(word[0], quote=False)}</text>'
            )
        column += len(piece)
    return "\n".join(pieces)


def picture(text: str) -> str:
    """An SVG of a terminal with this text."""
    lines = [f"$ {TYPED}", *text.rstrip("\n").split("\n")]
    return PAGE.format(
        width=2 * MARGIN + COLUMNS * CELL,
        height=2 * MARGIN + len(lines) * LINE,
        title=escape(SGR.sub("", lines[1]), quote=False),
        background=BACKGROUND,
        lines="\n".join(filter(None, (drawn(line, number) for number, line in enumerate(lines)))),
    )


def main() -> None:
    """Take the picture."""
    FILE.write_text(picture(captured()), encoding="ascii")
    print(FILE.relative_to(probes.ROOT))


if __name__ == "__main__":
    main()
