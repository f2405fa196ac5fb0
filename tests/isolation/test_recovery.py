"""The failure is gone when the cause is looked for: asked once more, the probe finds all well, and nobody is paged."""

from __future__ import annotations

from harborlib.judge.isolation import OWNERS

import pytest

from harbor_simulator import Simulator
from harbor_simulator.messages import Request, Response
from isolation.services import run


class Recovering(Simulator):
    """A Harbor that is well again from a certain request on."""

    def __init__(self, *switches: str, failing: int) -> None:
        super().__init__(*switches)
        self.failing = failing

    def _respond(self, request: Request) -> Response:
        if len(self.requests) == self.failing:
            self.switch()
        return super()._respond(request)

    @property
    def asked(self) -> list[str]:
        """What was asked, with a mark where a login came along."""
        return [f"{request.path}{' login' * bool(request.authorization)}" for request in self.requests]


HEALTH, INFO, V2 = "/api/v2.0/health", "/api/v2.0/systeminfo login", ["/v2/", "/v2/ login"]


@pytest.mark.parametrize(
    ("service", "switch", "failing", "first", "questions"),
    [
        ("health", "core-down", 3, [HEALTH, "/", "/api/v2.0/ping"], [HEALTH]),
        ("registry", "core-down", 1, [HEALTH], [HEALTH]),
        ("registry", "registry-down", 1, [HEALTH], [HEALTH]),
        ("registry", "core-just-started", 1, [HEALTH], [HEALTH]),
        ("jobservice", "redis-down", 1, [HEALTH], [HEALTH]),
        ("portal", "portal-down", 1, ["/"], [HEALTH]),
        ("v2", "registry-down", 2, V2, [HEALTH, INFO]),
        ("v2", "registry-frozen", 2, V2, [HEALTH, INFO]),
        ("v2", "tables-locked", 2, V2, [HEALTH, INFO]),
        ("v2", "core-unavailable", 1, V2[:1], [HEALTH, INFO]),
    ],
)
def test_second_try(
    service: str, switch: str, failing: int, first: list[str], questions: list[str], authfile: str
) -> None:
    again = {"health": [HEALTH], "portal": ["/"], "v2": V2}.get(service, [HEALTH])
    with Recovering(switch, failing=failing) as harbor:
        outcome = run(harbor, OWNERS, authfile, services=[service], seconds=3)[service]
        asked = harbor.asked
    assert outcome.code == 0, outcome.out
    assert sorted(asked[: len(first)]) == sorted(first)
    assert sorted(asked[len(first) : -len(again)]) == sorted(questions)
    assert asked[-len(again) :] == again


def test_no_second_try_after_a_refused_login(authfile: str) -> None:
    """Each wrong password locks the account for a while, for all who use it."""
    with Simulator(users={}) as harbor:
        outcome = run(harbor, ["health"], authfile, services=["v2"])["v2"]
        asked = [(request.path, request.authorization) for request in harbor.requests]
    assert outcome.code == 2
    assert asked == [("/v2/", None), ("/v2/", "Basic"), (HEALTH, None)]


def test_no_second_try_where_another_one_owns_the_failure(authfile: str) -> None:
    with Simulator("registry-down") as harbor:
        run(harbor, OWNERS, authfile, services=["v2"])
        asked = [request.path for request in harbor.requests]
    assert sorted(asked) == sorted(["/v2/", "/v2/", HEALTH, "/api/v2.0/systeminfo"])


def test_a_probe_that_is_ok_asks_nothing_extra(authfile: str) -> None:
    with Simulator() as harbor:
        for service, paths in (("health", [HEALTH]), ("redis", [HEALTH]), ("portal", ["/"]), ("certificate", [])):
            harbor.requests.clear()
            assert run(harbor, OWNERS, authfile, services=[service])[service].code == 0
            assert [request.path for request in harbor.requests] == paths
        harbor.requests.clear()
        run(harbor, OWNERS, authfile, services=["v2"])
        assert [request.path for request in harbor.requests] == ["/v2/", "/v2/"]
