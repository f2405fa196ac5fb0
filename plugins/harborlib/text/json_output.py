"""A report as one JSON object on one line, as docs/json.md describes it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from harborlib import __version__

from .cleaning import clean
from .finding import Finding
from .report import Measure, Report

LIMIT = 65536  # bytes of the whole output
NUMBERS = 64  # bytes of it that are reserved for the counts of what was left out


def text(report: Report) -> str:
    """The object in at most 64 KiB, and a newline."""
    parts, unlooked = report.parts()
    cause = report.cause
    fields: dict[str, Any] = {
        "schema": 2,
        "plugin": f"check_harbor_{report.probe}",
        "version": __version__,
        "state": report.state,
        "exit_code": report.exit_code,
        "summary": report.headline,
        "parts": [],
        "metrics": [],
        "notes": [],
        "cause": cause and {"owner": cause.owner, "see": cause.see, "because": cause.because},
        "next_step": report.next_step,
        "left_out": {"parts": unlooked, "metrics": 0, "notes": 0},
    }
    lists: tuple[tuple[str, Sequence[Any], Iterable[Any], float], ...] = (
        ("notes", report.notes, map(clean, report.notes), 0.2),
        ("parts", parts, map(as_object, parts), 0.6),
        ("metrics", report.measures, map(as_metric, report.labelled()), 1),
    )
    for name, there, made, share in lists:
        room = LIMIT - len(json.dumps(fields)) - NUMBERS
        fields[name] = packed(made, int(room * share))
        fields["left_out"][name] += len(there) - len(fields[name])
    return json.dumps(fields, allow_nan=False) + "\n"


def as_object(part: Finding) -> dict[str, Any]:
    """A finding as a JSON object."""
    clean_one = part.cleaned()
    return {
        "id": part.id,
        "state": part.state,
        "subject": clean_one.subject,
        "text": str(clean_one),
        "values": dict(part.values),
        "next_step": clean_one.next_step if part.is_problem else "",
    }


def as_metric(measure: Measure) -> dict[str, Any]:
    """A measure as a JSON object."""
    fields = measure._asdict()
    del fields["bad"]
    return fields


def packed(items: Iterable[Any], room: int) -> list[Any]:
    """As many of the items as fit as JSON, separators included."""
    kept = []
    for item in items:
        room -= len(json.dumps(item)) + 2
        if room < 0:
            break
        kept.append(item)
    return kept
