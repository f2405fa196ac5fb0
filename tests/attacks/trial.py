"""A plugin that a test writes: its probe says where it is, and then does what the test wants."""

from __future__ import annotations

from pathlib import Path

PLUGIN = '''"""Does this plugin end?"""
import os, re, signal, sys, threading, time

from harborlib.judge import Shown
from harborlib.run import Probe, plugin
from harborlib.text import SECONDS
from harborlib.wire import deadline
from harborlib.wire.failure import BODY

{first}
seconds = Shown("time", SECONDS)

def measure(run):
    login = run.args.login
    deadline.enter(BODY, f{doing!r})
    {does}
    yield seconds(0.1)
    return "fine"

main = plugin.main(Probe(__name__, measure, [seconds]))
'''


def written(
    folder: Path, name: str, does: str, doing: str = "reading the answer to GET /x | y", first: str = ""
) -> Path:
    """The file of the plugin of this name, whose probe does that, after having done `first` at the start."""
    file = folder / f"{name}.py"
    file.write_text(PLUGIN.format(does=does, doing=doing, first=first))
    return file
