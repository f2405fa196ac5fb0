"""The table of switches: what each one breaks, and in which condition that leaves the parts of Harbor.

Core, registry and so on ask `state.part("registry")` and never look at switch names, so failures of different parts compose.
How a failure looks from outside is recorded; HARBOR's components with their ports are those of the recordings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .hostile import DISTORTIONS, Distortion, status

COMPONENTS = ("core", "database", "jobservice", "portal", "redis", "registry", "registryctl", "trivy")
CORE_PATHS = ("/api/", "/v2/", "/service/", "/c/")
WELL = "well"
JUST_STARTED = "unknown status"  # the error of each component before its first check


@dataclass(frozen=True)
class Fault:
    """`part` is in `condition`; /health reports `unhealthy` components with their error texts."""

    part: str
    condition: str
    breaks: str
    unhealthy: Mapping[str, str] = field(default_factory=dict)


def _refused(address: str, path: str = "") -> str:
    return f'failed to check health: Get "http://{address}{path}": dial tcp {address}: connect: connection refused'


def _timed_out(address: str, path: str = "") -> str:
    deadline = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    return f'failed to check health: Get "http://{address}{path}": {deadline}'


REGISTRY, JOBSERVICE, PORTAL = (
    ("127.0.0.1:15000", "/"),
    ("127.0.0.1:18082", "/api/v1/stats"),
    ("127.0.0.1:18085", ""),
)
REGISTRYCTL, TRIVY = ("127.0.0.1:18084", "/api/health"), ("127.0.0.1:18087", "/probe/healthy")
DATABASE_REFUSED = (
    "failed to connect to `host=127.0.0.1 user=postgres database=registry`: "
    "dial error (dial tcp 127.0.0.1:15432: connect: connection refused)"
)
REDIS_REFUSED = "dial tcp 127.0.0.1:16379: connect: connection refused"
JOBSERVICE_WITHOUT_REDIS = (
    'received unexpected status code: 500 {"code":10004,"message":"check stats of server failed with error",'
    f'"details":"{REDIS_REFUSED}"}}'
)

FAULTS = {
    "nginx-down": Fault("nginx", "down", "nothing listens: every connection is refused"),
    "core-down": Fault("core", "down", "nginx answers 502 for all that core serves, the portal lives"),
    "core-frozen": Fault(
        "core", "frozen", "504 after the gateway time-out, /v2/ hangs far longer, the portal lives"
    ),
    "core-just-started": Fault(
        "core",
        "just started",
        "all answers are right, but every component's status but core's is unknown",
        {name: JUST_STARTED for name in COMPONENTS if name != "core"},
    ),
    "core-unavailable": Fault("core", "unavailable", "core answers 503 and HTML on every path"),
    "registry-down": Fault(
        "registry",
        "down",
        "/v2/ with a login is 502 with an empty body; without one it is 401 as ever",
        {"registry": _refused(*REGISTRY)},
    ),
    "registry-frozen": Fault(
        "registry",
        "frozen",
        "/v2/ with a login hangs; without one it is 401 as ever",
        {"registry": _timed_out(*REGISTRY)},
    ),
    "jobservice-down": Fault(
        "jobservice",
        "down",
        "/health tells; nothing else of tier 1 suffers",
        {"jobservice": _refused(*JOBSERVICE)},
    ),
    "jobservice-frozen": Fault(
        "jobservice",
        "frozen",
        "/health tells; nothing else of tier 1 suffers",
        {"jobservice": _timed_out(*JOBSERVICE)},
    ),
    "portal-down": Fault("portal", "down", "nginx answers 502 for /", {"portal": _refused(*PORTAL)}),
    "portal-frozen": Fault(
        "portal", "frozen", "/ hangs until nginx answers 504", {"portal": _timed_out(*PORTAL)}
    ),
    "database-down": Fault(
        "database",
        "down",
        "every login is refused, anonymous lists and /systeminfo are 500",
        {"database": f'failed to run SQL "SELECT 1": {DATABASE_REFUSED}'},
    ),
    "database-frozen": Fault("database", "frozen", "all but / and /ping hangs, /health too"),
    "tables-locked": Fault(
        "database", "locked", "whatever needs a login or a project hangs, /health stays healthy"
    ),
    "redis-down": Fault(
        "redis",
        "down",
        "core answers rightly but takes 600 ms, and jobservice is unhealthy too",
        {"jobservice": JOBSERVICE_WITHOUT_REDIS, "redis": REDIS_REFUSED},
    ),
    "redis-frozen": Fault("redis", "frozen", "/ping takes 24 s, everything else of core hangs"),
    "registryctl-down": Fault(
        "registryctl",
        "down",
        "/health tells; nothing else of tier 1 suffers",
        {"registryctl": _refused(*REGISTRYCTL)},
    ),
    "trivy-down": Fault(
        "trivy", "down", "/health tells; nothing else of tier 1 suffers", {"trivy": _refused(*TRIVY)}
    ),
    "storage-full": Fault("storage", "full", "/health is healthy; uploads are 500 with errno 28"),
    "storage-readonly": Fault("storage", "read-only", "/health is healthy; uploads are 500 with errno 30"),
    "storage-lost": Fault("storage", "lost", "/health is healthy; manifests and blobs are 404"),
    "read-only-mode": Fault("mode", "read-only", "/health is healthy; pushes and all other changes are 403"),
    "stale-health": Fault(
        "health", "stale", "with another switch: /health still repeats its last good result"
    ),
    "cached-configuration": Fault(
        "configuration", "cached", "with database-down: its first minute, /systeminfo still answers"
    ),
    "misrouted-api": Fault(
        "api route", "misrouted", "/api/, /service/ and /c/ answer 200 with the portal's page"
    ),
    "misrouted-v2": Fault("v2 route", "misrouted", "/v2/ answers 200 with the portal's page"),
    "misrouted-portal": Fault("portal route", "misrouted", "/ answers 200 with the page of somebody else"),
    "realm-http": Fault("realm", "http", "the challenge of /v2/ names an http:// realm"),
    "realm-foreign-host": Fault(
        "realm", "foreign host", "the challenge of /v2/ names a realm on another host"
    ),
    "plain-http": Fault("tls", "none", "the port of the https:// URL speaks HTTP"),
    "tls-1.1": Fault("tls", "1.1", "the port speaks TLS 1.1 and nothing newer"),
}


class State:
    """Which parts are broken, made from switch names: those of FAULTS, and those of hostile.py as NAME or NAME@/PREFIX."""

    def __init__(self, *switches: str) -> None:
        self.switches = switches
        self._conditions: dict[str, str] = {}
        self._unhealthy: dict[str, str] = {}
        self.distortions: list[tuple[tuple[str, ...], Distortion]] = []
        for switch in switches:
            name, _, prefix = switch.partition("@")
            fault = FAULTS.get(switch)
            if fault is None:
                self.distortions.append(self._distortion(name, prefix))
            elif fault.part in self._conditions:
                raise ValueError(f"{switch}: the {fault.part} is {self._conditions[fault.part]} already")
            else:
                self._conditions[fault.part] = fault.condition
                for component, error in fault.unhealthy.items():
                    self._unhealthy.setdefault(component, error)

    @staticmethod
    def _distortion(name: str, prefix: str) -> tuple[tuple[str, ...], Distortion]:
        if name in DISTORTIONS:
            return (prefix or "/",), DISTORTIONS[name]
        code = re.fullmatch(r"status-(\d{3})", name)
        if code is None:
            raise ValueError(f"no such switch: {name}")
        return (prefix,) if prefix else CORE_PATHS, status(int(code.group(1)))

    def part(self, name: str) -> str:
        """The condition of a part, "well" unless a switch says otherwise."""
        return self._conditions.get(name, WELL)

    def unhealthy(self) -> dict[str, str]:
        """Component: error, as core's checkers find it at the moment."""
        return {} if self.part("health") == "stale" else self._unhealthy
