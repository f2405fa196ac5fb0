"""check_harbor_pull against a real registry, line by line."""

from __future__ import annotations

import os

import pytest

from registry.images import DOCKER, OCI, digest_of, image, index
from registry.lab import IMAGE, REPOSITORY, Lab
from support.pulls import NORMAL, phases, size


def test_a_tag_is_pulled_bit_by_bit(lab: Lab) -> None:
    assert lab.screen(lab.pull("-v")) == [
        NORMAL + phases(lab.image),
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


def test_a_stranger_while_the_database_is_down(lab: Lab) -> None:
    lab.add("pub/canary:1.0", lab.image)
    lab.harbor.switch("database-down")
    outcome = lab.pull("--no-login", "--image", "pub/canary:1.0", "--isolate")
    assert outcome.first.endswith(" (see harbor-component-database)")
