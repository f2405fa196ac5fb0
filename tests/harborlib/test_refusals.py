"""What each error status of the API means."""

from __future__ import annotations

from harborlib.harbor.refusals import (
    HOST_REFUSED,
    LOGIN_NEEDED,
    LOGIN_REFUSED,
    NOT_SET_UP,
    PERMISSION_MISSING,
    RATE_LIMITED,
    REFUSED_IN_FRONT,
    TOO_OLD,
    good,
    in_front,
)
from harborlib.wire.failure import STATUS, Failure, Kind
from harborlib.wire.request import Answer

import pytest

from support.replay import DIRECTORY, load

PING = "/api/v2.0/ping"


HARBORS = b'{"errors":[{"code":"FORBIDDEN","message":"robot$poor"}]}'


def answer(status: int, login: bool = True, body: bytes = HARBORS, **headers: str) -> Answer:
    return Answer(PING, login, status, {name.replace("_", "-"): value for name, value in headers.items()}, body, 0.1)


def refused(answered: Answer) -> Failure:
    with pytest.raises(Failure) as raised:
        good(answered)
    return raised.value


@pytest.mark.parametrize(
    ("status", "login", "kind", "detail"),
    [
        (401, True, LOGIN_REFUSED, "login refused (401 for /api/v2.0/ping)"),
        (401, False, LOGIN_NEEDED, "credentials are required (401 for /api/v2.0/ping)"),
        (403, True, PERMISSION_MISSING, "a permission is missing (403 for /api/v2.0/ping)"),
        (403, False, HOST_REFUSED, "this host is refused (403 for /api/v2.0/ping)"),
        (404, True, TOO_OLD, "not found: not a Harbor, or one older than this endpoint (404 for /api/v2.0/ping)"),
        (412, True, NOT_SET_UP, "not set up in this Harbor (412 for /api/v2.0/ping)"),
        (429, True, RATE_LIMITED, "too many requests (429 for /api/v2.0/ping)"),
        (502, True, STATUS, "502 for /api/v2.0/ping from the reverse proxy"),
        (201, True, STATUS, "201 for /api/v2.0/ping from the reverse proxy"),
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


PAGES = [
    b"<html><head><title>403 Forbidden</title></head><body><center>cloudflare</center></body></html>",
    b"Forbidden",
    b"",
    b'{"message":"Forbidden"}',
    b'{"errors":[]}',
    b'{"errors":[{"message":"no code"}]}',
    b'{"errors":"blocked"}',
    b'[{"code":"FORBIDDEN"}]',
    b'{"errors":[{"code":7}]}',
]


@pytest.mark.parametrize("body", PAGES)
@pytest.mark.parametrize(
    ("status", "login", "kind"),
    [
        (400, True, REFUSED_IN_FRONT),
        (401, True, REFUSED_IN_FRONT),
        (401, False, REFUSED_IN_FRONT),
        (403, True, REFUSED_IN_FRONT),
        (403, False, HOST_REFUSED),
        (404, True, TOO_OLD),
        (405, True, REFUSED_IN_FRONT),
        (412, True, NOT_SET_UP),
        (429, True, RATE_LIMITED),
        (451, False, REFUSED_IN_FRONT),
    ],
)
def test_refusal_that_is_not_harbors(body: bytes, status: int, login: bool, kind: Kind) -> None:
    failure = refused(answer(status, login, body))
    assert (failure.kind, failure.stage, failure.unreachable) == (kind, STATUS, False)
    if kind is REFUSED_IN_FRONT:
        assert failure.detail == (f"{status} for {PING} from a reverse proxy, WAF or CDN in front of Harbor")


def recorded_refusals() -> list[tuple[str, Answer]]:
    """Every recorded 4xx with a body; the token service alone refuses in other words."""
    found = []
    for path in sorted(DIRECTORY.glob("*/*.http")):
        recording = load(path)
        shown, asked = recording.answer, recording.target
        if 400 <= shown.status < 500 and recording.method != "HEAD" and not asked.startswith("/service/token"):
            found.append((str(recording), Answer(asked, True, shown.status, shown.headers, shown.body.encode(), 0.1)))
    return found


def test_recorded_refusals() -> None:
    """Those of core say why, unless it knows no such API; those of nginx, which have no number of a request, do not."""
    refusals = recorded_refusals()
    assert len(refusals) > 100
    for name, recorded in refusals:
        by_core = "X-Request-Id" in recorded.headers and recorded.path.startswith(("/api/v2.0/", "/c/oidc/", "/v2/"))
        assert in_front(recorded) is not by_core, name
    assert sum(in_front(recorded) for _, recorded in refusals) > 3
