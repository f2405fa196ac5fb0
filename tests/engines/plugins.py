"""The plugins as an installation has them: one executable each, like pip's console scripts.

With --preloaded they are the start scripts that ask the preloaded server.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from support.runner import NAMES, PLUGINS

from . import preloading

SCRIPT = "#!{python}\nimport sys\nsys.path.insert(0, {plugins!r})\nfrom {name} import main\nmain()\n"


def install(folder: Path, python: str = sys.executable) -> Path:
    """Write them into a new folder."""
    folder.mkdir(parents=True)
    if preloading.wanted() and python == sys.executable:
        preloading.install(folder)
        return folder
    for name in NAMES:
        script = folder / name
        script.write_text(SCRIPT.format(python=python, plugins=str(PLUGINS), name=name))
        script.chmod(0o755)
    return folder


def cost(folder: Path) -> float:
    """Seconds of one plugin, for pace and time-outs: on an idle machine 0.2, with the preloaded server 0.05."""
    started = time.monotonic()
    for _ in range(3):
        subprocess.run([folder / NAMES[0], "-H", "https://127.0.0.1:1"], capture_output=True, timeout=60, check=False)
    return (time.monotonic() - started) / 3
