"""The table at the end of a drill."""

from __future__ import annotations

from collections.abc import Sequence

from .rehearsal import Row

HEAD = ("failure", "expected", "paged", "seconds", "recovery", "strays", "")


def table(rows: Sequence[Row]) -> str:
    """A line for each failure, then a reason for each that is wrong, then the sum."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
    lines += [f"{row.failure.name}: {row.missing}" for row in rows if row.missing]
    lines += [f"{row.failure.name}: skipped, {row.skipped}" for row in rows if row.skipped]
    right, wrong = sum(row.right for row in rows), sum(row.wrong for row in rows)
    others = len(rows) - right - wrong
    return "\n".join([*lines, f"{right} right, {wrong} wrong" + (f", {others} not drilled" if others else "")])


def _cells(row: Row) -> tuple[str, ...]:
    problems, recoveries = row.of("PROBLEM"), row.of("RECOVERY")
    people = ",".join(dict.fromkeys(page.who for page in problems))
    state = "ok" if row.right else "WRONG" if row.wrong else "-"
    return (
        row.failure.name,
        row.failure.service,
        people or ("-" if row.skipped or not row.finished else "nobody"),
        f"{max(0, problems[0].time - row.began):.0f}" if problems else "-",
        "yes" if recoveries else "NO" if row.finished and problems else "-",
        ", ".join(row.strays()) or "-",
        state,
    )
