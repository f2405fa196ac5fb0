"""The plugins as an installation has them: one executable each, like pip's console scripts."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from support.runner import NAMES, PLUGINS

SCRIPT = "#!{python}\nimport sys\nsys.path.insert(0, {plugins!r})\nfrom {name} import main\nmain()\n"


def install(folder: Path, python: str = sys.executable) -> Path:
    """Write them into a new folder."""
    folder.mkdir(parents=True)
    for name in NAMES:
        script = folder / name
        script.write_text(SCRIPT.format(python=python, plugins=str(PLUGINS), name=name))
        script.chmod(0o755)
    return folder


def cost(folder: Path) -> float:
    """Seconds that one plugin takes here and now, 0.2 on an idle machine: the measure for pace and time-outs."""
    started = time.monotonic()
    for _ in range(3):
        subprocess.run([folder / NAMES[0], "-H", "https://127.0.0.1:1"], capture_output=True, timeout=60, check=False)
    return (time.monotonic() - started) / 3
