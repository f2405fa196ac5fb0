"""What each error status of the API means."""

from __future__ import annotations

from harborlib.harbor.refusals import (
    HOST_REFUSED,
    LOGIN_NEEDED,
    LOGIN_REFUSED,
    NOT_SET_UP,
    PERMISSION_MISSING,
    RATE_LIMITED,
    TOO_OLD,
    good,
)
from harborlib.wire.failure import STATUS, Failure, Kind
from harborlib.wire.request import Answer

import pytest

PING = "/api/v2.0/ping"


def answer(status: int, login: bool = True, **headers: str) -> Answer:
    return Answer(PING, login, status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", 0.1)


def refused(answered: Answer) -> Failure:
    with pytest.raises(Failure) as raised:
        good(answered)
    return raised.value


@pytest.mark.parametrize(
    ("status", "login", "kind", "detail"),
    [
        (401, True, LOGIN_REFUSED, "login refused (401 for /api/v2.0/ping)"),
        (401, False, LOGIN_NEEDED, "a login is needed (401 for /api/v2.0/ping)"),
        (403, True, PERMISSION_MISSING, "a right is missing (403 for /api/v2.0/ping)"),
        (403, False, HOST_REFUSED, "this host is refused (403 for /api/v2.0/ping)"),
        (404, True, TOO_OLD, "not found: not a Harbor, or one older than this endpoint (404 for /api/v2.0/ping)"),
        (412, True, NOT_SET_UP, "not set up in this Harbor (412 for /api/v2.0/ping)"),
        (429, True, RATE_LIMITED, "too many requests (429 for /api/v2.0/ping)"),
        (502, True, STATUS, "502 for /api/v2.0/ping from the proxy in front"),
        (201, True, STATUS, "201 for /api/v2.0/ping from the proxy in front"),
    ],
)
def test_what_a_status_means(status: int, login: bool, kind: Kind, detail: str) -> None:
    failure = refused(answer(status, login))
    assert (failure.kind, failure.stage, failure.status, failure.detail) == (kind, STATUS, status, detail)
    assert failure.unreachable is (status >= 500)
    assert failure.next_step or kind is STATUS


def test_a_request_of_which_core_knows_can_be_found_in_its_log() -> None:
    failure = refused(answer(500, X_Request_Id="7f"))
    assert (failure.kind, failure.detail, failure.aside) == (
        STATUS,
        "500 for /api/v2.0/ping from core",
        "X-Request-Id 7f",
    )


def test_a_good_answer_is_handed_on() -> None:
    answered = answer(200)
    assert good(answered) is answered
