"""A blob of 2 GiB that takes no room: a sparse file in the registry's storage, and an image that has it as a layer."""

from __future__ import annotations

from registry.images import LAYER, OCI, image
from registry.lab import Lab

SIZE = 2 << 30
DIGEST = "sha256:a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51"  # of so many zeros
NAME = "priv/large:1"


def add(lab: Lab) -> None:
    """Put the image under NAME."""
    repository = NAME.partition(":")[0]
    data = lab.registry.blob(DIGEST)
    link = lab.registry.root / "repositories" / repository / "_layers" / DIGEST.replace(":", "/") / "link"
    for path in (data, link):
        path.parent.mkdir(parents=True)
    with open(data, "wb") as file:
        file.truncate(SIZE)
    link.write_text(DIGEST)
    lab.add(NAME, image(more_layers=[{"mediaType": LAYER[OCI], "digest": DIGEST, "size": SIZE}]))
