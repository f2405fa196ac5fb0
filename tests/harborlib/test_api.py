"""The REST client: the health report of any Harbor, and what each status means."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable

from harborlib.harbor.api import HEALTH, LOOKED_PAST, PING, Harbor, Health
from harborlib.run.options import parse, parser
from harborlib.wire.failure import CERTIFICATE, CONTENT, STATUS, Failure
from harborlib.wire.request import Answer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harbor_simulator import Simulator

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["healthy", "unhealthy"])
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["components", "name", "status", "error"]), inner, max_size=4)
    ),
    max_leaves=12,
)
Connect = Callable[..., Harbor]


@pytest.fixture
def connect(harbor: Simulator, authfile: str) -> Connect:
    """A Harbor as a probe gets it, by the arguments of a command line."""

    def make(*further: str) -> Harbor:
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        args: Namespace = parse(parser("any", "Is it?"), [*common, *further])
        return Harbor(args)

    return make


def report(value: object) -> Health | str:
    """The report in an answer, or the stage of the Failure."""
    try:
        return Health.parse(Answer(HEALTH, False, 200, {}, json.dumps(value).encode(), 0.1))
    except Failure as failure:
        return failure.stage


def entry(name: str, error: str | None = None) -> dict[str, str]:
    return {"name": name, "status": "unhealthy" if error else "healthy", **({"error": error} if error else {})}


def test_a_report() -> None:
    noise = "failed to check health: Get"
    found = report({"components": [entry("core"), entry("redis", "down"), entry("trivy", noise)]})
    assert isinstance(found, Health)
    assert found.components == {"core": None, "redis": "down", "trivy": "Get"}
    assert found.unhealthy == {"redis": "down", "trivy": "Get"}
    assert not found.just_started


def test_unhealthy_without_a_reason() -> None:
    found = report({"components": [{"name": "redis", "status": "odd"}]})
    assert isinstance(found, Health)
    assert found.unhealthy == {"redis": "no reason given"}


@pytest.mark.parametrize(
    ("components", "started"),
    [
        ([entry("core"), entry("redis", "unknown status"), entry("registry", "unknown status")], True),
        ([entry("core"), entry("redis", "unknown status"), entry("registry")], False),
        ([entry("core"), entry("redis", "unknown status"), entry("registry", "refused")], False),
        ([entry("core")], False),
    ],
)
def test_just_started(components: list[dict[str, str]], started: bool) -> None:
    found = report({"components": components})
    assert isinstance(found, Health)
    assert found.just_started is started


@given(JSON | st.fixed_dictionaries({"components": st.lists(JSON)}))
def test_any_json_is_a_report_or_a_failure(value: object) -> None:
    found = report(value)
    if isinstance(found, Health):
        assert found.components
        assert all(isinstance(name, str) for name in found.components)
        assert all(error is None or isinstance(error, str) for error in found.components.values())
    else:
        assert found == CONTENT


def test_more_components_than_harbor_has() -> None:
    assert isinstance(report({"components": [entry(str(number)) for number in range(100)]}), Health)
    assert report({"components": [entry(str(number)) for number in range(101)]}) == CONTENT


@pytest.mark.parametrize(
    ("status", "login", "headers", "detail"),
    [
        (401, True, {}, "login refused (401 for /api/v2.0/ping)"),
        (401, False, {}, "a login is needed (401 for /api/v2.0/ping)"),
        (403, True, {}, "a right is missing (403 for /api/v2.0/ping)"),
        (403, False, {}, "this host is refused (403 for /api/v2.0/ping)"),
        (404, True, {}, "not found: not a Harbor, or one older than this endpoint (404 for /api/v2.0/ping)"),
        (412, True, {}, "not set up in this Harbor (412 for /api/v2.0/ping)"),
        (429, True, {}, "too many requests (429 for /api/v2.0/ping)"),
        (500, True, {"X-Request-Id": "7f"}, "500 for /api/v2.0/ping from core (X-Request-Id 7f)"),
        (502, True, {}, "502 for /api/v2.0/ping from the proxy in front"),
        (201, True, {}, "201 for /api/v2.0/ping from the proxy in front"),
    ],
)
def test_what_a_status_means(
    harbor: Simulator, connect: Connect, status: int, login: bool, headers: dict[str, str], detail: str
) -> None:
    harbor.answer(PING, status, headers)
    with pytest.raises(Failure) as failure:
        connect().get(PING, login=login)
    assert (failure.value.stage, failure.value.status, failure.value.detail) == (STATUS, status, detail)
    assert failure.value.unreachable is (status >= 500)


def test_a_login_only_where_it_is_asked_for(harbor: Simulator, connect: Connect) -> None:
    client = connect()
    client.ask(PING)
    client.ask(PING, login=True)
    assert [request.authorization for request in harbor.requests] == [None, "Basic"]
    assert client.asked


def test_the_slowest_answer_is_kept(harbor: Simulator, connect: Connect) -> None:
    harbor.delay("/v2/", 0.05)
    client = connect()
    for path in (PING, "/v2/", HEALTH):
        client.ask(path)
    assert client.slowest
    assert client.slowest.path == "/v2/"


@pytest.mark.parametrize(
    ("arguments", "login", "looks"),
    [
        ((), False, False),
        (("--isolate", "health"), False, False),
        (("--isolate",), True, False),
        (("--isolate",), False, True),
    ],
)
def test_looking_past_a_certificate(
    harbor: Simulator, connect: Connect, arguments: tuple[str, ...], login: bool, looks: bool
) -> None:
    """Only where its probe is scheduled, and never with a login."""
    harbor.certificate = "expired"
    client = connect(*arguments)
    if looks:
        assert client.ask(HEALTH, login=login).status == 200
        assert client.notes == [LOOKED_PAST]
    else:
        with pytest.raises(Failure) as failure:
            client.ask(PING, login=login)
        assert failure.value.stage == CERTIFICATE
        assert harbor.requests == []


def test_insecure_is_noted(harbor: Simulator, connect: Connect) -> None:
    harbor.certificate = "self-signed"
    client = connect("--insecure")
    assert client.ask(HEALTH, login=True).status == 200
    assert client.notes == ["certificate not verified (--insecure)"]
