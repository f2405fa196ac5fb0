"""check_harbor_pull: what the registry has lost, or has in other bytes than its digest says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry.images import MANIFEST, OCI, digest_of, image
from registry.lab import IMAGE, REPOSITORY, Lab
from support.pulls import NORMAL, phases, short
from support.screens import MOUNTS

CORRUPT = "Next: check the disk and file system of the registry's storage, then push the image again"
LOST = f"Next: check that the registry has its old storage: {MOUNTS}; then read the last garbage collection's log"


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


def test_a_lost_blob_is_found_by_an_answer_larger_than_itself(lab: Lab) -> None:
    tiny = image(b"tiny")
    lab.add("priv/tiny:1", tiny)
    lab.registry.blob(digest_of(b"tiny")).unlink()
    lab.forget()
    assert "is lost: Harbor lists it" in lab.pull("--image", "priv/tiny:1").first


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


def test_a_proxy_cache_that_leaves_the_digest_empty(lab: Lab) -> None:
    headers = {"Content-Type": MANIFEST[OCI], "Docker-Content-Digest": ""}
    lab.harbor.answer(f"/v2/{REPOSITORY}/manifests/1.0", 200, headers, lab.image.manifest)
    note = "no Docker-Content-Digest: the manifest's own digest is not checked"
    assert lab.screen(lab.pull()) == [
        NORMAL.replace(" | ", f", {note} | ") + phases(lab.image),
        "exit code 0",
    ]
