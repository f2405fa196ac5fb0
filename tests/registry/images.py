"""Images small enough to be made on the spot: OCI and Docker manifests, and indexes of them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.daemon import PASSWORD, USER

OCI, DOCKER = "application/vnd.oci.image", "application/vnd.docker"
MANIFEST = {OCI: f"{OCI}.manifest.v1+json", DOCKER: f"{DOCKER}.distribution.manifest.v2+json"}
INDEX = {OCI: f"{OCI}.index.v1+json", DOCKER: f"{DOCKER}.distribution.manifest.list.v2+json"}
CONFIG = {OCI: f"{OCI}.config.v1+json", DOCKER: f"{DOCKER}.container.image.v1+json"}
LAYER = {OCI: f"{OCI}.layer.v1.tar+gzip", DOCKER: f"{DOCKER}.image.rootfs.diff.tar.gzip"}


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Image:
    """A manifest or index with all that belongs to it."""

    manifest: bytes
    media_type: str
    platform: str = ""
    blobs: tuple[bytes, ...] = ()
    children: tuple[Image, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def config(self) -> bytes:
        return self.blobs[0]

    @property
    def layers(self) -> tuple[bytes, ...]:
        return self.blobs[1:]


def image(
    *layers: bytes, kind: str = OCI, platform: str = "linux/amd64", more_layers: Sequence[dict[str, Any]] = ()
) -> Image:
    """An image of these layers; `more_layers` are descriptors of content that is not part of it."""
    system, _, architecture = platform.partition("/")
    config = json.dumps({"os": system, "architecture": architecture, "rootfs": {"type": "layers"}}).encode()
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST[kind],
        "config": descriptor(config, CONFIG[kind]),
        "layers": [*(descriptor(layer, LAYER[kind]) for layer in layers), *more_layers],
    }
    return Image(json.dumps(body).encode(), MANIFEST[kind], platform, (config, *layers))


def index(*children: Image, kind: str = OCI, platform: str = "") -> Image:
    """An index of images, or of further indexes, for several platforms; a child may have none."""
    entries = []
    for child in children:
        names = dict(zip(("os", "architecture", "variant"), child.platform.split("/")))
        of = {"platform": names} if child.platform else {}
        entries.append(descriptor(child.manifest, child.media_type, **of))
    body = {"schemaVersion": 2, "mediaType": INDEX[kind], "manifests": entries}
    return Image(json.dumps(body).encode(), INDEX[kind], platform, children=children)


def canary() -> Image:
    """What the tests pull mostly: a configuration and three layers, of a few KiB."""
    return image(os.urandom(3000), os.urandom(20000), os.urandom(500))


def descriptor(content: bytes, media_type: str, **more: object) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def store(port: int, repository: str, image: Image, tag: str = "") -> None:
    """Put an image into a registry, under core's login and past core."""
    for child in image.children:
        store(port, repository, child)
    for blob in image.blobs:
        location = _send(port, "POST", f"/v2/{repository}/blobs/uploads/", b"", 202)
        _send(port, "PUT", f"{location}&digest={digest_of(blob)}", blob, 201)
    reference = tag or image.digest
    _send(port, "PUT", f"/v2/{repository}/manifests/{reference}", image.manifest, 201, image.media_type)


def _send(port: int, method: str, target: str, body: bytes, status: int, media_type: str = "") -> str:
    login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": media_type or "application/octet-stream"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    assert answer.status == status, f"{method} {target}: {answer.status} {text[:300]!r}"
    return answer.headers.get("Location", "")
