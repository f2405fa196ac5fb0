"""With --preloaded: a server for one daemon, in its namespaces, and plugins that note each run and each without it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from harborlib.run import launchers

from support.runner import PLUGINS

SERVER = PLUGINS / "harbor_preloaded.py"
IMPORT = "import harbor_preloaded"
#: A run, and that the import has returned, which it does only if the server did not run the check.
NOTE = "with open({notes!r}, 'a') as notes:\n    print({text}, file=notes)\n"
ASKED = NOTE.replace("{text}", "'asked'")
COLD = NOTE.replace("{text}", "'cold:', sys.argv[0], harbor_preloaded.unused")
#: Of a hundred checks so many may run without the server: a busy machine is no bug, but each service is more.
FEW = 1


def wanted() -> bool:
    """Whether the plugins are to ask a server."""
    return bool(os.environ.get("HARBOR_PRELOADED"))


def notes_of(plugins: Path) -> Path:
    """Where the plugins in this folder note their runs."""
    return plugins.with_name(f"{plugins.name}.notes")


def install(folder: Path) -> None:
    """Write our start scripts into this folder, with the notes."""
    launchers.write(folder, sys.executable, str(PLUGINS))
    notes = str(notes_of(folder))
    Path(notes).touch()
    asked, cold = ASKED.format(notes=notes), COLD.format(notes=notes)
    for script in folder.iterdir():
        before, line, after = script.read_text().partition(f"{IMPORT}  #")
        assert line, script
        comment, newline, rest = after.partition("\n")
        script.write_text(f"{before}{asked}{line}{comment}{newline}{cold}{rest}")


class Preloading:
    """The server of one daemon; without plugins that note their runs there is none, and nothing to say about it."""

    def __init__(self, plugins: Path, folder: Path) -> None:
        self.notes = notes_of(plugins)
        self.socket = folder / "preloaded" / "socket"
        self.output = folder / "output"  # of the daemon, and of the server
        self.there = self.notes.exists()

    def command(self) -> list[str]:
        """What starts it, and then the daemon: in the same namespaces, and to be ended with it."""
        if not self.there:
            return []
        server = shlex.join([sys.executable, str(SERVER), "--socket", str(self.socket)])
        return ["sh", "-c", f'{server} & exec "$@"', "sh"]

    def environment(self) -> dict[str, str]:
        """How the plugins find it."""
        return {"HARBOR_PRELOADED": str(self.socket)} if self.there else {}

    def ready(self) -> bool:
        """Whether it has loaded everything: before that, checks on a busy machine would not wait for it."""
        return not self.there or "listens on" in self.output.read_text()

    def runs(self) -> tuple[int, list[str]]:
        """How often the plugins ran, and what they noted when the server did not run the check."""
        lines = self.notes.read_text().splitlines() if self.there else []
        return lines.count("asked"), [line for line in lines if line != "asked"]

    def verify(self) -> None:
        """The server must have run the checks."""
        asked, cold = self.runs()
        assert len(cold) * 100 <= asked * FEW, f"{len(cold)} of {asked} checks without the server: {cold[:5]}"
