"""check_harbor_pull: who refuses or fails, from the reverse proxy to the upstream of a proxy cache."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import tokens
from registry.images import digest_of
from registry.lab import IMAGE, REPOSITORY, Lab

RATE_LIMIT = {"errors": [{"code": "TOO_MANY_REQUEST", "message": "too many requests to upstream registry"}]}
POLICY = (
    "current image without vulnerability scanning cannot be pulled due to configured policy in 'Prevent images with "
    'vulnerability severity of "High" or higher from running.\' To continue with pull, please contact your project '
    "administrator for help."
)
DATE = "Sun, 22 Nov 2026 18:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "end"),
    [
        ({}, ""),
        ({"Retry-After": "600", "Date": DATE}, ", resets in 600 s (18:10:00 UTC)"),
        ({"Retry-After": "Sun, 22 Nov 2026 18:30:00 GMT", "Date": DATE}, ", resets in 1800 s (18:30:00 UTC)"),
        ({"RateLimit-Reset": "60", "Date": DATE}, ", resets in 60 s (18:01:00 UTC)"),
        ({"Retry-After": "-5"}, ""),
        ({"Retry-After": "soon"}, ""),
        ({"Retry-After": "9" * 400}, ""),
        ({"Retry-After": "Mon, 99 Nov 9999 99:99:99 GMT"}, ""),
    ],
)
def test_the_rate_limit_of_the_upstream(lab: Lab, headers: dict[str, str], end: str) -> None:
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 429, headers, RATE_LIMIT)
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL WARNING - manifest {IMAGE}: rate limit reached upstream{end} | token=Ts;;;0",
        "Next: add credentials to the proxy cache's registry endpoint, or pull less often",
        "exit code 1",
    ]


IN_FRONT = "from a reverse proxy, WAF or CDN in front of Harbor"
MISROUTED = "/v2/ is routed to the wrong place"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "line"),
    [
        (403, HTML, "<h1>Blocked</h1>", f"CRITICAL - 403 for {{}} {IN_FRONT}"),
        (403, {}, {"message": "Forbidden"}, f"CRITICAL - 403 for {{}} {IN_FRONT}"),
        (401, HTML, "<h1>Login</h1>", f"CRITICAL - 401 for {{}} {IN_FRONT}"),
        (400, {}, "Bad Request", f"CRITICAL - 400 for {{}} {IN_FRONT}"),
        (406, HTML, "", f"CRITICAL - 406 for {{}} {IN_FRONT}"),
        (404, HTML, "<h1>Not here</h1>", f"CRITICAL - {{}}: 404 with a web page: {MISROUTED}"),
        (404, {}, "default backend - 404", f"CRITICAL - {{}}: 404 without an error of the registry: {MISROUTED}"),
        (429, HTML, "<h1>Slow down</h1>", "WARNING - {}: rate limit of the reverse proxy or CDN reached"),
        (429, {"Retry-After": "9", "Date": DATE}, "", "WARNING - {}: rate limit of the reverse proxy or CDN "
                                                      "reached, resets in 9 s (18:00:09 UTC)"),
        (429, {}, {"errors": [{"code": "TOOMANYREQUESTS", "message": "too fast"}]},
         "WARNING - {}: rate limit reached: too fast"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("what", ["manifest", "blob"])
def test_answer_of_a_reverse_proxy(
    lab: Lab, what: str, status: int, headers: dict[str, str], body: Any, line: str
) -> None:
    layer = digest_of(lab.image.layers[0])
    path, name = {
        "manifest": ("manifests/1.0", f"manifest {IMAGE}"),
        "blob": (f"blobs/{layer}", f"blob {layer[:19]} of {REPOSITORY}"),
    }[what]
    lab.harbor.answer(f"/v2/{REPOSITORY}/{path}", status, headers, body)
    outcome = lab.pull("--blobs", "all", "-v")
    state, _, text = line.format(name).partition(" - ")
    assert outcome.first.startswith(f"HARBOR PULL {state} - "), outcome.out
    assert f"{state}: {text}" in outcome.out


@pytest.mark.parametrize("isolate", [False, True])
def test_a_token_service_that_loses_the_credentials(lab: Lab, isolate: bool) -> None:
    anonymous: dict[str, object] = {"iss": tokens.ISSUER, "aud": tokens.SERVICE, "access": []}
    lab.harbor.answer("/service/token", 200, {}, {"token": tokens.sign(anonymous)})
    text = "login refused: the token service treats it as anonymous, although Harbor's API accepts the credentials"
    if isolate:
        assert lab.pull("--isolate").first.endswith(" (see harbor-login)")
    else:
        assert lab.screen(lab.pull()) == [
            f"HARBOR PULL CRITICAL - {text}",
            "Next: configure the reverse proxies to pass the Authorization header to /service/token, then compare the "
            "core replicas",
            "exit code 2",
        ]


@pytest.mark.parametrize("switch", ["refused-token", "misrouted-token"])
def test_token_service_in_the_way_is_logins(lab: Lab, switch: str) -> None:
    lab.harbor.switch(switch)
    assert lab.pull().first.startswith("HARBOR PULL CRITICAL - ")
    first = lab.pull("--isolate").first
    assert first.startswith("HARBOR PULL UNKNOWN - ")
    assert "(see harbor-login)" in first


def test_a_policy_of_the_project(lab: Lab) -> None:
    body = {"errors": [{"code": "PROJECTPOLICYVIOLATION", "message": POLICY}]}
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 412, {}, body)
    text = f"manifest {IMAGE}: refused by a policy of its project: {POLICY}"
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL WARNING - {text[:116]}... | token=Ts;;;0",
        f"WARNING: {text}",
        "Next: have the image scanned and signed as its project requires, or use another canary image",
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("status", "headers", "who"),
    [
        (502, {}, "the reverse proxy"),
        (502, {"X-Request-Id": "1-2"}, "the registry"),
        (504, {}, "the reverse proxy"),
        (500, {"X-Request-Id": "1-2"}, "core"),
        (503, {"X-Request-Id": "1-2", "Docker-Distribution-Api-Version": "registry/2.0"}, "the registry"),
    ],
)
def test_the_hop_that_fails(lab: Lab, status: int, headers: dict[str, str], who: str) -> None:
    number = " (X-Request-Id 1-2)" if headers else ""
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", status, headers)
    assert lab.pull().first == f"HARBOR PULL CRITICAL - manifest {IMAGE}: {status} from {who}{number}"
