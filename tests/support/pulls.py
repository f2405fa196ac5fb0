"""What the tests of check_harbor_pull share: the words for a pull where all is well."""

from __future__ import annotations

from registry.images import Image, digest_of

NORMAL = "HARBOR PULL OK - priv/canary:1.0 pulled: manifest and 4 blobs intact | "


def phases(pulled: Image) -> str:
    """The perfdata of a whole pull."""
    measured = "token=Ts;;;0 manifest=Ts;;;0 blob=Ts;;;0"
    return f"{measured} bytes={size(pulled)}B;;;0 rate=NB;;;0 time=Ts;5;20;0"


def size(pulled: Image) -> int:
    """The bytes of its blobs."""
    return sum(map(len, pulled.blobs))


def short(content: bytes) -> str:
    """The digest as a message shows it."""
    return digest_of(content)[:19]
