"""The plugins as an installation has them: one executable each, like pip's console scripts."""

from __future__ import annotations

import sys
from pathlib import Path

from runner import NAMES, PLUGINS

SCRIPT = "#!{python}\nimport sys\nsys.path.insert(0, {plugins!r})\nfrom {name} import main\nmain()\n"


def install(folder: Path, python: str = sys.executable) -> Path:
    """Write them into a new folder."""
    folder.mkdir(parents=True)
    for name in NAMES:
        script = folder / name
        script.write_text(SCRIPT.format(python=python, plugins=str(PLUGINS), name=name))
        script.chmod(0o755)
    return folder
