"""Runs of check_harbor_triage, and the books in which their output is written down, a section for each scenario."""

from __future__ import annotations

import re
import time
from pathlib import Path

from harborlib.run import attempt, options
from harborlib.text import json_output, terminal

import check_harbor_triage
from harbor_simulator import Simulator
from support.runner import Outcome
from support.screens import HOST, screen

SECTION = re.compile(r"^== (.*)\n((?:(?!== ).*\n)*)", re.MULTILINE)


def book(test: str) -> dict[str, list[str]]:
    """The sections of verdicts.txt beside a test: their lines by their titles."""
    text = Path(test).with_name("verdicts.txt").read_text(encoding="ascii")
    return {title: body.splitlines() for title, body in SECTION.findall(text)}


def triage(*argv: str) -> Outcome:
    """A run in this process, told as to an engine."""
    started = time.monotonic()
    probe = check_harbor_triage.main.probe
    args = options.parse(probe.parser(), argv)
    report = attempt.examine(probe, args, started + args.timeout)
    out = json_output.text(report) if args.output == "json" else terminal.brief(report, args.verbose)
    return Outcome(report.exit_code, out, "", time.monotonic() - started)


def lines(outcome: Outcome, harbor: Simulator) -> list[str]:
    """What was printed, without the perfdata, and the exit code."""
    text = outcome.out.replace(harbor.ca_file, "ca.pem").replace(f"127.0.0.1:{harbor.port}", HOST)
    first, *rest = screen(Outcome(outcome.code, text), harbor)
    return [first.partition(" | ")[0], *rest]
