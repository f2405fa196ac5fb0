"""Runs of check_harbor_triage, and the books in which their output is written down, a section for each scenario.

A book names causes and how many probes follow from each, so that a new probe does not change every section.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from harborlib.harbor import components, platform
from harborlib.judge.isolation import COMPONENTS, OWNERS
from harborlib.run import judging, options
from harborlib.run.child import parser_of
from harborlib.run.probe import installed
from harborlib.text import json_output, terminal
from harborlib.text.report import Report
from harborlib.text.words import number

import check_harbor_triage
from harbor_simulator import Simulator
from support.runner import Outcome
from support.screens import HOST, screen

SECTION = re.compile(r"^== (.*)\n((?:(?!== ).*\n)*)", re.MULTILINE)
#: The next step that separates core from Redis sends to neither.
STALLED = platform.with_commands(components.STALLED, None)
FOLLOWS = re.compile(r"Note: follows from (\S+): (.*)")
NOT_RUN = re.compile(r"(?:Note|, )(?:: )?not run: ([\w, ]+) \(.*?\)")
COUNT = re.compile(r"(?:\d+ of )?\d+ probes")
#: A first line is cut at 117 characters, seconds included: how many of them is chance.
CUT = re.compile(r"^(HARBOR .* T s .*)\.\.\.$")
CUT_AT = 110
#: Probes that own no other one's failure.
OTHERS = {probe.name for probe in installed(but="triage")}.difference(OWNERS, ["component"])
#: One of them that runs without the login of triage: it can be well while logins fail, or a certificate is not trusted.
NO_LOGIN = {"signin"}
#: How many a triage runs that is given a login and nothing else: each, and check_harbor_component once per component.
WANT_MORE = {"artifact", "login", "pull", "push"}
USUAL = len(installed(but="triage")) - len(WANT_MORE) - 1 + len(COMPONENTS)
PLACE = re.compile(
    r"docker logs (?:--tail \d+ )?([\w-]+)|(?<!should be the )\bcontainers? ([\w-]+)|\bcontainers [\w-]+ and ([\w-]+)"
)


def book(test: str) -> dict[str, list[str]]:
    """The sections of verdicts.txt beside a test: their lines by their titles."""
    text = Path(test).with_name("verdicts.txt").read_text(encoding="ascii")
    return {title: body.splitlines() for title, body in SECTION.findall(text)}


def triage(*argv: str) -> Outcome:
    """A run in this process, told as to an engine."""
    return triaged(*argv)[0]


def triaged(*argv: str) -> tuple[Outcome, Report]:
    """The same, with its report."""
    started = time.monotonic()
    probe = check_harbor_triage.main.probe
    args = options.parse_arguments(parser_of(probe), argv)
    report = judging.examine(probe, args, started + args.timeout)
    out = json_output.text(report) if args.output == "json" else terminal.brief(report, args.verbose)
    return Outcome(report.exit_code, out, "", time.monotonic() - started), report


def places(report: Report) -> set[str]:
    """The containers to which the next steps of all findings send; what tells two of them apart sends to neither."""
    steps = " ".join(finding.next_step for finding in report.findings if finding.next_step != STALLED)
    return {name for match in PLACE.finditer(steps) for name in match.groups() if name}


def in_book(told: list[str]) -> list[str]:
    """The lines as a book has them: causes, and how many probes follow; what did not run is left out."""
    left_out = {name for match in NOT_RUN.finditer("\n".join(told)) for name in match[1].split(", ")}

    def counted(match: re.Match[str]) -> str:
        names = set(match[2].split(", "))
        owners, others = names.intersection(OWNERS), names.difference(OWNERS)
        parts = [number(len(owners), "owner")] if owners else []
        if others:
            whole = {frozenset(OTHERS - left_out): "all others"}
            whole[frozenset(OTHERS - left_out - NO_LOGIN)] = "all others but signin"
            parts.append(whole.get(frozenset(others)) or number(len(others), "other"))
        return f"Note: follows from {match[1]}: {', '.join(parts)}"

    first, *further = (FOLLOWS.sub(counted, line) for line in told)
    first = COUNT.sub("all probes", NOT_RUN.sub("", first))
    first = CUT.sub(lambda match: f"{match[1][:CUT_AT]}...", first)
    return [first, *(line for line in further if not NOT_RUN.match(line))]


def lines(outcome: Outcome, harbor: Simulator) -> list[str]:
    """What was printed, without the perfdata, and the exit code."""
    text = outcome.out.replace(harbor.ca_file, "ca.pem").replace(f"127.0.0.1:{harbor.port}", HOST)
    first, *rest = screen(Outcome(outcome.code, text), harbor)
    return [first.partition(" | ")[0], *rest]
