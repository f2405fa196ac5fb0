"""The records that a Harbor keeps: projects, runs of jobs, policies, remote registries, scanners, robots, webhooks.

Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .image import digest_of


@dataclass(frozen=True)
class Project:
    """`repositories` holds the tags by repository name."""

    number: int
    public: bool = False
    repositories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created: float = 1795328292.464


@dataclass
class Execution:
    """One run of whatever is done by jobs; `status` is in the words of jobs, `text` says what was wrong.

    `tasks`: so many, all of them ended, whatever the status says; None: one, in that status.
    """

    number: int
    status: str
    started: float
    seconds: float = 13.0
    scheduled: bool = True
    dry_run: bool = False
    freed: int = 0
    text: str = ""
    tasks: int | None = None


@dataclass
class Job:
    """What is done on a schedule: its runs in any order, its cron expression ("" is none), since when that stands."""

    runs: list[Execution] = field(default_factory=list)
    cron: str = ""
    since: float = 0.0


@dataclass
class Replication:
    """A replication policy between two registries by number, 0 is this Harbor itself; without a cron it is manual.

    `filter` are the repositories that it takes, "" all.
    """

    number: int
    name: str
    job: Job = field(default_factory=Job)
    enabled: bool = True
    source: int = 0
    destination: int = 3
    override: bool = True
    filter: str = "pub/**"


@dataclass
class Remote:
    """A registry that is replicated with or cached; `status` is what Harbor last found, `ping` what it answers now.

    `readable`: its secret can be decrypted; where not, Harbor refuses each page of a list that it stands on.
    """

    number: int
    name: str
    url: str = "http://127.0.0.1:15050"
    kind: str = "docker-registry"
    status: str = "healthy"
    ping: int = 200
    user: str = ""
    readable: bool = True


@dataclass
class Scanner:
    """A registered scanner; `database` is when its database was last updated, None where it does not tell."""

    name: str = "Trivy"
    url: str = "http://127.0.0.1:18087"
    uuid: str = "5a164735-e63c-11f1-b8b1-9af1e4b751b9"
    default: bool = True
    disabled: bool = False
    answers: bool = True
    database: float | None = None


@dataclass
class ScanAll:
    """A scan of all artifacts, by how many there are in each state; `ongoing` is what Harbor says of the whole."""

    success: int = 0
    error: int = 0
    running: int = 0
    pending: int = 0
    stopped: int = 0
    ongoing: bool = False
    scheduled: bool = False


@dataclass
class Security:
    """What the security hub counts: artifacts, those with a report, and vulnerabilities by severity."""

    artifacts: int = 4
    scanned: int = 0
    found: dict[str, int] = field(default_factory=dict)
    fixable: int = 0


class Permission(NamedTuple):
    """Rights as `resource:action`: of kind `system` with namespace `/`, or of kind `project` in one or (`*`) all."""

    kind: str
    namespace: str
    rights: tuple[str, ...]


@dataclass
class Robot:
    """A robot account; `project` 0 is the system. `expires` -1 is never; `updated` None is never since its creation.

    `name` is the whole of it, with the prefix. The `secret` of those that were not made through the API is not known.
    """

    number: int
    name: str
    created: float
    expires: float = -1
    project: int = 0
    disabled: bool = False
    updated: float | None = None
    description: str = ""
    permissions: tuple[Permission, ...] = ()
    secret: str = ""


@dataclass
class Webhook:
    """A webhook policy of a project and its deliveries."""

    number: int
    project: str
    name: str
    runs: list[Execution] = field(default_factory=list)
    enabled: bool = True


@dataclass
class Artifact:
    """What a tag stands for; `scan` is the status of its scan, "" without one, `found` the vulnerabilities.

    `accessories` are types, as `signature.cosign`.
    """

    digest: str
    size: int
    pushed: float
    scan: str = ""
    found: dict[str, int] = field(default_factory=dict)
    accessories: tuple[str, ...] = ()


@dataclass
class Storage:
    """The bytes in the registry.

    Blobs and manifests (with their media type) are known by repository and digest, the digests of images by repository
    and tag, what has arrived of an upload by repository and number.

    `counted` are the blobs that count against a quota, by project and digest.
    """

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    uploads: dict[tuple[str, str], bytes] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)

    def store(self, repository: str, manifest: bytes, media_type: str, *blobs: bytes) -> None:
        """Put a manifest into a repository, and what is there of its configuration and layers."""
        self.manifests[repository, digest_of(manifest)] = (media_type, manifest)
        self.blobs.update({(repository, digest_of(blob)): blob for blob in blobs})
