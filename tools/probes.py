"""The probes of this checkout, found by being there: plugins/check_harbor_*.py.

Importing this module makes the plugins, harborlib and the simulator importable.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT / "tests")]

# A value that the simulator and every Harbor know, for each option that some probe cannot do without.
NEEDED = {"--component": "registry"}


def names() -> list[str]:
    """Every probe's command name."""
    return sorted(path.stem for path in (ROOT / "plugins").glob("check_harbor_*.py"))


def file(name: str) -> str:
    """The probe's file, which runs from the checkout as it is."""
    return str(ROOT / "plugins" / f"{name}.py")


def needed_options(name: str) -> list[str]:
    """The options without which this probe is a usage error, -H apart."""
    parser = importlib.import_module(name).main.probe.parser()
    options = [action.option_strings[-1] for action in parser._actions if action.required]
    return [word for option in options for word in (option, NEEDED[option])]
