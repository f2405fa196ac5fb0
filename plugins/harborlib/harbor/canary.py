"""The image that check_harbor_push writes: a layer that is always the same, and a configuration that nobody has yet."""

from __future__ import annotations

import io
import json
import os
import tarfile
from hashlib import shake_256

from .upload import digest_of

LARGE = 2 * 1024 * 1024  # bytes: more than a forgotten body limit of 1 MiB, and than the last blocks of a disk
IMAGE = "application/vnd.oci.image"
MANIFEST = f"{IMAGE}.manifest.v1+json"


def layer() -> bytes:
    """An archive of one file. Its blob stays: cancelling an upload leaves more behind than writing it again."""
    content = shake_256(b"check_harbor").digest(LARGE)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("check_harbor")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def configuration(of: bytes) -> bytes:
    """The configuration of an image with this layer, new each time: the database and the quota must take it in.

    Harbor reads it, and takes no image whose configuration is not JSON.
    """
    config = {
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(of)]},
        "config": {"Labels": {"check_harbor": os.urandom(400).hex()}},
    }  # fmt: skip
    return json.dumps(config).encode()


def manifest(config: bytes, layer: bytes) -> bytes:
    """The manifest of an image of these two."""
    blobs = {"config": (f"{IMAGE}.config.v1+json", config), "layer": (f"{IMAGE}.layer.v1.tar", layer)}
    entries = {
        name: {"mediaType": kind, "digest": digest_of(content), "size": len(content)}
        for name, (kind, content) in blobs.items()
    }
    return json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": entries["config"], "layers": [entries["layer"]]}
    ).encode()
