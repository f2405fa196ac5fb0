"""What an image consists of according to a registry: manifests and indexes of OCI and Docker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harborlib.text import CRITICAL
from harborlib.text.cleaning import redacted
from harborlib.wire.failure import CONTENT, Kind
from harborlib.wire.request import Answer

from .digests import UnknownAlgorithm, verifiable

OCI_INDEX, OCI_MANIFEST = "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
#: The media types that clients accept, with the common name of each.
MEDIA_TYPES = {
    OCI_INDEX: "an OCI index",
    OCI_MANIFEST: "an OCI manifest",
    DOCKER_LIST: "a Docker manifest list",
    DOCKER_MANIFEST: "a Docker manifest",
}
INDEXES = (OCI_INDEX, DOCKER_LIST)
LIMIT = 4 * 1024 * 1024  # bytes; the limit of distribution itself

WRONG_TYPE = Kind(
    "pull.wrong-media-type", CONTENT, CRITICAL,
    "push the image again; in a proxy-cache project, delete the artifact so that it is fetched again",
)  # fmt: skip
UNCHECKABLE = Kind("pull.digest-not-checkable", CONTENT, "",
                   "choose another canary image: few clients know this algorithm")  # fmt: skip


class Descriptor(NamedTuple):
    """The location and the expected properties of content; size in bytes."""

    digest: str
    size: int
    platform: str = ""
    media_type: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Descriptor:
        """From an entry of a manifest or index; raises UnknownAlgorithm, and whatever a wrong type or value raises."""
        platform = entry.get("platform") or {}
        parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
        name = "/".join(str(part) for part in parts if part)
        found = cls(verifiable(entry["digest"]), entry["size"], name, str(entry.get("mediaType") or ""))
        if found.size < 0 or isinstance(found.size, (bool, float)):
            raise ValueError
        return found

    @property
    def is_index(self) -> bool:
        """Whether it is declared to be an index."""
        return self.media_type in INDEXES


class Manifest(NamedTuple):
    """A manifest (config and layers) or an index (children) that matches its digest; size in bytes.

    `elsewhere` counts the layers that name other locations (`urls`, the base of Windows images): they are not in the
    registry. `media_type` is what the manifest declares about itself, "" if it declares nothing.
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
        """From the answer that contains it; raises Failure (content)."""
        body = answer.json()
        try:
            is_index, config = "manifests" in body, body.get("config")
            if not config and not is_index:
                raise ValueError
            if is_index and (config or body.get("layers")):
                raise answer.fail(WRONG_TYPE, "the manifest is both an index and an image: clients refuse it")
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
            raise answer.fail(CONTENT, "the manifest is neither OCI nor Docker") from None


def type_problem(answer: Answer, found: Manifest, listed: Descriptor | None) -> str:
    """Why clients refuse a manifest because of its types: the header's, its own, and the index's; or "".

    docker uses the type in Content-Type, and refuses a manifest that declares another type about itself. One that
    declares no type is treated as OCI.
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
