"""check_harbor_pull: what arrives must be what header, manifest, index and digest say that it is."""

from __future__ import annotations

import hashlib
import json

import pytest

from registry.images import DOCKER, INDEX, MANIFEST, OCI, Image, digest_of, image, index
from registry.lab import IMAGE, REPOSITORY, Lab

AGAIN = "Next: push the image again; in a proxy-cache project, delete the artifact so that it is fetched again"
PATH = f"/v2/{REPOSITORY}/manifests/1.0"


def served(lab: Lab, found: Image, media_type: str | None, path: str = PATH, body: bytes = b"") -> None:
    headers = {"Docker-Content-Digest": digest_of(body or found.manifest)}
    lab.harbor.answer(path, 200, {**headers, "Content-Type": media_type or ""}, body or found.manifest)


def without_type(found: Image) -> bytes:
    return json.dumps({key: value for key, value in json.loads(found.manifest).items() if key != "mediaType"}).encode()


@pytest.mark.parametrize(
    ("made", "media_type", "why"),
    [
        (index(image(b"a")), INDEX[DOCKER], "is served as a Docker manifest list, but is an OCI index"),
        (index(image(b"a"), kind=DOCKER), INDEX[OCI], "is served as an OCI index, but is a Docker manifest list"),
        (image(b"a"), MANIFEST[DOCKER], "is served as a Docker manifest, but is an OCI manifest"),
        (image(b"a", kind=DOCKER), MANIFEST[OCI], "is served as an OCI manifest, but is a Docker manifest"),
        (image(b"a"), INDEX[OCI], "is served as an OCI index, but is an OCI manifest"),
        (image(b"a"), "application/octet-stream", "is served as application/octet-stream, not as a manifest"),
        (image(b"a"), "application/json", "is served as application/json, not as a manifest"),
        (image(b"a"), None, "is served as nothing, not as a manifest"),
    ],
)  # fmt: skip
def test_a_media_type_that_clients_refuse(lab: Lab, made: Image, media_type: str | None, why: str) -> None:
    served(lab, made, media_type)
    text = f"manifest {IMAGE} {why}: clients such as docker refuse it"
    lines = lab.screen(lab.pull())
    assert lines[0] == f"HARBOR PULL CRITICAL - {text} | token=Ts;;;0" or f"CRITICAL: {text}" in lines
    assert lines[-2:] == [AGAIN, "exit code 2"]


@pytest.mark.parametrize(
    ("made", "media_type", "why"),
    [
        (image(b"a"), INDEX[OCI], "is served as an OCI index, but holds an image"),
        (index(image(b"a")), MANIFEST[OCI], "is served as an OCI manifest, but holds an index"),
        (index(image(b"a")), INDEX[DOCKER], "is served as a Docker manifest list, but is of no type"),
    ],
)
def test_a_manifest_that_does_not_name_its_type(lab: Lab, made: Image, media_type: str, why: str) -> None:
    served(lab, made, media_type, body=without_type(made))
    assert lab.pull().first == f"HARBOR PULL CRITICAL - manifest {IMAGE} {why}: clients such as docker refuse it"


def test_oci_need_not_name_its_type(lab: Lab) -> None:
    served(lab, lab.image, f"{MANIFEST[OCI]}; charset=utf-8", body=without_type(lab.image))
    assert lab.pull().code == 0


def test_an_index_that_lists_an_image_as_an_index(lab: Lab) -> None:
    child = image(b"a")
    entry = {**json.loads(index(child).manifest)["manifests"][0], "mediaType": INDEX[OCI]}
    outer = json.dumps({"schemaVersion": 2, "mediaType": INDEX[OCI], "manifests": [entry]}).encode()
    served(lab, child, INDEX[OCI], body=outer)
    served(lab, child, MANIFEST[OCI], f"/v2/{REPOSITORY}/manifests/{child.digest}")
    text = f"manifest {REPOSITORY}@{child.digest[:26]} is listed as an OCI index, but is an OCI manifest"
    assert f"{text}: clients such as docker refuse it" in lab.pull().out


def test_an_index_that_lists_another_size(lab: Lab) -> None:
    child = image(b"a")
    entry = {**json.loads(index(child).manifest)["manifests"][0], "size": len(child.manifest) + 1}
    outer = json.dumps({"schemaVersion": 2, "mediaType": INDEX[OCI], "manifests": [entry]}).encode()
    served(lab, child, INDEX[OCI], body=outer)
    served(lab, child, MANIFEST[OCI], f"/v2/{REPOSITORY}/manifests/{child.digest}")
    size = len(child.manifest)
    assert f"is corrupt: {size} bytes arrived instead of {size + 1} bytes" in lab.pull().out


def by(algorithm: str, content: bytes) -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def named_by(lab: Lab, algorithm: str, layer: bytes, digest: str = "") -> None:
    """Serve an image whose one layer is named by a digest of another algorithm."""
    config = b"{}"
    name = digest or by(algorithm, layer)
    body = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST[OCI], "config": {"digest": digest_of(config), "size": len(config)},
        "layers": [{"digest": name, "size": len(layer)}],
    }).encode()  # fmt: skip
    served(lab, lab.image, MANIFEST[OCI], body=body)
    for digest, content in ((digest_of(config), config), (name, layer)):
        lab.harbor.answer(f"/v2/{REPOSITORY}/blobs/{digest}", 200, {}, content)


@pytest.mark.parametrize("algorithm", ["sha512", "sha384"])
def test_a_longer_digest_is_checked(lab: Lab, algorithm: str) -> None:
    named_by(lab, algorithm, b"a layer")
    assert lab.pull().first == f"HARBOR PULL OK - {IMAGE} pulled: manifest and 2 blobs intact"
    named_by(lab, algorithm, b"a lager", by(algorithm, b"a layer"))
    wanted, found = by(algorithm, b"a layer")[:19], by(algorithm, b"a lager")[:19]
    text = f"blob {wanted} of {REPOSITORY} is corrupt: {found} arrived instead of {wanted}"
    assert lab.pull().first == f"HARBOR PULL CRITICAL - {text}"


def test_an_image_by_its_longer_digest(lab: Lab) -> None:
    digest = by("sha512", lab.image.manifest)
    served(lab, lab.image, MANIFEST[OCI], f"/v2/{REPOSITORY}/manifests/{digest}")
    assert lab.pull("--image", f"{REPOSITORY}@{digest}").code == 0
    served(lab, lab.image, MANIFEST[OCI], f"/v2/{REPOSITORY}/manifests/{digest}", body=lab.image.manifest + b" ")
    assert "is corrupt: sha512:" in lab.pull("--image", f"{REPOSITORY}@{digest}").out


def test_a_header_with_a_longer_digest(lab: Lab) -> None:
    for content, code in ((lab.image.manifest, 0), (b"other", 2)):
        headers = {"Content-Type": MANIFEST[OCI], "Docker-Content-Digest": by("sha512", content)}
        lab.harbor.answer(PATH, 200, headers, lab.image.manifest)
        assert lab.pull().code == code


@pytest.mark.parametrize("digest", ["blake3:" + "a" * 64, "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564"])
def test_a_digest_that_cannot_be_checked_is_no_success(lab: Lab, digest: str) -> None:
    named_by(lab, "sha256", b"a layer", digest)
    text = f"the manifest names content by {digest.partition(':')[0]}, a digest that cannot be checked here"
    assert lab.screen(lab.pull()) == [
        f"HARBOR PULL UNKNOWN - {text} | token=Ts;;;0",
        "Next: choose another canary image: few clients know this algorithm",
        "exit code 3",
    ]
