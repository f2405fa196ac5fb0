"""What core's database knows about the registry in memory, stored in the content of this Harbor."""

from __future__ import annotations

from collections.abc import Collection

from .content import Content


class Ledger:
    """Tags, artifacts and quotas of this content."""

    immutable: Collection[str] = ()

    def __init__(self, content: Content) -> None:
        self._content = content
        self._storage = content.storage

    def holds(self, repository: str) -> bool:
        """Whether the database knows the repository."""
        return any(name == repository for name, _ in list(self._storage.tags))

    def digest(self, repository: str, reference: str) -> str | None:
        """The artifact that a tag or digest refers to."""
        if ":" in reference:
            return reference if (repository, reference) in self._storage.manifests else None
        return self._storage.tags.get((repository, reference))

    def tags(self, repository: str, digest: str) -> set[str] | None:
        """The tags of an artifact; None if there is no such artifact."""
        if self.digest(repository, digest) is None:
            return None
        return {tag for (name, tag), known in list(self._storage.tags.items()) if (name, known) == (repository, digest)}

    def add_artifact(self, repository: str, digest: str, tag: str) -> None:
        """Record an artifact under a tag, which refers to one at a time, or under its own digest without a tag."""
        if tag == digest:
            return
        self._content.tag(repository, tag, digest)

    def remove_artifact(self, repository: str, digest: str) -> None:
        """Remove an artifact and its tags."""
        for tag in self.tags(repository, digest) or ():
            self._content.untag(repository, tag)
        del self._storage.manifests[repository, digest]

    def room(self, project: str, digest: str) -> tuple[int, int] | None:
        """The bytes that count against the project's quota and its limit; None if this blob does not count."""
        limit, used = self._content.quotas.get(project, (-1, 0))
        return None if limit == -1 or (project, digest) in self._storage.counted else (used, limit)

    def add_blob(self, project: str, digest: str, size: int) -> None:
        """Count a blob against the project's quota, once."""
        if project in self._content.quotas and (project, digest) not in self._storage.counted:
            self._storage.counted.add((project, digest))
            limit, used = self._content.quotas[project]
            self._content.quotas[project] = (limit, used + size)
