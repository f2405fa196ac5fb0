"""The table in docs/alerting.md of what the engines told, one column for each engine.

    WRITE_COUNTED=1 python -m pytest tests/engines/test_{scenarios,replicas,satellite}.py

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
#: Rows that other tests count than test_scenarios: at one of two addresses of a Harbor, and of hosts that a satellite
#: checks, which Nagios does not know.
REPLICA, BEHIND, GONE = ", at one of two addresses", ", behind a satellite", "satellite gone"
PARTS = {"": (), "replica": (REPLICA,), "satellite": (BEHIND, GONE)}


def rows() -> list[list[str]]:
    """The table as it stands, without its head."""
    table = re.search(f"{BEGIN}(.*?){END}", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert table, f"no {BEGIN} in {DOCUMENT}"
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()[2:]]


def part_of(title: str) -> str:
    """The part of the table that a row is in."""
    return next((part for part, ends in PARTS.items() if title.endswith(ends)), "")


def column(engine: str, part: str = "") -> list[tuple[str, str, str]]:
    """Scenario, who pages, and what this engine told, of one part of the table."""
    return [(row[0], row[1], row[COLUMNS[engine]]) for row in rows() if part_of(row[0]) == part]


def write(engine: str, told: Sequence[tuple[str, str, str]]) -> None:
    """Replace this engine's column in one part of the table."""
    known = {row[0]: row for row in rows()}
    table = [row for row in known.values() if part_of(row[0]) != part_of(told[0][0])]
    for title, who, count in told:
        row = known.get(title, [title, who, "", ""])
        row[1], row[COLUMNS[engine]] = who, count
        table.append(row)
    table.sort(key=lambda row: [*PARTS].index(part_of(row[0])))
    lines = [HEAD, ["---"] * len(HEAD), *table]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    document = DOCUMENT.read_text(encoding="utf-8")
    replaced = re.sub(f"(?<={BEGIN}).*?(?={END})", lambda _: text, document, flags=re.DOTALL)
    DOCUMENT.write_text(replaced, encoding="utf-8")
