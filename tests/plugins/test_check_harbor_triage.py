"""check_harbor_triage: for each failure the whole output, as an engine or a ticket gets it.

What it says is written down in verdicts.txt, a section for each scenario of the isolation's tests.
"""

from __future__ import annotations

import pytest

from harbor_simulator import Account, Simulator
from harbor_simulator.accounts import default_accounts
from isolation.scenarios import FROZEN, INSIDE_THE_LAG, STEADY, TWO_CAUSES, Scenario
from support.verdicts import book, lines, triage

CANARY, CANARY_SECRET = "robot$canary", "sEcret-of/the+canary=robot"
ROBOTS = {**default_accounts(), CANARY: Account(CANARY_SECRET, projects={"pub": ("pull", "push", "delete")})}
VERDICTS = book(__file__)
SCENARIOS = {
    **{scenario.title: scenario for scenario in (*STEADY, *TWO_CAUSES)},
    **{f"{scenario.title}, not noticed yet": scenario for scenario in INSIDE_THE_LAG},
}


@pytest.fixture(scope="session")
def logins(authfile: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The options for both robots."""
    path = tmp_path_factory.mktemp("login") / "canary"
    path.write_text(f"username={CANARY}\npassword={CANARY_SECRET}\n")
    path.chmod(0o600)
    return ["--authfile", authfile, "--canary-authfile", str(path)]


def simulated(scenario: Scenario) -> Simulator:
    """A Harbor in this condition, which knows both robots."""
    users = ROBOTS if scenario.login else {}
    return Simulator(*scenario.switches, certificate=scenario.certificate, users=users)


def options(scenario: Scenario) -> list[str]:
    """What else is given. Without Redis a push takes just as long as it may: now it is slow, now it is not."""
    push = [] if "redis-down" in scenario.switches else ["--push-project", "pub"]
    frozen = any("frozen" in switch for switch in scenario.switches)
    return [*push, "-t", str(FROZEN if frozen else scenario.seconds)]


@pytest.mark.parametrize("title", SCENARIOS)
def test_verdict(title: str, logins: list[str]) -> None:
    scenario = SCENARIOS[title]
    with simulated(scenario) as harbor:
        url = harbor.url.replace(harbor.host, scenario.host) if scenario.host else harbor.url
        assert (
            lines(triage("-H", url, "--ca-file", harbor.ca_file, *logins, *options(scenario)), harbor)
            == VERDICTS[title]
        )
