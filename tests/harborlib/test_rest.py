"""harborlib.harbor.rest: whose credentials are sent, whose clock counts, what an empty answer is."""

from __future__ import annotations

import time

from harborlib.harbor import endpoints
from harborlib.wire.failure import Unusable

import pytest

from harbor_simulator import Simulator
from support.planted import NOW
from support.rest import connect, refused


def test_without_a_login(harbor: Simulator) -> None:
    with pytest.raises(
        Unusable, match="credentials are required: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD"
    ):
        connect(harbor, name="")


def test_known_credentials_are_not_checked_again(harbor: Simulator) -> None:
    rest = connect(harbor)
    assert [row.text("name") for row in rest.pages(endpoints.PROJECTS)] == ["library", "priv", "pub", "tiny"]
    assert len(list(rest.pages(endpoints.PROJECTS))) == 4
    assert [request.path for request in harbor.requests] == ["/api/v2.0/systeminfo", *["/api/v2.0/projects"] * 2]


def test_the_server_s_clock_counts(harbor: Simulator) -> None:
    rest = connect(harbor)
    harbor.content.now = NOW
    rest.rows(endpoints.QUEUES)
    assert rest.now == NOW
    for date in ("Thu, 01 Jan 1970 00:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 -2300"):
        harbor.answer("/api/v2.0/jobservice/queues", headers={"Date": date}, body=[])
        rest.rows(endpoints.QUEUES)
        assert abs(rest.now - time.time()) < 60
    assert rest.elapsed > 0


def test_an_empty_body_is_nothing(harbor: Simulator) -> None:
    harbor.content.gc.cron = ""
    rest = connect(harbor)
    assert rest.find(endpoints.GC_SCHEDULE) is None
    assert refused(lambda: rest.get(endpoints.GC_SCHEDULE)).detail == (
        "unexpected answer to GET /api/v2.0/system/gc/schedule: not JSON"
    )
