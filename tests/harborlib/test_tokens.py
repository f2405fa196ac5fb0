"""Tokens, whatever they are made of."""

from __future__ import annotations

import base64
import json

from harborlib.harbor.tokens import Claims
from harborlib.wire.failure import CONTENT, Failure

import pytest
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = ("sub", "iss", "aud", "iat", "nbf", "exp", "access")
ACCESS = st.lists(st.fixed_dictionaries({"type": JSON, "name": JSON, "actions": JSON}), max_size=2)


def token(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{middle}.c2ln"


def understood(text: str) -> Claims | None:
    """The claims; None for the one Failure that may come of a token."""
    try:
        return Claims.of(text)
    except Failure as failure:
        told = (failure.stage, failure.detail)
    assert told == (CONTENT, "the token of /service/token is not a JWT with claims")
    return None


def test_a_token_of_harbor() -> None:
    access = [{"type": "repository", "name": "priv/img", "actions": ["push", "delete", "pull"]}]
    claims = {"iss": "harbor-token-issuer", "sub": "admin", "aud": "harbor-registry", "exp": 1795331988}
    found = Claims.of(token({**claims, "nbf": 1795330188, "iat": 1795330188, "access": access}))
    assert found == Claims(
        "admin", "harbor-token-issuer", "harbor-registry", 1795330188.0, 1795330188.0, 1795331988.0,
        {"priv/img": frozenset({"pull", "push", "delete"})},
    )  # fmt: skip
    assert found.missing("priv/img", frozenset({"pull", "scan"})) == ["scan"]
    assert found.missing("priv/other", frozenset({"pull", "push"})) == ["pull", "push"]


@pytest.mark.parametrize("access", [None, [], [{"type": "registry", "name": "catalog", "actions": ["*"]}]])
def test_a_token_that_grants_nothing(access: object) -> None:
    assert Claims.of(token({"access": access})).access == {}
    stranger = Claims.of(token({"access": [{"type": "repository", "name": "priv/img", "actions": None}]}))
    assert stranger.missing("priv/img", frozenset({"pull"})) == ["pull"]
    assert stranger.subject == ""


@given(st.text())
def test_any_text_is_claims_or_a_failure(text: str) -> None:
    understood(text)


@given(st.binary())
def test_any_bytes_in_the_middle_are_claims_or_a_failure(content: bytes) -> None:
    understood(f"e30.{base64.urlsafe_b64encode(content).decode()}.c2ln")


@given(JSON | st.fixed_dictionaries({}, optional={**dict.fromkeys(NAMES, JSON), "access": ACCESS | JSON}))
def test_any_claims_give_times_that_can_be_printed(claims: object) -> None:
    found = understood(token(claims))
    if found:
        assert all(0 <= value < 1e11 for value in (found.issued, found.not_before, found.expires))
        assert isinstance(round(found.expires - found.issued), int)
        assert all(isinstance(actions, frozenset) for actions in found.access.values())


@given(st.fixed_dictionaries({name: st.none() | st.integers() | st.floats() for name in ("iat", "nbf", "exp")}))
def test_any_times_are_between_1970_and_the_end_of_time(claims: dict[str, float]) -> None:
    found = understood(token(claims))
    usual = all(value is None or 0 <= value < 1e11 for value in claims.values())
    assert (found is not None) is usual


def test_claims_nested_too_deeply() -> None:
    deep = base64.urlsafe_b64encode(b'{"a":' * 100_000 + b"1" + b"}" * 100_000).decode()
    assert understood(f"e30.{deep}.c2ln") is None
