"""Write the bash completion of the options of every plugin, the fire drill and the simulator: completion.py FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import probes  # isort: split

from harborlib.run.probe import installed

import shtab

from harbor_simulator import command as simulator
from harbor_simulator.drill import command as drill


def main(folder: Path) -> None:
    """A file for each command, under the name that bash-completion looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    parsers = {probes.command(probe): probe.parser() for probe in installed()}
    parsers_of_tools = {command.NAME: command.parser() for command in (drill, simulator)}
    for name, parser in {**parsers, **parsers_of_tools}.items():
        completion = shtab.complete(parser, shell="bash")  # noqa: S604 - the name of a language
        (folder / name).write_text(completion, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
