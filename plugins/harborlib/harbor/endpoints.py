"""The endpoints of Harbor's REST API that the probes read: the permission for each, and the Harbor that introduced it.

This is the only list of permissions: the robot accounts of the README, the 403 messages and the tests come from it.
The permissions were tested one by one on Harbor 2.9.5, 2.10.3 and 2.14.4.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from harborlib.wire.request import SMALL, VALUES

BASE = "/api/v2.0"
SYSTEM, PROJECT = "system", "project"
EVERY = "2.0"  # every supported Harbor has it


class Limits(NamedTuple):
    """The most that a valid answer of Harbor can have; this bounds its size in memory.

    `size` in bytes, `values` as counted by request.check_bounds, `rows` if Harbor does not split the list into pages.
    """

    size: int = 1024 * 1024
    values: int = VALUES
    rows: int = 100


LITTLE = Limits(SMALL, 1_000)
#: For rows that contain lists: permissions of a robot account, CVEs that a project allows, certificates of a
#: registry, tags of an artifact.
LARGE = Limits(2 * 1024 * 1024, 2 * VALUES)


class Endpoint(NamedTuple):
    """One GET. `path` may contain `{}` for names and numbers.

    `permission` is the one that it needs, as `resource:action`, on the `level` of the system or of a project. Without
    one it also answers anonymous clients, with fewer fields. `robots` is the first Harbor in which a robot account can
    hold that permission, `since` the Harbor that introduced the endpoint.
    """

    path: str
    permission: str = ""
    level: str = SYSTEM
    robots: str = "2.9"
    since: str = EVERY
    limits: Limits = Limits()

    @property
    def open(self) -> bool:
        """Whether it does not refuse wrong credentials, but silently treats the request as anonymous."""
        return not self.permission or self == PROJECTS

    def at(self, *parts: object, **query: Any) -> str:
        """The path and query of a request; a name with a slash is encoded twice, as Harbor requires.

        `q` holds the values to search for, by key. Harbor decodes them once more than the rest of the query. A comma in
        a value causes a 400 however it is encoded. For a key that Harbor does not know, all rows come back: compare
        them.
        """
        path = BASE + self.path.format(*(encoded(str(part)) for part in parts))
        if "q" in query:
            wanted = {key: quote(str(value), safe="", errors="replace") for key, value in query["q"].items()}
            query["q"] = ",".join(f"{key}={value}" for key, value in wanted.items())
        return f"{path}?{urlencode(query, errors='replace')}" if query else path


def encoded(name: str) -> str:
    """A name as a path segment; half a surrogate, which JSON can contain, becomes a question mark."""
    once = quote(name, safe="", errors="replace")
    return quote(once, safe="") if "/" in name else once


SYSTEMINFO = Endpoint("/systeminfo", limits=LITTLE)
CURRENT_USER = Endpoint("/users/current", limits=LITTLE)
VOLUMES = Endpoint("/systeminfo/volumes", "system-volumes:read", limits=LITTLE)
QUOTAS = Endpoint("/quotas", "quota:list")
PROJECTS = Endpoint("/projects", "project:list", limits=LARGE)
POOLS = Endpoint("/jobservice/pools", "jobservice-monitor:list", since="2.7")
WORKERS = POOLS._replace(path="/jobservice/pools/all/workers", limits=LARGE._replace(rows=3_000))
QUEUES = Endpoint("/jobservice/queues", "jobservice-monitor:list", since="2.7")
GC = Endpoint("/system/gc", "garbage-collection:list")
GC_SCHEDULE = Endpoint("/system/gc/schedule", "garbage-collection:read")
AUDIT_PURGE = Endpoint("/system/purgeaudit", "purge-audit:list", since="2.6")
AUDIT_PURGE_SCHEDULE = Endpoint("/system/purgeaudit/schedule", "purge-audit:read", since="2.6")
RETENTION = Endpoint("/retentions/{}", "tag-retention:read", PROJECT)
RETENTION_EXECUTIONS = Endpoint("/retentions/{}/executions", "tag-retention:list", PROJECT)
REPLICATION_POLICIES = Endpoint("/replication/policies", "replication-policy:list", limits=LARGE)
REPLICATION_EXECUTIONS = Endpoint("/replication/executions", "replication:list")
REGISTRIES = Endpoint("/registries", "registry:list", limits=LARGE)
REGISTRY_PING = Endpoint("/registries/ping", "registry:read")
SCAN_ALL_SCHEDULE = Endpoint("/system/scanAll/schedule", "scan-all:read")
SCAN_ALL_METRICS = Endpoint("/scans/all/metrics", "scan-all:read")
SCAN_SCHEDULE_METRICS = Endpoint("/scans/schedule/metrics", "scan-all:read")
SCANNERS = Endpoint("/scanners", "scanner:list")
SCANNER_METADATA = Endpoint("/scanners/{}/metadata", "scanner:read")
SECURITY_SUMMARY = Endpoint("/security/summary", "security-hub:read", since="2.9")
# On 2.9 a robot account can hold this permission too; 2.10 and 2.11 refuse it.
ROBOTS = Endpoint("/robots", "robot:list", robots="2.12", since="2.2", limits=LARGE)
ROBOTS_OF_PROJECT = ROBOTS._replace(level=PROJECT)
WEBHOOK_POLICIES = Endpoint("/projects/{}/webhook/policies", "notification-policy:list", PROJECT, since="2.3")
WEBHOOK_EXECUTIONS = Endpoint(
    "/projects/{}/webhook/policies/{}/executions", "notification-policy:read", PROJECT, since="2.8"
)
ARTIFACT = Endpoint("/projects/{}/repositories/{}/artifacts/{}", "artifact:read", PROJECT, limits=LARGE)
