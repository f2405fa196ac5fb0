"""Write the bash completion of every plugin's options: completion.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import probes  # isort: split

from harborlib.run.probe import installed

import shtab


def main(folder: Path) -> None:
    """A file for each plugin, under the name that bash-completion looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    for probe in installed():
        completion = shtab.complete(probe.parser(), shell="bash")  # noqa: S604 - the name of a language
        (folder / probes.command(probe)).write_text(completion, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
