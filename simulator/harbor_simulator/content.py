"""What this Harbor contains and has done: projects, schedules, executions, quotas, retention, replication, scans.

Tests can change `Simulator.content` at any time; `reset` recreates it. Times are seconds since 1970.
"""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass, field, replace

from . import image
from .records import (
    Artifact,
    Execution,
    Job,
    Project,
    Remote,
    Replication,
    Robot,
    ScanAll,
    Scanner,
    Security,
    Storage,
    Webhook,
)

HOUR, DAY = 3600, 86400
VOLUME_BYTES = 268435456
VOLUME_OVERHEAD = 294015  # bytes of a fresh volume that hold no image
QUEUES = (
    "EXECUTION_SWEEP",
    "GARBAGE_COLLECTION",
    "IMAGE_SCAN",
    "P2P_PREHEAT",
    "PURGE_AUDIT_LOG",
    "REPLICATION",
    "RETENTION",
    "SCAN_DATA_EXPORT",
    "SCHEDULER",
    "SLACK",
    "SYSTEM_ARTIFACT_CLEANUP",
    "WEBHOOK",
)


def moment(seconds: float | None) -> str:
    """A time in Harbor's notation; None means never."""
    if seconds is None:
        return "0001-01-01T00:00:00.000Z"
    stamp = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


@dataclass
class Pool:
    """A jobservice; `heartbeat` is the age of its last heartbeat in seconds."""

    name: str = "01c2c38a0d09bddaa9ce7529"
    concurrency: int = 10
    heartbeat: float = 4.0


@dataclass
class Work:
    """A job that a worker has been running for this many seconds."""

    name: str
    age: float
    pool: str = "01c2c38a0d09bddaa9ce7529"


@dataclass
class Queue:
    """`latency` is the age of the job that has waited longest, in seconds."""

    count: int = 0
    latency: int = 0
    paused: bool = False


def projects() -> dict[str, Project]:
    """The projects of the recorded Harbor."""
    return {
        "library": Project(1, public=True),
        "priv": Project(3, repositories={"img": ("1.0", "2.0")}),
        "pub": Project(2, public=True, repositories={"img": ("1.0",)}),
        "tiny": Project(4, repositories={"img": ("1.0",)}),
    }


def images() -> dict[tuple[str, str], Artifact]:
    """The images of those projects, as pushed on the day of the recordings; none is scanned yet."""
    one = "sha256:216e249b24b14a97cfe411c564f6369b4184b2128c88771fb8ff1398f7f52907"
    two = "sha256:b704c7891e6d106abe8663ffcea8a42bff1bd30582334364c71074bdf2c84fac"
    return {
        ("pub/img", "1.0"): Artifact(one, 9044, 1795328293.1),
        ("priv/img", "1.0"): Artifact(one, 9044, 1795328293.4),
        ("priv/img", "2.0"): Artifact(two, 66419, 1795328293.7),
        ("tiny/img", "1.0"): Artifact(one, 9044, 1795328294.0),
    }


def storage() -> Storage:
    """The recorded image under every tag of those projects; its layer is missing."""
    stored = Storage()
    for name, project in projects().items():
        for repository, tags in project.repositories.items():
            for tag in tags:
                stored.store(f"{name}/{repository}", image.MANIFEST, image.MEDIA_TYPE, image.CONFIG)
                stored.tags[f"{name}/{repository}", tag] = image.DIGEST
    return stored


