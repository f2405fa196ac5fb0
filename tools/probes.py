"""The probes of this checkout, found by being there: plugins/check_harbor_*.py."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def names() -> list[str]:
    """Every probe's command name."""
    return sorted(path.stem for path in (ROOT / "plugins").glob("check_harbor_*.py"))


def file(name: str) -> str:
    """The probe's file, which runs from the checkout as it is."""
    return str(ROOT / "plugins" / f"{name}.py")


def example_options(name: str) -> list[str]:
    """What the first example in the probe's help gives besides -H, such as --component registry."""
    help_text = ast.get_docstring(ast.parse(Path(file(name)).read_text(encoding="utf-8"))) or ""
    example = re.search(rf"{name} -H \S+(.*)", help_text)
    return shlex.split(example[1]) if example else []
