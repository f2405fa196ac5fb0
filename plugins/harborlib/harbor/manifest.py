"""What a registry says an image consists of: manifests and indexes of OCI and Docker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harborlib.text import CRITICAL
from harborlib.text.cleaning import redacted
from harborlib.wire.failure import CONTENT, Kind
from harborlib.wire.request import Answer

from .digests import UnknownAlgorithm, confirmed

OCI_INDEX, OCI_MANIFEST = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
#: What clients ask for, and what people call it.
MEDIA_TYPES = {
    OCI_INDEX: "an OCI index",
    OCI_MANIFEST: "an OCI manifest",
    DOCKER_LIST: "a Docker manifest list",
    DOCKER_MANIFEST: "a Docker manifest",
}
INDEXES = (OCI_INDEX, DOCKER_LIST)
LIMIT = 4 * 1024 * 1024  # bytes; what distribution itself accepts

WRONG_TYPE = Kind(
    "pull.wrong-media-type", CONTENT, CRITICAL,
    "delete the artifact in a proxy-cache project, so that it is fetched anew; elsewhere push the image again",
)  # fmt: skip
UNCHECKABLE = Kind("pull.digest-not-checkable", CONTENT, "",
                   "choose another canary image: few clients know this algorithm")  # fmt: skip


class Descriptor(NamedTuple):
    """Where content is and what it must be; size in bytes."""

    digest: str
    size: int
    platform: str = ""
    media_type: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Descriptor:
        """From a manifest's or index's entry; raises what a wrong type or value raises, UnknownAlgorithm among it."""
        platform = entry.get("platform") or {}
        parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
        name = "/".join(str(part) for part in parts if part)
        found = cls(confirmed(entry["digest"]), entry["size"], name, str(entry.get("mediaType") or ""))
        if found.size < 0 or isinstance(found.size, (bool, float)):
            raise ValueError
        return found

    @property
    def is_index(self) -> bool:
        """Whether it is said to be an index."""
        return self.media_type in INDEXES


class Manifest(NamedTuple):
    """A manifest (config and layers) or an index (children) that arrived as its digest says; size in bytes.

    `elsewhere` counts the layers that name other places to get them from (`urls`, the base of Windows images): they
    are not in the registry. `media_type` is what it says of itself, "" where it says nothing.
    """

    digest: str
    size: int
    is_index: bool
    children: tuple[Descriptor, ...]
    config: Descriptor | None
    layers: tuple[Descriptor, ...]
    elsewhere: int = 0
    media_type: str = ""

    @classmethod
    def of(cls, answer: Answer, digest: str) -> Manifest:
        """From the answer that holds it; raises Failure (content)."""
        body = answer.json()
        try:
            is_index, config = "manifests" in body, body.get("config")
            if not config and not is_index:
                raise ValueError
            if is_index and (config or body.get("layers")):
                raise answer.fail(WRONG_TYPE, "the manifest is an index and an image at once: clients refuse it")
            layers = body.get("layers") or ()
            here = [Descriptor.of(layer) for layer in layers if not layer.get("urls")]
            return cls(
                digest,
                len(answer.body),
                is_index,
                tuple(map(Descriptor.of, body.get("manifests") or ())),
                Descriptor.of(config) if config else None,
                tuple({(layer.digest, layer.size): layer for layer in here}.values()),
                len(layers) - len(here),
                str(body.get("mediaType") or ""),
            )
        except UnknownAlgorithm as unknown:
            text = f"the manifest names content by {unknown}, a digest that cannot be checked here"
            raise answer.fail(UNCHECKABLE, text) from None
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise answer.fail(CONTENT, "the manifest is not one of OCI or Docker") from None


def type_problem(answer: Answer, found: Manifest, listed: Descriptor | None) -> str:
    """Why clients refuse a manifest for its types: the header's, its own, and that of the index that lists it; or "".

    docker takes a manifest for what Content-Type says and refuses it where it says something else of itself. What says
    nothing is taken for OCI's.
    """
    header = answer.headers.get("Content-Type", "")
    served = header.partition(";")[0].strip().lower()
    if served not in MEDIA_TYPES:
        return f"is served as {redacted(header)[:60] or 'nothing'}, not as a manifest"
    if found.media_type != served and (found.media_type or served in (DOCKER_LIST, DOCKER_MANIFEST)):
        own = MEDIA_TYPES.get(found.media_type) or redacted(found.media_type)[:60] or "of no type"
        return f"is served as {MEDIA_TYPES[served]}, but is {own}"
    if found.is_index is not (served in INDEXES):
        return f"is served as {MEDIA_TYPES[served]}, but holds {'an index' if found.is_index else 'an image'}"
    if listed and listed.media_type in MEDIA_TYPES and listed.is_index is not found.is_index:
        return f"is listed as {MEDIA_TYPES[listed.media_type]}, but is {MEDIA_TYPES[served]}"
    return ""