@dataclass
class Content:
    """All content. `quotas` are hard limit and use in bytes by project; `retentions` are by policy number.

    `more_projects` is the number of projects in addition to `projects`, named `team-00001` and so on. Each has a quota
    of 1000 bytes, of which its number modulo 700 is used. `sorts_quotas`: Harbor 2.9.5 was asked for the most used
    first and returned the newest first; other versions may obey. `now` is a fixed clock, None the real one.

    Each of these projects has `more_robots` robot accounts that never expire; `robot_prefix` is the configured prefix
    of new robot accounts. `scan_all` are the last scan and the last scheduled one; `proxies` are numbers of remote
    registries by proxy-cache project, `artifacts` are by repository and tag.
    """

    gc: Job = field(default_factory=Job)
    audit_purge: Job = field(default_factory=Job)
    retentions: dict[int, tuple[str, Job]] = field(default_factory=dict)
    pools: list[Pool] = field(default_factory=lambda: [Pool()])
    work: list[Work] = field(default_factory=list)
    queues: dict[str, Queue] = field(default_factory=lambda: {name: Queue() for name in QUEUES})
    quotas: dict[str, tuple[int, int]] = field(
        default_factory=lambda: {
            "library": (-1, 0),
            "pub": (52428800, 9044),
            "priv": (-1, 75463),
            "tiny": (12000, 9044),
        }
    )
    projects: dict[str, Project] = field(default_factory=projects)
    more_projects: int = 0
    more_robots: int = 0
    sorts_quotas: bool = False
    now: float | None = None
    replications: list[Replication] = field(default_factory=list)
    remotes: list[Remote] = field(default_factory=list)
    proxies: dict[str, int] = field(default_factory=dict)
    scanners: list[Scanner] = field(default_factory=lambda: [Scanner()])
    scan_all: tuple[ScanAll | None, ScanAll | None] = (None, None)
    scan_schedule: Job = field(default_factory=Job)
    security: Security = field(default_factory=Security)
    robots: list[Robot] = field(default_factory=list)
    robot_prefix: str = "robot$"
    webhooks: list[Webhook] = field(default_factory=list)
    artifacts: dict[tuple[str, str], Artifact] = field(default_factory=images)
    storage: Storage = field(default_factory=storage)
    volume_bytes: int = VOLUME_BYTES

    @property
    def free_bytes(self) -> int:
        """What is left of the data volume: it fills with what is pushed."""
        held = sum(map(len, [*self.storage.blobs.values(), *self.storage.uploads.values()]))
        return max(0, self.volume_bytes - VOLUME_OVERHEAD - held)

    def put_image(self, repository: str, tag: str, layer: bytes | None = None) -> None:
        """Put the recorded image into a repository, or one with this layer, which then exists too."""
        manifest, blobs = image.MANIFEST, [image.CONFIG]
        if layer is not None:
            manifest = image.manifest(image.CONFIG, [(image.digest_of(layer), len(layer))])
            blobs.append(layer)
        self.storage.store(repository, manifest, image.MEDIA_TYPE, *blobs)
        self.tag(repository, tag, image.digest_of(manifest))

    def tag(self, repository: str, tag: str, digest: str) -> None:
        """Point a tag at this manifest, which is stored."""
        size = len(self.storage.manifests[repository, digest][1])
        self.storage.tags[repository, tag] = digest
        self.artifacts[repository, tag] = Artifact(digest, size, self.clock())
        self._list_tags(repository)

    def untag(self, repository: str, tag: str) -> None:
        """Remove a tag."""
        del self.storage.tags[repository, tag]
        self.artifacts.pop((repository, tag), None)
        self._list_tags(repository)

    def _list_tags(self, repository: str) -> None:
        """Update the tags of a repository that the project shows."""
        name, _, path = repository.partition("/")
        project = self.projects[name]
        tags = tuple(tag for known, tag in list(self.storage.tags) if known == repository)
        others = {other: known for other, known in project.repositories.items() if other != path}
        self.projects[name] = replace(project, repositories={**others, **({path: tags} if tags else {})})

    def clock(self) -> float:
        """The current time of this Harbor."""
        return time.time() if self.now is None else self.now

    def project_names(self) -> list[str]:
        """The projects in addition to `projects`."""
        return [f"team-{number:05d}" for number in range(1, self.more_projects + 1)]

    def number_of(self, project: str) -> int:
        """The project's number in the database; the number of `team-00001` is 10001."""
        known = self.projects.get(project)
        return known.number if known else 10000 + int(project.rpartition("-")[2])

    def all_quotas(self) -> list[tuple[str, int, int]]:
        """Project, hard limit and use, newest first."""
        few = [(name, hard, used) for name, (hard, used) in self.quotas.items()]
        many = [(name, 1000, number % 700) for number, name in enumerate(self.project_names(), 1)]
        return (few + many)[::-1]

    def retention_of(self, project: str) -> int | None:
        """The number of the project's retention policy."""
        return next((number for number, (name, _) in self.retentions.items() if name == project), None)


def daily(hour: int, now: float, first_number: int, freed: int = 0) -> Job:
    """A job that has succeeded every day at this hour (UTC)."""
    last = now - (now - hour * HOUR) % DAY
    runs = [Execution(first_number + 3 - day, "Success", last - day * DAY, freed=freed) for day in range(3)]
    return Job(runs, f"0 0 {hour} * * *", now - 30 * DAY)


def lived_in() -> Content:
    """A Harbor where everything is scheduled and has succeeded for days."""
    now = time.time()
    content = Content(
        gc=daily(0, now, 100, freed=1048576),
        audit_purge=daily(1, now, 200),
        retentions={1: ("priv", daily(4, now, 300))},
        replications=[Replication(1, "push-pub"), Replication(2, "push-priv", daily(3, now, 400))],
        remotes=[Remote(3, "remote"), Remote(4, "hub", "https://hub.docker.com", "docker-hub")],
        scanners=[Scanner(database=now - 6 * HOUR)],
        scan_all=(ScanAll(success=4, scheduled=True), ScanAll(success=4, scheduled=True)),
        scan_schedule=Job(cron="0 0 2 * * *", since=now - 30 * DAY),
        security=Security(4, 4, {"critical": 4, "high": 8, "medium": 4, "low": 4}, fixable=12),
        robots=[Robot(1, "robot$monitor", now - DAY), Robot(2, "robot$ci", now - DAY, now + 29 * DAY)],
        webhooks=[Webhook(1, "priv", "chat", daily(5, now, 500).runs)],
    )
    for artifact in content.artifacts.values():
        artifact.pushed = now - DAY
        artifact.scan, artifact.found = "Success", {"Critical": 1, "High": 2, "Low": 1, "Medium": 1}
    return content
