"""Run a plugin as an engine does, or in this process where a test needs hundreds of runs."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PLUGINS = Path(__file__).resolve().parent.parent / "plugins"
NAMES = sorted(path.stem for path in PLUGINS.glob("check_harbor_*.py"))
NEEDED = {"check_harbor_component": ["--component", "registry"]}  # options without which a probe does not run


@dataclass(frozen=True)
class Outcome:
    """What an engine sees of a run, and how long it took in seconds."""

    code: int
    out: str
    err: str = ""
    seconds: float = 0.0

    @property
    def first(self) -> str:
        """The first line without its perfdata."""
        return self.out.split("\n", 1)[0].split(" | ")[0]


def process(name: str, *argv: str, python: str = sys.executable, **options) -> Outcome:  # type: ignore[no-untyped-def]
    """Run a plugin as a process, warnings as errors; `options` go to `subprocess.run`."""
    started = time.monotonic()
    command = [python, "-W", "error", str(PLUGINS / f"{name}.py"), *argv]
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **{"timeout": 60, **options}
    )
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def here(name: str, *argv: str) -> Outcome:
    """Run a plugin in this process: the same code without the start of an interpreter, without signals and exit."""
    from harborlib import attempt, options
    from harborlib.plugin import LEAVING

    started = time.monotonic()
    probe = importlib.import_module(name).main.probe
    args = options.parse(probe.parser(), argv)
    report = attempt.examine(probe, args, started + args.timeout - LEAVING)
    out = report.json() if args.output == "json" else report.nagios(args.verbose)
    return Outcome(report.exit_code, out, "", time.monotonic() - started)
