"""Run a plugin as an engine does, or in this process where a test needs hundreds of runs."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harborlib.run.probe import PREFIX, installed
from harborlib.text.report import Report

from harbor_simulator import MONITOR, MONITOR_SECRET

Kind = TypeVar("Kind")
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
NAMES = sorted(path.stem for path in PLUGINS.glob("check_harbor_*.py"))
#: Options without which a probe does not run.
NEEDED = {f"{PREFIX}{probe.name}": list(probe.example) for probe in installed()}
#: Probes that read Harbor's API with an account.
OF_API = {probe.name: probe for probe in installed() if probe.asks}
#: Plugins that run all others, and so are no service of their own.
RUNS_OTHERS = {f"{PREFIX}{probe.name}" for probe in installed() if not probe.services}
#: Probes that ask for nothing over HTTP.
HANDSHAKE_ONLY = {"check_harbor_certificate"}

#: What no output may hold: the password of the monitoring robot, as it is and as it is sent, and bearer tokens (JWT).
SECRETS = [re.escape(MONITOR_SECRET), re.escape(b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode()).decode())]
SECRET = re.compile("|".join([*SECRETS, r"eyJ[\w-]+\.eyJ[\w-]+\."]))


@dataclass(frozen=True)
class Outcome:
    """What an engine sees of a run, and how long it took in seconds; a secret in it fails any test."""

    code: int
    out: str
    err: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        leak = SECRET.search(self.out + self.err)
        assert leak is None, f"a secret in the output: {leak[0]}"

    @property
    def first(self) -> str:
        """The first line without its perfdata."""
        return self.out.split("\n", 1)[0].split(" | ")[0]


def turn(name: str, kinds: Sequence[Kind]) -> Kind:
    """One of these for each plugin, by turns, where what decides is common to all plugins and each costs a process."""
    return kinds[NAMES.index(name) % len(kinds)]


def command(name: str, *argv: str, python: str = sys.executable) -> list[str]:
    """How an engine would start a plugin, but with warnings as errors."""
    return [python, "-W", "error", str(PLUGINS / f"{name}.py"), *argv]


def process(name: str, *argv: str, python: str = sys.executable, **options) -> Outcome:  # type: ignore[no-untyped-def]
    """Run a plugin as a process; `options` go to `subprocess.run`."""
    started = time.monotonic()
    settings = {"timeout": 60, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(command(name, *argv, python=python), text=True, **{**settings, **options})
    return Outcome(done.returncode, done.stdout or "", done.stderr or "", time.monotonic() - started)


def here(name: str, *argv: str) -> Outcome:
    """Run a plugin in this process: the same code without the start of an interpreter, without signals and exit."""
    started = time.monotonic()
    report, args = examined(name, *argv)
    return shown(report, args, args.output, time.monotonic() - started)


def in_both_formats(name: str, *argv: str) -> tuple[Outcome, Outcome]:
    """Run a plugin once in this process: what it prints for an engine, and as JSON."""
    report, args = examined(name, *argv)
    return shown(report, args, "nagios"), shown(report, args, "json")


def examined(name: str, *argv: str) -> tuple[Report, argparse.Namespace]:
    """The report of a run in this process, and its options."""
    from harborlib.run import judging, options, plugin
    from harborlib.run.child import parser_of
    from harborlib.text import cleaning
    from harborlib.text.writing import write

    started = time.monotonic()
    cleaning.forget()  # a process knows the secrets of one run
    probe = importlib.import_module(name).main.probe
    try:
        args = options.parse_arguments(parser_of(probe), argv)
    except options.ParserExit as ended:
        write(ended.text)
        raise
    return judging.examine(probe, args, started + args.timeout - plugin.LEAVING), args


def shown(report: Report, args: argparse.Namespace, output: str, seconds: float = 0.0) -> Outcome:
    """A report in one of the formats."""
    from harborlib.run import plugin
    from harborlib.text import json_output

    out = json_output.text(report) if output == "json" else plugin.engine(report, args)
    return Outcome(report.exit_code, out, "", seconds)
