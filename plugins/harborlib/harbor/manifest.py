"""What a registry says an image consists of: manifests and indexes of OCI and Docker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from harborlib.wire.failure import CONTENT
from harborlib.wire.request import Answer

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
LIMIT = 4 * 1024 * 1024  # bytes; what distribution itself accepts
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Descriptor(NamedTuple):
    """Where content is and what it must be; size in bytes."""

    digest: str
    size: int
    platform: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Descriptor:
        """From a manifest's or index's entry; raises what a wrong type or value raises."""
        platform = entry.get("platform") or {}
        parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
        found = cls(entry["digest"], entry["size"], "/".join(str(part) for part in parts if part))
        if not DIGEST.fullmatch(found.digest) or found.size < 0 or isinstance(found.size, (bool, float)):
            raise ValueError
        return found


class Manifest(NamedTuple):
    """A manifest (config and layers) or an index (children) that arrived as its digest says; size in bytes."""

    digest: str
    size: int
    children: tuple[Descriptor, ...]
    config: Descriptor | None
    layers: tuple[Descriptor, ...]

    @classmethod
    def of(cls, answer: Answer, digest: str) -> Manifest:
        """From the answer that holds it; raises Failure (content).

        Layers that name other places to get them from (`urls`, the base of Windows images) are not in the registry.
        """
        body = answer.json()
        try:
            config = body.get("config")
            if not config and "manifests" not in body:
                raise ValueError
            layers = [layer for layer in body.get("layers") or () if not layer.get("urls")]
            return cls(
                digest,
                len(answer.body),
                tuple(map(Descriptor.of, body.get("manifests") or ())),
                Descriptor.of(config) if config else None,
                tuple(dict.fromkeys(map(Descriptor.of, layers))),
            )
        except Exception:  # whatever a wrong type or value raises
            raise answer.fail(CONTENT, "the manifest is not one of OCI or Docker") from None
