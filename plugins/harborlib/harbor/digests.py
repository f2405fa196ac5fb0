"""Digests: the names of content, and the check that received content matches its digest."""

from __future__ import annotations

import hashlib
import re

#: Algorithms that registry clients support, with the number of digits in their digests.
ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
DIGEST = re.compile("|".join(f"{name}:[0-9a-f]{{{digits}}}" for name, digits in ALGORITHMS.items()))
CANONICAL = "sha256"  # the algorithm that a registry itself uses for content names
OF_OCI = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):[a-zA-Z0-9=_-]{1,200}")  # the grammar for all algorithms


class UnknownAlgorithm(ValueError):
    """A digest whose algorithm cannot be computed here; the text names the algorithm."""


def verifiable(digest: object) -> str:
    """A digest that can be verified; raises UnknownAlgorithm, or ValueError for anything that is not a digest."""
    if isinstance(digest, str) and DIGEST.fullmatch(digest):
        return digest
    of_oci = OF_OCI.fullmatch(digest) if isinstance(digest, str) else None
    if of_oci and of_oci[1] not in ALGORITHMS:
        raise UnknownAlgorithm(of_oci[1][:20])
    raise ValueError("not a digest")


def algorithm_of(digest: str) -> str:
    """The algorithm that a digest names; the canonical one if that is unknown."""
    name = digest.partition(":")[0]
    return name if name in ALGORITHMS else CANONICAL


def digest_of(data: bytes, algorithm: str = CANONICAL) -> str:
    """The digest that a registry uses for these bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


class Sink:
    """Receives a blob piece by piece and hashes it; it accepts at most the blob's size plus one piece."""

    def __init__(self, digest: str, size: int) -> None:
        self.size = size
        self.received = 0
        self._algorithm = algorithm_of(digest)
        self._hash = hashlib.new(self._algorithm)

    def __call__(self, piece: bytes) -> bool:
        """Accept a piece; False if there is more data than there should be."""
        self._hash.update(piece)
        self.received += len(piece)
        return self.received <= self.size

    @property
    def digest(self) -> str:
        """The digest of the data received so far."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"
