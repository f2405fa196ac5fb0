"""The registry's protocol: challenges, locations, errors, manifests, whatever they are made of."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from harborlib.harbor import registry
from harborlib.harbor.client import Client
from harborlib.harbor.manifest import Descriptor, Manifest
from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.harbor.run import Run
from harborlib.text import CRITICAL, WARNING
from harborlib.wire.failure import CONTENT, ROUTE, STATUS, Failure
from harborlib.wire.origin import Origin
from harborlib.wire.request import Answer

import pytest
from hypothesis import given
from hypothesis import strategies as st

ORIGIN = Origin.parse("https://harbor.example.com")
DIGEST = "sha256:" + "a" * 64
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


def answer(status: int = 200, body: object = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("/v2/priv/canary/x?state=secret", True, status, told, content, 0.01)


def run() -> Run:
    args = Namespace(harbor=ORIGIN, isolate=None, insecure=False)
    return Run(Client(args), args)


def failure_of(call: Callable[[], object]) -> Failure | None:
    """The Failure that a call raises, if it does."""
    try:
        call()
    except Failure as failure:
        return failure
    return None


# Challenges


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", {}),
        ("Basic", {"basic": {}}),
        ('Basic realm="harbor"', {"basic": {"realm": "harbor"}}),
        (
            'Bearer realm="https://h/service/token",service="harbor-registry",scope="repository:a/b:pull,push"',
            {
                "bearer": {
                    "realm": "https://h/service/token",
                    "service": "harbor-registry",
                    "scope": "repository:a/b:pull,push",
                }
            },
        ),
        (
            'Basic realm="a, b", Bearer Realm = "c" , service=d',
            {"basic": {"realm": "a, b"}, "bearer": {"realm": "c", "service": "d"}},
        ),
        (r'Bearer realm="a \"quoted\" b\\",service="x"', {"bearer": {"realm": 'a "quoted" b\\', "service": "x"}}),
        ('Bearer realm="unclosed', {"bearer": {}, "realm": {}}),
    ],
)  # fmt: skip
def test_challenges(header: str, found: dict[str, dict[str, str]]) -> None:
    assert registry.challenges(header) == found


@given(st.text() | st.text(alphabet='Bearer realm=,"\\ \t'))
def test_any_header_is_challenges_and_leads_nowhere_else(header: str) -> None:
    registry.challenges(header)
    if registry.challenge_problem(header, ORIGIN) == "":
        realm = registry.challenges(header)["bearer"]["realm"]
        assert realm.lower().startswith("https://harbor.example.com")


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_realm_but_ours_is_followed(before: str, after: str) -> None:
    header = f'Bearer realm="https://{before}evil.example.net{after}",service="x"'
    assert registry.challenge_problem(header, ORIGIN) != "" or "evil" in header.partition("harbor.example.com/")[2]


# Locations


@pytest.mark.parametrize(
    ("location", "origin", "path"),
    [
        ("/v2/a/b/blobs/uploads/1?_state=x", "https://harbor.example.com", "/v2/a/b/blobs/uploads/1?_state=x"),
        ("https://harbor.example.com:443/a", "https://harbor.example.com", "/a"),
        ("https://HARBOR.example.com/a?b#c", "https://harbor.example.com", "/a?b"),
        ("http://harbor.example.com/a", "http://harbor.example.com", "/a"),
        ("//store.example.net:8443/a?sig=1", "https://store.example.net:8443", "/a?sig=1"),
        ("y", "https://harbor.example.com", "/v2/priv/canary/y"),
    ],
)  # fmt: skip
def test_locations(location: str, origin: str, path: str) -> None:
    found, target = registry.location(answer(307, Location=location), ORIGIN)
    assert (found.url, target) == (origin, path)


@given(st.text())
def test_any_location_is_a_place_or_a_failure_without_the_query(location: str) -> None:
    failure = failure_of(lambda: registry.location(answer(307, Location=location), ORIGIN))
    known = (ROUTE, "307 for /v2/priv/canary/x without a usable Location")
    assert failure is None or (failure.stage, failure.detail) == known


# Errors


@given(st.integers(400, 599), JSON, JSON, JSON)
def test_any_error_is_a_failure_in_words(status: int, code: object, message: object, detail: object) -> None:
    body = {"errors": [{"code": code, "message": message, "detail": detail}]}
    found = registry.refusal(answer(status, body, Content_Type="application/json"), "blob x")
    assert found.detail
    assert found.state in (CRITICAL, WARNING)


@given(JSON)
def test_any_body_is_an_error_of_some_kind(body: object) -> None:
    assert registry.refusal(answer(500, body), "blob x").detail.startswith("blob x: 500 from the reverse proxy")


def test_a_refused_token_is_no_refused_login() -> None:
    """It was granted: what it may not do says nothing about the account."""
    found = registry.refusal(answer(401, {"errors": [{"code": "UNAUTHORIZED"}]}), "blob x")
    assert (found.kind, found.login) == (STATUS, True)
    assert found.kind is not LOGIN_REFUSED


@given(JSON)
def test_any_detail_is_storage_trouble_or_not(detail: object) -> None:
    assert isinstance(registry.storage_trouble(detail), str)


@given(st.text(), st.text())
def test_any_reset_time(told: str, date: str) -> None:
    assert isinstance(registry.reset(answer(429, Retry_After=told, Date=date)), str)


@pytest.mark.parametrize(
    ("message", "told"),
    [("a: a", "a"), ("project x not found: project x not found", "project x not found"), ("a: b", "a: b"), ("", "")],
)
def test_what_harbor_says_twice_is_shown_once(message: str, told: str) -> None:
    assert registry.error(answer(401, {"errors": [{"code": "X", "message": message}]}))[1] == told


# Manifests


def test_a_manifest_of_harbor() -> None:
    config: dict[str, Any] = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": DIGEST, "size": 299}
    body = {"schemaVersion": 2, "config": config, "layers": [{"digest": DIGEST, "size": 8326}]}
    found = Manifest.of(answer(200, body), "sha256:b")
    named = Descriptor(DIGEST, 299, media_type=config["mediaType"])
    assert found == ("sha256:b", len(json.dumps(body)), False, (), named, (Descriptor(DIGEST, 8326),), 0, "")


@given(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(("config", "layers", "manifests"), JSON)))
def test_any_body_is_a_manifest_or_a_failure(body: object) -> None:
    failure = failure_of(lambda: Manifest.of(answer(200, body), "sha256:b"))
    assert failure is None or failure.stage == CONTENT


@given(JSON, JSON, JSON)
def test_a_descriptor_is_a_digest_and_a_size(digest: object, size: object, platform: object) -> None:
    entry = {"digest": digest, "size": size, "platform": platform}
    try:
        found = Manifest.of(answer(200, {"manifests": [entry]}), "sha256:b").children[0]
    except Failure:
        return
    assert found.digest.startswith("sha256:")
    assert found.size >= 0
