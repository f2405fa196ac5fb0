"""Where the runbook lies on this host: in the checkout, beside the installed package, or with the system's package."""

from __future__ import annotations

from pathlib import Path

import harborlib

PACKAGE = Path(harborlib.__file__).resolve().parent
SHARED = "share/check_harbor/runbook.md"


def place(section: str) -> str:
    """The file and the section in it."""
    prefix = PACKAGE.parents[3] if len(PACKAGE.parents) > 3 else Path("/usr")  # of lib/python3.x/site-packages
    files = (PACKAGE.parents[1] / "docs" / "runbook.md", prefix / SHARED, Path("/usr") / SHARED)
    return f"{next((str(file) for file in files if file.is_file()), 'runbook.md')}, section {section}"
