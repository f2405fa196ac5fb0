"""check_harbor_triage: for each failure the whole output, as an engine or a ticket gets it.

What it says is written down in verdicts.txt, a section for each scenario of the isolation's tests.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from harborlib import attempt, options, terminal

import pytest

import check_harbor_triage
from isolation.scenarios import INSIDE_THE_LAG, STEADY, TWO_CAUSES, Scenario
from runner import Outcome
from screens import HOST, screen
from simulator import Account, Simulator
from simulator.accounts import default_accounts

CANARY, CANARY_SECRET = "robot$canary", "sEcret-of/the+canary=robot"
ROBOTS = {**default_accounts(), CANARY: Account(CANARY_SECRET, projects={"pub": ("pull", "push", "delete")})}
SECTION = re.compile(r"^== (.*)\n((?:(?!== ).*\n)*)", re.MULTILINE)
BOOK = Path(__file__).with_name("verdicts.txt")
SCENARIOS = {
    **{scenario.title: scenario for scenario in (*STEADY, *TWO_CAUSES)},
    **{f"{scenario.title}, not noticed yet": scenario for scenario in INSIDE_THE_LAG},
}


def book() -> dict[str, list[str]]:
    """The lines of each section."""
    return {title: body.splitlines() for title, body in SECTION.findall(BOOK.read_text(encoding="ascii"))}


def triage(*argv: str) -> Outcome:
    """A run in this process, told as to an engine."""
    started = time.monotonic()
    probe = check_harbor_triage.main.probe
    args = options.parse(probe.parser(), argv)
    report = attempt.examine(probe, args, started + args.timeout)
    out = report.json() if args.output == "json" else terminal.brief(report, args.verbose)
    return Outcome(report.exit_code, out)


def lines(outcome: Outcome, harbor: Simulator) -> list[str]:
    """What was printed, without the perfdata, and the exit code."""
    text = outcome.out.replace(harbor.ca_file, "ca.pem").replace(f"127.0.0.1:{harbor.port}", HOST)
    first, *rest = screen(Outcome(outcome.code, text), harbor)
    return [first.partition(" | ")[0], *rest]


@pytest.fixture(scope="session")
def logins(authfile: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options for both robots."""
    path = tmp_path_factory.mktemp("login") / "canary"
    path.write_text(f"username={CANARY}\npassword={CANARY_SECRET}\n")
    path.chmod(0o600)
    return ["--authfile", authfile, "--canary-authfile", str(path)]


def simulated(scenario: Scenario) -> Simulator:
    users = ROBOTS if scenario.login else {}
    return Simulator(*scenario.switches, certificate=scenario.certificate, users=users)


@pytest.mark.parametrize("title", SCENARIOS)
def test_verdict(title: str, logins: list[str]) -> None:
    scenario = SCENARIOS[title]
    with simulated(scenario) as harbor:
        url = harbor.url.replace(harbor.host, scenario.host) if scenario.host else harbor.url
        common = ["-H", url, "--ca-file", harbor.ca_file, *logins, "--push-project", "pub"]
        assert lines(triage(*common, "-t", str(scenario.seconds)), harbor) == book()[title]
