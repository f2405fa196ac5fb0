"""Plugins that note what their options came to, instead of asking any Harbor."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.runner import PLUGINS

#: As the real plugin reads its command line; no preloaded server runs the real one instead.
SCRIPT = """#!{python}
import json, posix, sys
posix.environ[b"HARBOR_PRELOADED"] = b""
sys.path.insert(0, {plugins!r})
from {name} import main
from harborlib.run import options
given = vars(options.parse_arguments(main.probe.parser()))
with open({noted!r}, "w") as file:
    json.dump({{name: str(value) for name, value in given.items()}}, file)
print("noted")
"""


def install(folder: Path, name: str) -> Path:
    """Write such a plugin into the folder, in the place of the real one if that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {"python": sys.executable, "plugins": str(PLUGINS), "name": name, "noted": str(noted(folder, name))}
    (folder / name).write_text(SCRIPT.format(**values))
    (folder / name).chmod(0o755)
    return folder


def noted(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def came(folder: Path, name: str) -> dict[str, str]:
    """What the options of its last run came to, by the name of the option."""
    found: dict[str, str] = json.loads(noted(folder, name).read_text())
    return found
