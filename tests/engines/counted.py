"""The table in docs/alerting.md of what the engines told, one column for each engine.

    WRITE_COUNTED=1 python -m pytest tests/engines/test_scenarios.py tests/engines/test_satellite.py

writes it; every other run compares.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .engine import ROOT

DOCUMENT = ROOT / "docs" / "alerting.md"
BEGIN, END = "<!-- begin: counted -->\n", "<!-- end: counted -->"
HEAD = ("what is wrong", "who pages", "Icinga 2", "Nagios")
COLUMNS = {"icinga2": 2, "nagios4": 3}
#: The rows of hosts that a satellite checks, which Nagios does not know.
BEHIND, GONE = ", behind a satellite", "satellite gone"


def rows() -> list[list[str]]:
    """The table as it stands, without its head."""
    table = re.search(f"{BEGIN}(.*?){END}", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert table, f"no {BEGIN} in {DOCUMENT}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]


def is_behind(title: str) -> bool:
    """Whether the row is about a host that a satellite checks."""
    return title.endswith((BEHIND, GONE))


def column(engine: str, behind: bool = False) -> list[tuple[str, str, str]]:
    """Scenario, who pages, and what this engine told; of the hosts behind a satellite, or of the others."""
    return [(row[0], row[1], row[COLUMNS[engine]]) for row in rows() if is_behind(row[0]) is behind]


def write(engine: str, told: Sequence[tuple[str, str, str]]) -> None:
    """Replace this engine's column, for the hosts behind a satellite or for the others."""
    known = {row[0]: row for row in rows()}
    behind = is_behind(told[0][0])
    table = []
    for title, who, count in told:
        row = known.get(title, [title, who, "", ""])
        row[1], row[COLUMNS[engine]] = who, count
        table.append(row)
    others = [row for row in known.values() if is_behind(row[0]) is not behind]
    lines = [HEAD, ["---"] * len(HEAD), *([*others, *table] if behind else [*table, *others])]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    document = DOCUMENT.read_text(encoding="utf-8")
    replaced = re.sub(f"(?<={BEGIN}).*?(?={END})", lambda _: text, document, flags=re.DOTALL)
    DOCUMENT.write_text(replaced, encoding="utf-8")
