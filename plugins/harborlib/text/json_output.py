"""A report as one JSON object on one line, as docs/json.md describes it."""

from __future__ import annotations

import json

from harborlib import __version__

from .report import Report
from .states import OK


def text(report: Report) -> str:
    """The object, and the end of the line."""
    fields = {
        "schema": 2,
        "plugin": f"check_harbor_{report.probe}",
        "version": __version__,
        "state": report.state,
        "exit_code": report.exit_code,
        "summary": report.fine() if report.state == OK else str(report.line()),
        "parts": [
            {
                "id": part.id,
                "state": part.state,
                "subject": part.subject,
                "text": str(part),
                "values": dict(part.values),
                "next_step": part.next_step if part.state != OK else "",
            }
            for part in report.parts()
        ],
        "metrics": [measure._asdict() for measure in report.labelled()],
        "notes": report.remarks,
        "cause": report.cause and report.cause._asdict(),
        "next_step": report.next_step,
    }
    return json.dumps(fields, allow_nan=False) + "\n"
