"""Harbor's records: projects, executions of jobs, policies, remote registries, scanners, robots, webhooks.

Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .image import digest_of


@dataclass(frozen=True)
class Project:
    """`repositories` maps repository names to their tags. Not `readable`: Harbor refuses each list that holds it."""

    number: int
    public: bool = False
    repositories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    created: float = 1795328292.464
    readable: bool = True


@dataclass
class Execution:
    """One execution of anything that jobs do; `status` uses the names of job states, `text` says what was wrong.

    `tasks`: the number of tasks, all of them ended, whatever the status says; None: one task, in that status.
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
    """A scheduled job: its executions in any order, its cron expression ("" is none), and since when that is set."""

    runs: list[Execution] = field(default_factory=list)
    cron: str = ""
    since: float = 0.0


@dataclass
class Replication:
    """A replication policy between two registries by number, 0 is this Harbor itself; without a cron it is manual.

    `filter` selects the repositories; "" selects all.
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
    """A registry used for replication or as a proxy cache; `status` is Harbor's last result, `ping` its current answer.

    `readable`: its secret can be decrypted; if not, Harbor refuses each page of a list that contains it.
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
    """A registered scanner; `database` is the time of its last database update, None if it does not report that."""

    name: str = "Trivy"
    url: str = "http://127.0.0.1:18087"
    uuid: str = "5a164735-e63c-11f1-b8b1-9af1e4b751b9"
    default: bool = True
    disabled: bool = False
    answers: bool = True
    database: float | None = None


@dataclass
class ScanAll:
    """A scan of all artifacts, by their number in each state; `ongoing` is Harbor's statement about the whole scan."""

    success: int = 0
    error: int = 0
    running: int = 0
    pending: int = 0
    stopped: int = 0
    ongoing: bool = False
    scheduled: bool = False


@dataclass
class Security:
    """The counts of the security hub: artifacts, those with a report, and vulnerabilities by severity."""

    artifacts: int = 4
    scanned: int = 0
    found: dict[str, int] = field(default_factory=dict)
    fixable: int = 0


class Permission(NamedTuple):
    """Permissions as `resource:action`: kind `system` with namespace `/`, or kind `project` in one or all (`*`)."""

    kind: str
    namespace: str
    access: tuple[str, ...]


@dataclass
class Robot:
    """A robot account; `project` 0 is the system. `expires` -1 is never; `updated` None is not since its creation.

    `name` is the full name, with the prefix. `secret` is unknown unless the account was created through the API.
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
    """The artifact of a tag; `scan` is the status of its scan, "" without one, `found` the vulnerabilities.

    `accessories` are types, such as `signature.cosign`.
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

    Blobs and manifests (with their media type) are stored by repository and digest, the digests of images by repository
    and tag, the received bytes of an upload by repository and number.

    `counted` are the blobs that count against a quota, by project and digest.
    """

    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    uploads: dict[tuple[str, str], bytes] = field(default_factory=dict)
    counted: set[tuple[str, str]] = field(default_factory=set)

    def store(self, repository: str, manifest: bytes, media_type: str, *blobs: bytes) -> None:
        """Put a manifest into a repository, with the parts of its configuration and layers that exist."""
        self.manifests[repository, digest_of(manifest)] = (media_type, manifest)
        self.blobs.update({(repository, digest_of(blob)): blob for blob in blobs})
