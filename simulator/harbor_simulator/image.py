"""The image of the recorded Harbor: its manifest and configuration are known; of its layer only the digest."""

from __future__ import annotations

import hashlib
import json

MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
LAYER_DIGEST = "sha256:deaf6f42f704def1145a7c4552ffd917e08ad152830db886e44b8aea28f9a859"
LAYER_BYTES = 8326


def digest_of(content: bytes) -> str:
    """The digest that a registry uses for these bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def manifest(config: bytes, layers: list[tuple[str, int]]) -> bytes:
    """The manifest of an image with this configuration and these layers, given by digest and size."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": digest_of(config), "size": len(config)},
            "layers": [{"mediaType": LAYER_TYPE, "digest": digest, "size": size} for digest, size in layers],
        }
    ).encode()


def parts(body: bytes) -> tuple[list[str], list[str]]:
    """The digests of the blobs and of the manifests that a manifest or an index lists.

    Raises ValueError, KeyError, TypeError or AttributeError if it is neither.
    """
    content = json.loads(body)
    blobs = [content["config"], *content["layers"]] if "config" in content else []
    return [blob["digest"] for blob in blobs], [child["digest"] for child in content.get("manifests", ())]


CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["/lab/file"]},
        "rootfs": {
            "type": "layers",
            "diff_ids": ["sha256:1c43e4be0b9d77219511af5b62b0db8d504fd1ab392eb876852d6b8b060ced00"],
        },
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "lab"}],
    }
).encode()
MANIFEST = manifest(CONFIG, [(LAYER_DIGEST, LAYER_BYTES)])
DIGEST = digest_of(MANIFEST)
BLOBS = {digest_of(CONFIG): CONFIG}
