"""check_harbor_triage: for each failure the whole output, as an engine or a ticket gets it.

What it says is written down in verdicts.txt, a section for each scenario of the isolation's tests.
"""

from __future__ import annotations

import pytest

from harbor_simulator import Account, Simulator
from harbor_simulator.accounts import default_accounts
from isolation.scenarios import COMPONENTS, FROZEN, INSIDE_THE_LAG, STEADY, TWO_CAUSES, Scenario
from support import verdicts
from support.verdicts import book, in_book, lines, places, triaged

CANARY, CANARY_SECRET = "robot$canary", "sEcret-of/the+canary=robot"
ROBOTS = {**default_accounts(), CANARY: Account(CANARY_SECRET, projects={"pub": ("pull", "push", "delete")})}
VERDICTS = book(__file__)
SLOW = next(
    scenario for scenario in STEADY if "database-slow" in scenario.switches
)  # how many follow is a matter of time
OTHERS = sorted(verdicts.OTHERS - {"artifact"})
SCENARIOS = {
    **{scenario.title: scenario for scenario in (*STEADY, *TWO_CAUSES) if scenario != SLOW},
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
    """What else is given."""
    frozen = any("frozen" in switch for switch in scenario.switches)
    return ["--push-project", "pub", "-t", str(FROZEN if frozen else scenario.seconds)]


@pytest.mark.parametrize("title", SCENARIOS)
def test_verdict(title: str, logins: list[str]) -> None:
    """Every line of it; and no next step sends anybody to a container that is well."""
    scenario = SCENARIOS[title]
    with simulated(scenario) as harbor:
        url = harbor.url.replace(harbor.host, scenario.host) if scenario.host else harbor.url
        outcome, report = triaged("-H", url, "--ca-file", harbor.ca_file, *logins, *options(scenario))
        assert in_book(lines(outcome, harbor)) == VERDICTS[title]
        assert places(report) <= scenario.broken


@pytest.mark.parametrize(
    ("title", "notes"),
    [
        ("core stopped", {"health": ["api", "v2", "push", "storage", *COMPONENTS, *OTHERS]}),
        ("PostgreSQL stopped", {"database": ["api", "v2", "push", "storage", *OTHERS]}),
        ("jobservice stopped", {"jobservice": ["queue", "workers"]}),
        ("registry stopped", {"registry": ["v2", "push"]}),
    ],
)
def test_who_follows(title: str, notes: dict[str, list[str]], logins: list[str]) -> None:
    """What the books only count, name by name: owners as isolation looks for them, then the others by their names."""
    scenario = SCENARIOS[title]
    with simulated(scenario) as harbor:
        _, report = triaged("-H", harbor.url, "--ca-file", harbor.ca_file, *logins, *options(scenario))
    assert tuple(note for note in report.notes if not note.startswith("still works: ")) == (
        *(f"follows from {root}: {', '.join(names)}" for root, names in notes.items()),
        "not run: artifact, login, pull (need --image P/R:TAG)",
    )


def test_slow_database_is_one_cause(logins: list[str]) -> None:
    with simulated(SLOW) as harbor:
        _, report = triaged("-H", harbor.url, "--ca-file", harbor.ca_file, *logins, *options(SLOW))
    assert {finding.subject for finding in report.findings if finding.is_problem and not finding.follows} == {"api"}
    assert places(report) == set()
    assert "v2, push, " in report.notes[0]


def test_how_many_have_run(logins: list[str]) -> None:
    with simulated(SCENARIOS["all is well"]) as harbor:
        _, report = triaged("-H", harbor.url, "--ca-file", harbor.ca_file, *logins, "--push-project", "pub")
    ran = len(COMPONENTS) + len(OTHERS) + 7
    assert report.headline.endswith(f": {ran} of {ran + 3} probes have run, and all are OK")
