"""The health report of any Harbor."""

from __future__ import annotations

import json

from harborlib.harbor.health import HEALTH, HealthReport
from harborlib.wire.failure import CONTENT, Failure, Kind
from harborlib.wire.request import Answer

import pytest
from hypothesis import given
from hypothesis import strategies as st

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["healthy", "unhealthy"])
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["components", "name", "status", "error"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def report(value: object) -> HealthReport | Kind:
    """The report in an answer, or the stage of the Failure."""
    try:
        return HealthReport.of(Answer(HEALTH, False, 200, {}, json.dumps(value).encode(), 0.1))
    except Failure as failure:
        return failure.stage


def entry(name: str, error: str | None = None) -> dict[str, str]:
    return {"name": name, "status": "unhealthy" if error else "healthy", **({"error": error} if error else {})}


def test_a_report() -> None:
    noise = "failed to check health: Get"
    found = report({"components": [entry("core"), entry("redis", "down"), entry("trivy", noise)]})
    assert isinstance(found, HealthReport)
    assert found.components == {"core": None, "redis": "down", "trivy": "Get"}
    assert found.unhealthy == {"redis": "down", "trivy": "Get"}
    assert not found.just_started


def test_unhealthy_without_a_reason() -> None:
    found = report({"components": [{"name": "redis", "status": "odd"}]})
    assert isinstance(found, HealthReport)
    assert found.unhealthy == {"redis": "no reason given"}


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ('failed to check health: Get "http://r:5000/": dial tcp: lookup r on 127.0.0.11:53: no such host',
         'no such host (Get "http://r:5000/": dial tcp: lookup r on 127.0.0.11:53)'),
        ("failed to connect: dial error (dial tcp 10.0.0.1:5432: connect: connection refused)",
         "connection refused (failed to connect: dial error (dial tcp 10.0.0.1:5432: connect))"),
        ('Get "http://r/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
         'context deadline exceeded (Client.Timeout exceeded while awaiting headers) (Get "http://r/")'),
        ('unexpected status code: 500 {"details":"dial tcp 10.0.0.1:6379: connect: connection refused"}', None),
        ("unknown status", None),
        ("no cause: ", None),
        (": " * 10000, (": " * 10000)[:1000]),
    ],
)  # fmt: skip
def test_the_cause_comes_first(error: str, shown: str | None) -> None:
    found = report({"components": [entry("registry", error)]})
    assert isinstance(found, HealthReport)
    assert found.unhealthy["registry"] == (shown or error)


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
    assert isinstance(found, HealthReport)
    assert found.just_started is started


@given(JSON | st.fixed_dictionaries({"components": st.lists(JSON)}))
def test_any_json_is_a_report_or_a_failure(value: object) -> None:
    found = report(value)
    if isinstance(found, HealthReport):
        assert found.components
        assert all(isinstance(name, str) for name in found.components)
        assert all(error is None or isinstance(error, str) for error in found.components.values())
    else:
        assert found is CONTENT


def test_more_components_than_harbor_has() -> None:
    assert isinstance(report({"components": [entry(str(number)) for number in range(100)]}), HealthReport)
    assert report({"components": [entry(str(number)) for number in range(101)]}) is CONTENT
