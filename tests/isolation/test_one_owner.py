"""One outage, one page: each scenario is run against every service, and the table says who speaks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from harborlib.judge.isolation import OWNERS

import pytest

from isolation.scenarios import INSIDE_THE_LAG, SERVICES, STEADY, TWO_CAUSES, Scenario
from isolation.services import run, simulated, verdict

AT_A_TIME = 3  # scenarios are mostly waiting; more of them would make a Harbor look slow that is not
Verdicts = dict[str, str]


def said(scenario: Scenario, authfile: str) -> Verdicts:
    with simulated(scenario) as harbor:
        outcomes = run(harbor, OWNERS, authfile, host=scenario.host, seconds=scenario.seconds)
    return {service: verdict(outcome) for service, outcome in outcomes.items()}


def expected(scenario: Scenario) -> Verdicts:
    return {service: scenario.said(service) for service in SERVICES}


@pytest.fixture(scope="module")
def verdicts(request: pytest.FixtureRequest, authfile: str) -> Iterator[dict[int, Future[Verdicts]]]:
    """What the services said, for each chosen scenario by its id(), some scenarios at a time."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    chosen: list[Any] = [item.callspec.params["scenario"] for item in items]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {id(scenario): pool.submit(said, scenario, authfile) for scenario in chosen}


@pytest.mark.parametrize("scenario", STEADY, ids=lambda scenario: scenario.title)
def test_one_owner(scenario: Scenario, verdicts: dict[int, Future[Verdicts]]) -> None:
    assert verdicts[id(scenario)].result() == expected(scenario)


@pytest.mark.parametrize("scenario", INSIDE_THE_LAG, ids=lambda scenario: scenario.title)
def test_within_the_lag_of_health_the_probe_itself_reports(
    scenario: Scenario, verdicts: dict[int, Future[Verdicts]]
) -> None:
    assert verdicts[id(scenario)].result() == expected(scenario)


@pytest.mark.parametrize("scenario", TWO_CAUSES, ids=lambda scenario: scenario.title)
def test_two_causes_at_once_are_two_pages(scenario: Scenario, verdicts: dict[int, Future[Verdicts]]) -> None:
    assert verdicts[id(scenario)].result() == expected(scenario)
