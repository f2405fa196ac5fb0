"""harborlib.harbor.rest: what a refused request of the API means, and what to do about it."""

from __future__ import annotations

from typing import Any

from harborlib.harbor import endpoints, refusals
from harborlib.harbor.refusals import LOGIN_REFUSED, PERMISSION_MISSING
from harborlib.wire.failure import STATUS, Kind

import pytest

from harbor_simulator import Account, Simulator
from support.rest import connect, error, refused


@pytest.mark.parametrize(
    ("endpoint", "detail", "step"),
    [
        (
            endpoints.GC,
            "the account lacks the permission garbage-collection:list (403 for /api/v2.0/system/gc)",
            "grant the robot account garbage-collection:list at the system level, possible since Harbor 2.9",
        ),
        (
            endpoints.QUEUES,
            "the account lacks the permission jobservice-monitor:list (403 for /api/v2.0/jobservice/queues)",
            "grant the robot account jobservice-monitor:list at the system level, possible since Harbor 2.9",
        ),
    ],
)
def test_a_missing_permission_is_named(endpoint: endpoints.Endpoint, detail: str, step: str) -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").rows(endpoint))
    assert (failure.kind, failure.detail, failure.next_step) == (PERMISSION_MISSING, detail, step)


def test_a_missing_permission_in_a_project() -> None:
    with Simulator(users={"robot$poor": Account("secret")}) as harbor:
        failure = refused(lambda: connect(harbor, "robot$poor", "secret").get(endpoints.RETENTION, 1))
    assert failure.detail == "the account lacks the permission tag-retention:read (403 for /api/v2.0/retentions/1)"
    assert failure.next_step == (
        "grant the robot account tag-retention:read in the project (on Harbor 2.9 with a robot of its own: "
        "system permissions override them), possible since Harbor 2.9"
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "detail"),
    [
        (404, error("path /api/v2.0/jobservice/queues was not found"), refusals.TOO_OLD,
         "404 for /api/v2.0/jobservice/queues, which needs Harbor 2.7 or newer"),
        (404, "<html>", refusals.TOO_OLD, "404 for /api/v2.0/jobservice/queues, which needs Harbor 2.7 or newer"),
        (403, "<h1>Blocked</h1>", refusals.REFUSED_IN_FRONT,
         "403 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (403, {"message": "Forbidden"}, refusals.REFUSED_IN_FRONT,
         "403 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (401, "<h1>Login</h1>", refusals.REFUSED_IN_FRONT,
         "401 for /api/v2.0/jobservice/queues from a reverse proxy, WAF or CDN in front of Harbor"),
        (404, error("queue nosuch not found"), refusals.ABSENT,
         "Harbor refuses the whole list because of one row: queue nosuch not found "
         "(404 for /api/v2.0/jobservice/queues)"),
        (400, error("no such Queue with id 7"), STATUS,
         "no such Queue with id 7 (400 for /api/v2.0/jobservice/queues)"),
        (412, error("no scanner"), refusals.NOT_SET_UP,
         "not set up in this Harbor: no scanner (412 for /api/v2.0/jobservice/queues)"),
        (412, "", refusals.NOT_SET_UP,
         "not set up in this Harbor: no reason given (412 for /api/v2.0/jobservice/queues)"),
        (401, error("unauthorized"), refusals.LOGIN_REFUSED, (
            "login refused (401 for /api/v2.0/jobservice/queues)"
        )),
        (429, "", refusals.RATE_LIMITED, "too many requests (429 for /api/v2.0/jobservice/queues)"),
        (500, error("internal server error"), STATUS,
         "500 for /api/v2.0/jobservice/queues from the reverse proxy"),
    ],
)  # fmt: skip
def test_refusals(harbor: Simulator, status: int, body: Any, kind: Kind, detail: str) -> None:
    harbor.answer("/api/v2.0/jobservice/queues", status, body=body)
    failure = refused(lambda: connect(harbor).rows(endpoints.QUEUES, page=7))
    assert (failure.kind, failure.detail) == (kind, detail)


def test_a_page_of_a_reverse_proxy_is_not_an_old_harbor(harbor: Simulator) -> None:
    """Every Harbor has quotas; queues came with 2.7."""
    for path in ("/api/v2.0/quotas", "/api/v2.0/jobservice/queues"):
        harbor.answer(path, 404, body="default backend - 404")
    failure = refused(lambda: connect(harbor).rows(endpoints.QUOTAS))
    assert (failure.kind, failure.detail) == (
        refusals.REFUSED_IN_FRONT,
        "404 for /api/v2.0/quotas from a reverse proxy, WAF or CDN in front of Harbor",
    )
    failure = refused(lambda: connect(harbor).rows(endpoints.QUEUES))
    assert failure.kind is refusals.TOO_OLD
    assert failure.next_step.endswith(
        "or remove this service from the host; if it is not older, check the routes of the ingress"
    )


def test_a_login_that_silently_makes_a_stranger_of_us_is_noticed(harbor: Simulator) -> None:
    rest = connect(harbor, password="wrong")
    failure = refused(lambda: list(rest.pages(endpoints.PROJECTS)))
    assert (failure.kind, failure.detail) == (
        LOGIN_REFUSED,
        ("login refused (/systeminfo treats it as anonymous)"),
    )
    assert failure.next_step.startswith("check username= and password= in the authfile")
    assert len(harbor.requests) == 1
