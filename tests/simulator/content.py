"""What this Harbor holds and has done: schedules and their runs, job queues, quotas, retention.

`Simulator.content` can be changed by tests at any time; `reset` makes it anew. Times are seconds since 1970.
"""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass, field

HOUR, DAY = 3600, 86400
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
    """A time as Harbor writes it; None is never."""
    if seconds is None:
        return "0001-01-01T00:00:00.000Z"
    stamp = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"


@dataclass
class Execution:
    """One run of garbage collection, of the audit log's purge or of a retention policy."""

    number: int
    status: str
    started: float
    seconds: float = 13.0
    scheduled: bool = True
    dry_run: bool = False
    freed: int = 0


@dataclass
class Job:
    """What is done on a schedule: its runs in any order, its cron expression ("" is none), since when that stands."""

    runs: list[Execution] = field(default_factory=list)
    cron: str = ""
    since: float = 0.0


@dataclass
class Pool:
    """A jobservice; `heartbeat` is how many seconds ago it last gave a sign of life."""

    name: str = "01c2c38a0d09bddaa9ce7529"
    concurrency: int = 10
    heartbeat: float = 4.0


@dataclass
class Work:
    """A job that a worker is busy with, since so many seconds."""

    name: str
    age: float
    pool: str = "01c2c38a0d09bddaa9ce7529"


@dataclass
class Queue:
    """`latency` is the age of the job that waits longest, in seconds."""

    count: int = 0
    latency: int = 0
    paused: bool = False


@dataclass
class Content:
    """All of it. `quotas` are hard limit and use in bytes by project; `retentions` are by the number of the policy.

    `more_projects` are that many besides the four of projects.PROJECTS, named `team-00001` and so on, each with a quota
    of 1000 bytes of which its number modulo 700 is used. `sorts_quotas`: Harbor 2.9.5 was asked for the most used first
    and gave the newest first; others may obey. `now` is a clock that stands still, None the real one.
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
    more_projects: int = 0
    sorts_quotas: bool = False
    now: float | None = None

    def clock(self) -> float:
        """What time it is for this Harbor."""
        return time.time() if self.now is None else self.now

    def project_names(self) -> list[str]:
        """The projects besides those of projects.PROJECTS."""
        return [f"team-{number:05d}" for number in range(1, self.more_projects + 1)]

    def all_quotas(self) -> list[tuple[str, int, int]]:
        """Project, hard limit and use, the newest first."""
        few = [(name, hard, used) for name, (hard, used) in self.quotas.items()]
        many = [(name, 1000, number % 700) for number, name in enumerate(self.project_names(), 1)]
        return (few + many)[::-1]

    def retention_of(self, project: str) -> int | None:
        """The number of the project's retention policy."""
        return next((number for number, (name, _) in self.retentions.items() if name == project), None)


def daily(hour: int, now: float, first_number: int, **traits: int) -> Job:
    """Something that has succeeded every day at this hour (UTC)."""
    last = now - (now - hour * HOUR) % DAY
    runs = [Execution(first_number + 3 - day, "Success", last - day * DAY, **traits) for day in range(3)]
    return Job(runs, f"0 0 {hour} * * *", now - 30 * DAY)


def lived_in() -> Content:
    """A Harbor where everything is scheduled and has gone well for days."""
    now = time.time()
    return Content(
        gc=daily(0, now, 100, freed=1048576),
        audit_purge=daily(1, now, 200),
        retentions={1: ("priv", daily(4, now, 300))},
    )
