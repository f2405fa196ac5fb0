"""The probes of this checkout, found by being there, and what the helper scripts need to run them.

Importing this module makes the plugins, harborlib and the simulator importable.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("plugins", "simulator", "tests")]


def names() -> list[str]:
    """Every probe's command name."""
    return sorted(path.stem for path in (ROOT / "plugins").glob("check_harbor_*.py"))


def single() -> list[str]:
    """The commands that answer one question each; the others run these."""
    from runner import RUNS_OTHERS  # the tests' list

    return [name for name in names() if name not in RUNS_OTHERS]


def file(name: str) -> str:
    """The probe's file, which runs from the checkout as it is."""
    return str(ROOT / "plugins" / f"{name}.py")


def needed(name: str) -> list[str]:
    """The options without which this probe does not run, -H apart, with values that the simulator knows."""
    from runner import NEEDED  # the tests' list

    return list(NEEDED.get(name, []))
