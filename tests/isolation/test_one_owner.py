"""One outage, one page: each scenario is run against every service, and the table says who speaks."""

from __future__ import annotations

import pytest
from harborlib.isolation import OWNERS
from isolation.scenarios import INSIDE_THE_LAG, SERVICES, STEADY, TWO_CAUSES, Scenario
from isolation.services import run, simulated, verdict

FROZEN = 2  # seconds that services wait for what never answers


def said(scenario: Scenario, authfile: str) -> dict[str, str]:
    with simulated(scenario) as harbor:
        outcomes = run(harbor, OWNERS, authfile, host=scenario.host, seconds=FROZEN if scenario.slow else 10)
    return {service: verdict(outcome) for service, outcome in outcomes.items()}


def expected(scenario: Scenario) -> dict[str, str]:
    return {service: scenario.said(service) for service in SERVICES}


@pytest.mark.parametrize("scenario", STEADY, ids=lambda scenario: scenario.title)
def test_one_owner(scenario: Scenario, authfile: str) -> None:
    assert said(scenario, authfile) == expected(scenario)


@pytest.mark.parametrize("scenario", INSIDE_THE_LAG, ids=lambda scenario: scenario.title)
def test_inside_the_lag_who_suffers_speaks(scenario: Scenario, authfile: str) -> None:
    assert said(scenario, authfile) == expected(scenario)


@pytest.mark.parametrize("scenario", TWO_CAUSES, ids=lambda scenario: scenario.title)
def test_two_causes_at_once_are_two_pages(scenario: Scenario, authfile: str) -> None:
    assert said(scenario, authfile) == expected(scenario)
