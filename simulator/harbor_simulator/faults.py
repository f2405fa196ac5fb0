"""The table of switches: what each one breaks, and in which condition that leaves a part of Harbor.

The modules of those parts ask `state.part("registry")` and know no switch names, so failures of different parts
compose. How each looks from outside is recorded; error texts and ports are those of the recordings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .hostile import DISTORTIONS, Distortion, status

COMPONENTS = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy")
CORE_PATHS = ("/api/", "/v2/", "/service/", "/c/")
WELL = "well"


@dataclass(frozen=True)
class Fault:
    """`part` is in `condition`; /health calls the components in `unhealthy` so, with these error texts."""

    part: str
    condition: str
    breaks: str
    unhealthy: Mapping[str, str] = field(default_factory=dict)


def refused(component: str, address: str, path: str = "") -> dict[str, str]:
    """A component with the error of a checker whose connection is refused."""
    cause = f"dial tcp {address}: connect: connection refused"
    return {component: f'failed to check health: Get "http://{address}{path}": {cause}'}


def timed_out(component: str, address: str, path: str = "") -> dict[str, str]:
    """A component with the error of a checker that gets no answer."""
    cause = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return {component: f'failed to check health: Get "http://{address}{path}": {cause}'}


REGISTRY = ("registry", "127.0.0.1:15000", "/")
JOBSERVICE = ("jobservice", "127.0.0.1:18082", "/api/v1/stats")
PORTAL = ("portal", "127.0.0.1:18085")
REGISTRYCTL = ("registryctl", "127.0.0.1:18084", "/api/health")
TRIVY = ("trivy", "127.0.0.1:18087", "/probe/healthy")
DATABASE_REFUSED = (
    "failed to connect to `host=127.0.0.1 user=postgres database=registry`: "
    "dial error (dial tcp 127.0.0.1:15432: connect: connection refused)"
)
REDIS_REFUSED = "dial tcp 127.0.0.1:16379: connect: connection refused"
WITHOUT_REDIS = {
    "jobservice": 'received unexpected status code: 500 {"code":10004,"message":"check stats of server failed'
    f' with error","details":"{REDIS_REFUSED}"}}',
    "redis": REDIS_REFUSED,
}
UNKNOWN = {name: "unknown status" for name in COMPONENTS if name != "core"}
ONLY_HEALTH = "/health tells, nothing else of tier 1 suffers"

FAULTS = {
    "nginx-down": Fault("nginx", "down", "every connection is refused"),
    "nginx-frozen": Fault("nginx", "frozen", "connections are made, but no handshake begins"),
    "host-silent": Fault("nginx", "silent", "attempts to connect get no answer, as behind a firewall"),
    "core-down": Fault("core", "down", "502 of nginx for all that core serves"),
    "core-frozen": Fault("core", "frozen", "504 after the gateway time-out, /v2/ hangs far longer"),
    "core-just-started": Fault("core", "just started", "all is well, but /health does not know it", UNKNOWN),
    "core-unavailable": Fault("core", "unavailable", "503 and HTML for all that core serves"),
    "registry-down": Fault("registry", "down", "/v2/ with a login is 502, empty", refused(*REGISTRY)),
    "registry-frozen": Fault("registry", "frozen", "/v2/ with a login hangs", timed_out(*REGISTRY)),
    "jobservice-down": Fault("jobservice", "down", ONLY_HEALTH, refused(*JOBSERVICE)),
    "jobservice-frozen": Fault("jobservice", "frozen", ONLY_HEALTH, timed_out(*JOBSERVICE)),
    "portal-down": Fault("portal", "down", "502 of nginx for /", refused(*PORTAL)),
    "portal-frozen": Fault("portal", "frozen", "/ hangs, 504 after the gateway time-out", timed_out(*PORTAL)),
    "database-down": Fault(
        "database",
        "down",
        "every login is refused at once, /systeminfo and anonymous lists are 500",
        {"database": f'failed to run SQL "SELECT 1": {DATABASE_REFUSED}'},
    ),
    "cached-configuration": Fault(
        "configuration", "cached", "with database-down, its first minute: /systeminfo answers, less than usual"
    ),
    "database-frozen": Fault("database", "frozen", "all but / and /ping hangs, /health too"),
    "database-slow": Fault("database", "slow", "every statement takes half a second; /health stays healthy"),
    "tables-locked": Fault("database", "locked", "whatever needs a login hangs, /health stays healthy"),
    "robots-locked": Fault("database", "robots locked", "the logins of robots hang, people and /health are well"),
    "database-read-only": Fault("database", "read-only", "completing a blob is 500; /health stays healthy"),
    "redis-down": Fault(
        "redis", "down", "core answers slowly, a blob's PATCH is 500, jobservice is unhealthy", WITHOUT_REDIS
    ),
    "redis-frozen": Fault("redis", "frozen", "all that core serves hangs, only /ping comes, after 24 s"),
    "redis-refuses-writes": Fault("redis", "refuses writes", "a blob's PATCH is 500; /health stays healthy"),
    "registryctl-down": Fault("registryctl", "down", ONLY_HEALTH, refused(*REGISTRYCTL)),
    "remotes-down": Fault("remotes", "down", "a ping of a remote registry is 400; its status stays healthy"),
    "remotes-frozen": Fault("remotes", "frozen", "a ping of a remote registry hangs; its status stays healthy"),
    "trivy-down": Fault("trivy", "down", ONLY_HEALTH, refused(*TRIVY)),
    "storage-full": Fault("storage", "full", "uploads are 500 with errno 28; /health stays healthy"),
    "storage-readonly": Fault("storage", "read-only", "uploads are 500 with errno 30; /health stays healthy"),
    "storage-lost": Fault("storage", "lost", "manifests and blobs are 404; /health stays healthy"),
    "read-only-mode": Fault("mode", "read-only", "every change is 403; /health stays healthy"),
    "workers-dead": Fault("workers", "dead", "the last heartbeat of the only worker pool is five minutes old"),
    "workers-busy": Fault("workers", "busy", "every worker has had a job for thirteen hours"),
    "queue-stuck": Fault("queue", "stuck", "the oldest replication job waits for two hours"),
    "queue-paused": Fault("queue", "paused", "somebody has paused the queue of replication jobs"),
    "scheduler-paused": Fault("scheduler", "paused", "somebody has paused SCHEDULER, so that no schedule fires"),
    "gc-failing": Fault("gc", "failing", "the last garbage collection ended with an error"),
    "gc-forgotten": Fault("gc", "forgotten", "the schedule of garbage collection has not fired for two days"),
    "quota-used-up": Fault("quota", "used up", "a project has used all of its quota"),
    "volume-unreported": Fault("volume", "unreported", "no data volume, as with object storage"),
    "clock-wrong": Fault("clock", "wrong", "Harbor's clock is ten minutes ahead"),
    "stale-health": Fault("health", "stale", "with others: /health repeats its last good result"),
    "misrouted-api": Fault("api route", "misrouted", "/api/, /service/ and /c/ answer 200, the portal's page"),
    "misrouted-v2": Fault("v2 route", "misrouted", "/v2/ answers 200, the portal's page"),
    "misrouted-portal": Fault("portal route", "misrouted", "/ answers 200, the page of somebody else"),
    "misrouted-token": Fault("token route", "misrouted", "/service/ answers 200, the portal's page"),
    "refused-token": Fault("token route", "refused", "/service/ is 403, the page of a WAF in front"),
    "realm-http": Fault("realm", "http", "the challenge of /v2/ names an http:// realm"),
    "realm-foreign-host": Fault("realm", "foreign host", "the challenge of /v2/ names a realm on another host"),
    "plain-http": Fault("tls", "none", "the port of the https:// URL speaks HTTP"),
    "ldap": Fault("people", "ldap", "nothing: people log in by a directory (LDAP)"),
    "ldap-down": Fault("people", "ldap down", "people's logins are refused at once, as by a directory that is down"),
    "ldap-silent": Fault("people", "ldap silent", "people's logins are refused after 5 s: its packets are dropped"),
    "ldap-frozen": Fault("people", "ldap frozen", "people's logins hang, those of robots are well"),
    "oidc": Fault("people", "oidc", "nothing: people log in by a provider (OIDC)"),
    "oidc-down": Fault("people", "oidc down", "/c/oidc/login is 500, as for every trouble with the provider"),
    "oidc-frozen": Fault("people", "oidc frozen", "/c/oidc/login hangs, as with a frozen provider"),
    "tls-1.1": Fault("tls", "1.1", "the port speaks TLS 1.1 and nothing newer"),
}
PARTS = {fault.part for fault in FAULTS.values()}


class State:
    """What is broken at the moment, made from switch names.

    Those are the keys of FAULTS, of hostile.DISTORTIONS, and `status-NNN`. The latter two take a path prefix
    (`status-404@/api/v2.0/projects`); without one distortions hit all paths, and `status-NNN` all of core's.
    """

    def __init__(self, *switches: str) -> None:
        self._conditions: dict[str, str] = {}
        self._unhealthy: dict[str, str] = {}
        self.distortions: list[tuple[tuple[str, ...], Distortion]] = []
        for switch in switches:
            if switch in FAULTS:
                self._break(switch, FAULTS[switch])
            else:
                self.distortions.append(_distortion(switch))

    def _break(self, switch: str, fault: Fault) -> None:
        if fault.part in self._conditions:
            raise ValueError(f"{switch}: {fault.part} is {self._conditions[fault.part]} already")
        self._conditions[fault.part] = fault.condition
        self._unhealthy = {**fault.unhealthy, **self._unhealthy}

    def part(self, name: str) -> str:
        """The condition of a part, WELL unless a switch says otherwise."""
        if name not in PARTS:
            raise KeyError(name)
        return self._conditions.get(name, WELL)

    def unhealthy(self) -> dict[str, str]:
        """The components that /health calls unhealthy, with their errors."""
        return {} if self.part("health") == "stale" else self._unhealthy


def _distortion(switch: str) -> tuple[tuple[str, ...], Distortion]:
    name, _, prefix = switch.partition("@")
    if name in DISTORTIONS:
        return (prefix or "/",), DISTORTIONS[name]
    code = re.fullmatch(r"status-(\d{3})", name)
    if code is None:
        raise ValueError(f"no such switch: {switch}")
    return (prefix,) if prefix else CORE_PATHS, status(int(code[1]))
