"""A probe that is not in the list of --isolate owns nothing: what it would explain, the others report themselves."""

from __future__ import annotations

from harborlib.judge.isolation import OWNERS

import pytest

from harbor_simulator import Simulator
from isolation.scenarios import COMPONENTS, CORE
from isolation.services import run, verdict
from support.runner import here


@pytest.mark.parametrize(
    ("switch", "without", "verdicts"),
    [
        ("registry-down", ["registry"], {"v2": "CRITICAL"}),
        ("redis-down", ["redis"], {"jobservice": "CRITICAL", "v2": "api", "api": "WARNING"}),
        ("core-down", ["health"], dict.fromkeys(CORE, "CRITICAL")),
        ("core-just-started", ["health"], dict.fromkeys(COMPONENTS, "WARNING")),
        ("database-down", ["database"], {"v2": "api"}),
        ("database-down", ["database", "api"], {"v2": "CRITICAL"}),
        ("tables-locked", ["api"], {"v2": "CRITICAL"}),
    ],
)
def test_owner_that_is_not_scheduled(switch: str, without: list[str], verdicts: dict[str, str], authfile: str) -> None:
    owners = [owner for owner in OWNERS if owner not in without]
    with Simulator(switch) as harbor:
        outcomes = run(harbor, owners, authfile, services=verdicts, seconds=3)
    assert {service: verdict(outcome) for service, outcome in outcomes.items()} == verdicts


def test_expired_certificate_is_healths_where_no_certificate_probe_is_scheduled(authfile: str) -> None:
    owners = [owner for owner in OWNERS if owner != "certificate"]
    services = ("health", "portal", *CORE)
    with Simulator(certificate="expired") as harbor:
        outcomes = run(harbor, owners, authfile, services=services)
    said = {service: verdict(outcome) for service, outcome in outcomes.items()}
    assert said == {"health": "CRITICAL", **dict.fromkeys(("portal", *CORE), "health")}


def test_dead_database_is_named_even_without_an_owner(authfile: str) -> None:
    """Otherwise the person on call looks for a wrong password."""
    with Simulator("database-down") as harbor:
        outcome = run(harbor, ["health"], authfile, services=["v2"])["v2"]
    assert outcome.first == "HARBOR V2 CRITICAL - login refused (401 for /v2/), Harbor says database is unhealthy"


def test_undelegated_component_is_a_warning_of_health(harbor: Simulator) -> None:
    """Health's CRITICAL means "cannot be reached" and nothing else, for other services depend on it."""
    harbor.switch("registry-down")
    common = ["-H", harbor.url, "--ca-file", harbor.ca_file]
    assert here("check_harbor_health", *common, "--isolate").code == 1
    assert here("check_harbor_health", *common, "--isolate", "--delegate", "registry").code == 0
    assert here("check_harbor_health", *common).code == 2
