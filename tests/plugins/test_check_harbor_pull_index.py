"""check_harbor_pull and indexes within indexes: the image in there is pulled, or the line says why not."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from registry.images import Image, digest_of, image, index
from registry.lab import Lab

NAME = "priv/nested:1"
PLATFORM = "Next: choose another --image-platform, or another canary image"
NOTE: dict[str, Any] = {"platform": "unknown/unknown"}


def attestation() -> Image:
    return image(b"{}", **NOTE)


def two_platforms(amd: Image) -> Image:
    """An index with an index for each platform, as some pipelines push them."""
    inner = index(amd, attestation(), platform="linux/amd64")
    return index(inner, index(image(b"arm", platform="linux/arm64"), platform="linux/arm64"))


def wrapped(amd: Image) -> Image:
    """One child, an index without a platform, as buildkit pushes an OCI layout."""
    return index(index(amd, attestation()))


def deep(amd: Image) -> Image:
    return index(index(index(index(amd))))


def named_further_out(amd: Image) -> Image:
    """The platform stands in the outer index alone."""
    return index(index(Image(amd.manifest, amd.media_type, "", amd.blobs), platform="linux/amd64"))


SHAPES = pytest.mark.parametrize("shape", [two_platforms, wrapped, deep, named_further_out])


@SHAPES
def test_the_image_is_pulled(lab: Lab, shape) -> None:
    amd = image(os.urandom(700), os.urandom(300))
    lab.add(NAME, shape(amd))
    outcome = lab.pull("--image", NAME)
    assert outcome.first == f"HARBOR PULL OK - {NAME} pulled: manifest and 3 blobs intact"
    asked = {request.path.rpartition("/")[2] for request in lab.harbor.requests if "/blobs/" in request.path}
    assert asked == set(map(digest_of, amd.blobs))


@SHAPES
def test_a_layer_of_it_that_is_lost(lab: Lab, shape) -> None:
    amd = image(os.urandom(700))
    lab.add(NAME, shape(amd))
    lab.registry.blob(digest_of(amd.layers[0])).unlink()
    lab.forget()
    outcome = lab.pull("--image", NAME)
    lost = f"blob {digest_of(amd.layers[0])[:19]} of priv/nested is lost"
    text = f"{lost}: Harbor lists it, but the registry's storage does not have it"
    assert (outcome.first, outcome.code) == (f"HARBOR PULL CRITICAL - {text}", 2)


def test_its_manifest_that_is_lost(lab: Lab) -> None:
    amd = image(os.urandom(700))
    lab.add(NAME, two_platforms(amd))
    lab.registry.blob(amd.digest).unlink()
    outcome = lab.pull("--image", NAME)
    assert outcome.first.startswith(f"HARBOR PULL CRITICAL - manifest priv/nested@{amd.digest[:26]} is lost: ")
    assert outcome.code == 2


@pytest.mark.parametrize(
    ("made", "known"),
    [
        (lambda: index(), "an empty index"),
        (lambda: index(index()), "none"),
        (lambda: index(index(platform="linux/amd64")), "linux/amd64"),
        (lambda: index(index(image(b"a", platform="linux/arm64"), platform="linux/arm64")), "linux/arm64"),
        (lambda: index(index(image(b"a", platform="linux/arm64"))), "none, linux/arm64"),
        (lambda: index(image(b"signature", platform="")), "none"),
    ],
)
def test_no_image_for_the_platform(lab: Lab, made, known: str) -> None:
    lab.add(NAME, made())
    assert lab.screen(lab.pull("--image", NAME)) == [
        f"HARBOR PULL UNKNOWN - {NAME} has no image for linux/amd64, only {known} | token=Ts;;;0",
        PLATFORM,
        "exit code 3",
    ]


def test_indexes_without_end(lab: Lab) -> None:
    found = index(image(b"at the very bottom"))
    for _ in range(12):
        found = index(found)
    lab.add(NAME, found)
    lab.harbor.requests.clear()
    assert lab.screen(lab.pull("--image", NAME)) == [
        f"HARBOR PULL UNKNOWN - {NAME}: no image for linux/amd64 in its first 10 indexes | token=Ts;;;0",
        PLATFORM,
        "exit code 3",
    ]
    assert len([request for request in lab.harbor.requests if "/manifests/" in request.path]) <= 11


def test_an_index_that_is_an_image_too(lab: Lab) -> None:
    both = {**json.loads(index().manifest), "config": json.loads(image(b"a").manifest)["config"]}
    headers = {"Content-Type": both["mediaType"]}
    lab.harbor.answer("/v2/priv/canary/manifests/1.0", 200, headers, json.dumps(both).encode())
    outcome = lab.pull()
    assert outcome.first == "HARBOR PULL CRITICAL - the manifest is both an index and an image: clients refuse it"


def test_nothing_within_max_bytes_is_nothing_pulled(lab: Lab) -> None:
    assert lab.screen(lab.pull("--max-bytes", "10")) == [
        "HARBOR PULL UNKNOWN - priv/canary:1.0: manifest intact, but each of its blobs exceeds --max-bytes"
        " | token=Ts;;;0 manifest=Ts;;;0",
        "Next: raise --max-bytes, or choose a smaller canary image",
        "exit code 3",
    ]
