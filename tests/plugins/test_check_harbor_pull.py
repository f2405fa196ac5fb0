"""check_harbor_pull against a real registry, line by line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harbor_simulator import tokens
from registry.images import DOCKER, MANIFEST, OCI, Image, digest_of, image, index
from registry.lab import IMAGE, REPOSITORY, Lab
from support.screens import MOUNTS

NORMAL = "HARBOR PULL OK - priv/canary:1.0 pulled: manifest and 4 blobs intact | "
PHASES = "token=Ts;;;0 manifest=Ts;;;0 blob=Ts;;;0 bytes={size}B;;;0 rate=NB;;;0 time=Ts;5;20;0"
CORRUPT = "Next: check the disk and file system of the registry's storage, then push the image again"
LOST = f"Next: check that the registry has its old storage: {MOUNTS}; then read the last garbage collection's log"


def size(pulled: Image) -> int:
    return sum(map(len, pulled.blobs))


def short(content: bytes) -> str:
    return digest_of(content)[:19]


def test_a_tag_is_pulled_bit_by_bit(lab: Lab) -> None:
    assert lab.screen(lab.pull("-v")) == [
        NORMAL + PHASES.format(size=size(lab.image)),
        "OK: token T s",
        "OK: manifest T s",
        "OK: blob T s",
        f"OK: bytes {size(lab.image)} B",
        "OK: rate N B",
        "OK: the whole pull took T s",
        "exit code 0",
    ]


def test_a_digest_is_pulled(lab: Lab) -> None:
    outcome = lab.pull("--image", f"{REPOSITORY}@{lab.image.digest}")
    assert outcome.first == f"HARBOR PULL OK - {REPOSITORY}@{lab.image.digest} pulled: manifest and 4 blobs intact"
    assert outcome.code == 0


@pytest.mark.parametrize("kind", [OCI, DOCKER])
def test_of_an_index_the_child_for_the_platform_is_pulled(lab: Lab, kind: str) -> None:
    amd, arm = (image(os.urandom(700), kind=kind, platform=name) for name in ("linux/amd64", "linux/arm64/v8"))
    lab.add("priv/many:1", index(amd, arm, kind=kind))
    asked = {}
    for platform, child in (("linux/amd64", amd), ("linux/arm64/v8", arm), ("linux/arm64", arm)):
        lab.harbor.requests.clear()
        outcome = lab.pull("--image", "priv/many:1", "--image-platform", platform)
        assert outcome.first == "HARBOR PULL OK - priv/many:1 pulled: manifest and 2 blobs intact"
        asked[platform] = [request.path.rpartition("/")[2] for request in lab.harbor.requests][2:]
        assert asked[platform] == ["1", child.digest, digest_of(child.config), digest_of(child.layers[0])]


def test_a_platform_that_an_index_does_not_have_is_named_with_those_it_has(lab: Lab) -> None:
    lab.add("priv/many:1", index(image(b"a" * 99), image(b"b" * 99, platform="windows/amd64")))
    assert lab.screen(lab.pull("--image", "priv/many:1", "--image-platform", "linux/s390x")) == [
        "HARBOR PULL UNKNOWN - priv/many:1 has no image for linux/s390x, only linux/amd64, windows/amd64"
        " | token=Ts;;;0",
        "Next: choose another --image-platform, or another canary image",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("blobs", "chosen", "said"),
    [
        ("none", [], "manifest intact, 4 blobs not read"),
        ("config", [0], "manifest and 1 blob intact, 3 not read"),
        ("smallest", [0, 3], "manifest and 2 blobs intact, 2 not read"),
        ("all", [0, 3, 1, 2], "manifest and 4 blobs intact"),
    ],
)
def test_blobs_are_chosen(lab: Lab, blobs: str, chosen: list[int], said: str) -> None:
    outcome = lab.pull("--blobs", blobs)
    assert outcome.first == f"HARBOR PULL OK - {IMAGE} pulled: {said}"
    asked = [request.path.rpartition("/")[2] for request in lab.harbor.requests if "/blobs/" in request.path]
    assert asked == [digest_of(lab.image.blobs[number]) for number in chosen]


def test_no_more_than_max_bytes_are_read_the_smallest_first(lab: Lab) -> None:
    outcome = lab.pull("--max-bytes", "4kB")
    text = "manifest and 3 blobs intact, 1 skipped (--max-bytes)"
    assert lab.screen(outcome)[0].startswith(f"HARBOR PULL OK - {IMAGE} pulled: {text} | ")
    assert f"bytes={size(lab.image) - len(lab.image.layers[1])}B" in outcome.out


def test_a_layer_that_is_elsewhere_is_not_asked_for(lab: Lab) -> None:
    foreign = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "size": 99}
    foreign.update(digest=digest_of(b"windows"), urls=["https://mcr.example.com/windows"])
    lab.add("priv/windows:1", image(os.urandom(300), kind=DOCKER, more_layers=[foreign]))
    outcome = lab.pull("--image", "priv/windows:1")
    text = "manifest and 2 blobs intact, 1 layer not in the registry"
    assert outcome.first == f"HARBOR PULL OK - priv/windows:1 pulled: {text}"


def test_a_layer_that_occurs_twice_is_read_once(lab: Lab) -> None:
    layer = os.urandom(300)
    lab.add("priv/twice:1", image(layer, layer))
    outcome = lab.pull("--image", "priv/twice:1")
    assert outcome.first == "HARBOR PULL OK - priv/twice:1 pulled: manifest and 2 blobs intact"


def test_what_harbor_does_not_know(lab: Lab) -> None:
    for name, why in (
        (f"{REPOSITORY}:nope", f"artifact {REPOSITORY}:nope not found"),
        ("priv/nope:1.0", "repository priv/nope not found"),
    ):
        assert lab.screen(lab.pull("--image", name)) == [
            f"HARBOR PULL CRITICAL - manifest {name} does not exist ({why}) | token=Ts;;;0",
            "Next: push the canary image again, or correct its name in the options",
            "exit code 2",
        ]


def test_a_project_that_is_not_there_or_not_ours(lab: Lab) -> None:
    for further in ((), ("--isolate",)):
        assert lab.screen(lab.pull("--image", "nowhere/canary:1.0", *further)) == [
            "HARBOR PULL UNKNOWN - robot$canary has no permission to pull in nowhere/canary, or there is no such "
            "project",
            "Next: grant the robot account that permission in the project, or create the project",
            "exit code 3",
        ]


def test_a_stranger_pulls_what_is_public_and_nothing_else(lab: Lab) -> None:
    lab.add("pub/canary:1.0", lab.image)
    outcome = lab.pull("--no-login", "--image", "pub/canary:1.0")
    assert outcome.first == "HARBOR PULL OK - pub/canary:1.0 pulled: manifest and 4 blobs intact"
    assert lab.screen(lab.pull("--no-login")) == [
        "HARBOR PULL CRITICAL - an anonymous client has no permission to pull in priv/canary, or there is no "
        "such project",
        "Next: check that the project exists and is public, or pass --authfile",
        "exit code 2",
    ]


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


def test_a_stranger_while_the_database_is_down(lab: Lab) -> None:
    lab.add("pub/canary:1.0", lab.image)
    lab.harbor.switch("database-down")
    outcome = lab.pull("--no-login", "--image", "pub/canary:1.0", "--isolate")
    assert outcome.first.endswith(" (see harbor-component-database)")


def test_a_blob_that_garbage_collection_took(lab: Lab) -> None:
    lab.registry.blob(digest_of(lab.image.layers[0])).unlink()
    lab.forget()
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - blob {short(lab.image.layers[0])} of {REPOSITORY} is lost: Harbor lists it, "
        "but the registry's storage does not have it | token=Ts;;;0 manifest=Ts;;;0",
        LOST,
        "exit code 2",
    ]


@pytest.mark.parametrize("left", [0, 7000])
def test_a_blob_that_the_registry_believes_to_have(lab: Lab, left: int) -> None:
    layer = lab.image.layers[1]
    path = lab.registry.blob(digest_of(layer))
    lab.pull()
    path.write_bytes(layer[:left]) if left else path.unlink()
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - blob {short(layer)} of {REPOSITORY} is cut off after {left} of 20000 bytes"
        " | token=Ts;;;0 manifest=Ts;;;0",
        f"Next: check the registry's storage: {MOUNTS}, then run docker logs --tail 50 registry "
        "(or kubectl -n NAMESPACE logs --tail 50 deploy/RELEASE-registry -c registry)",
        "exit code 2",
    ]


def test_a_manifest_that_is_gone(lab: Lab) -> None:
    lab.registry.blob(lab.image.digest).unlink()
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - manifest {IMAGE} is lost: Harbor lists it, but the registry's storage does not have it"
        " | token=Ts;;;0",
        LOST,
        "exit code 2",
    ]


def flip(path: Path, position: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_flipped_bit_on_the_disk(lab: Lab) -> None:
    layer = lab.image.layers[1]
    path = lab.registry.blob(digest_of(layer))
    flip(path)
    what = f"blob {short(layer)} of {REPOSITORY} is corrupt: {short(path.read_bytes())} arrived instead of"
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - {what} {short(layer)} | token=Ts;;;0 manifest=Ts;;;0",
        CORRUPT,
        "exit code 2",
    ]


def test_a_blob_cut_short_on_the_disk(lab: Lab) -> None:
    layer = lab.image.layers[1]
    os.truncate(lab.registry.blob(digest_of(layer)), 7000)
    lab.forget()
    what = f"blob {short(layer)} of {REPOSITORY} is corrupt: 7000 bytes arrived instead of 20000 bytes"
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - {what} | token=Ts;;;0 manifest=Ts;;;0",
        CORRUPT,
        "exit code 2",
    ]


def test_a_blob_longer_than_its_descriptor_is_not_read_to_its_end(lab: Lab) -> None:
    layer = lab.image.layers[1]
    with open(lab.registry.blob(digest_of(layer)), "ab") as file:
        file.truncate(50_000_000_000)
    lab.forget()
    what = f"blob {short(layer)} of {REPOSITORY} is corrupt: more than 20000 bytes arrived instead of 20000 bytes"
    assert lab.pull("-t", "20").first == f"HARBOR PULL CRITICAL - {what}"


def test_a_manifest_that_is_not_what_its_digest_says(lab: Lab) -> None:
    other = image(b"other" * 20).manifest
    digest = lab.image.digest
    headers = {"Content-Type": MANIFEST[OCI], "Docker-Content-Digest": digest}
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 200, headers, other)
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL CRITICAL - manifest {IMAGE} is corrupt: {short(other)} arrived instead of {digest[:19]}"
        " | token=Ts;;;0",
        CORRUPT,
        "exit code 2",
    ]


def test_a_proxy_cache_that_leaves_the_digest_empty(lab: Lab) -> None:
    headers = {"Content-Type": MANIFEST[OCI], "Docker-Content-Digest": ""}
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 200, headers, lab.image.manifest)
    note = "no Docker-Content-Digest: the manifest's own digest is not checked"
    assert lab.screen(lab.pull()) == [
        NORMAL.replace(" | ", f", {note} | ") + PHASES.format(size=size(lab.image)),
        "exit code 0",
    ]


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


def test_a_lost_blob_is_found_by_an_answer_larger_than_itself(lab: Lab) -> None:
    tiny = image(b"tiny")
    lab.add("priv/tiny:1", tiny)
    lab.registry.blob(digest_of(b"tiny")).unlink()
    lab.forget()
    assert "is lost: Harbor lists it" in lab.pull("--image", "priv/tiny:1").first


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{}", "the manifest is neither OCI nor Docker"),
        (b"[]", "the manifest is neither OCI nor Docker"),
        (b'{"config":{"digest":"sha256:../../../etc","size":1}}', "the manifest is neither OCI nor Docker"),
        (b'{"config":{"digest":"%s","size":-1}}' % digest_of(b"").encode(), "the manifest is neither OCI nor Docker"),
        (b"<html>", "unexpected answer to GET /v2/priv/canary/manifests/1.0: not JSON"),
    ],
)
def test_a_manifest_that_is_none(lab: Lab, body: bytes, text: str) -> None:
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 200, {"Content-Type": MANIFEST[OCI]}, body)
    assert lab.pull().first == f"HARBOR PULL UNKNOWN - {text}"
