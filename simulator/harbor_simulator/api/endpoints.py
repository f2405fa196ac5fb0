"""The REST API: one table of endpoints, and what they have in common.

To add an endpoint, write a function (world, request, login) -> Response in its own module and a line in ENDPOINTS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable

from harbor_simulator import delivery
from harbor_simulator.accounts import Login
from harbor_simulator.messages import Request, Response, error
from harbor_simulator.world import World

from . import (
    artifacts,
    jobservice,
    projects,
    quotas,
    registries,
    replications,
    retentions,
    robotchanges,
    robots,
    scans,
    system,
    systemjobs,
    users,
    webhooks,
)
from .query import BadQueryError

BASE = "/api/v2.0"
BUFFER = 2048  # bytes; for a longer answer Go does not know the length before it starts


@dataclass(frozen=True)
class Endpoint:
    """`needs` is the permission on the system level (else 401 or 403), `since` the Harbor that introduced it."""

    answer: Callable[[World, Request, Login], Response]
    needs: str | None = None
    since: tuple[int, int] = (2, 0)


# Path under /api/v2.0, where {name} matches one segment, and its answers by method.
ENDPOINTS: dict[str, dict[str, Endpoint]] = {
    "/health": {"GET": Endpoint(system.health)},
    "/systeminfo": {"GET": Endpoint(system.info)},
    "/systeminfo/volumes": {"GET": Endpoint(system.volumes, needs="system-volumes:read")},
    "/users/current": {"GET": Endpoint(users.current)},
    "/projects": {"GET": Endpoint(projects.listing), "POST": Endpoint(projects.create, needs="project:create")},
    "/projects/{name}": {
        "GET": Endpoint(projects.one),
        "DELETE": Endpoint(projects.delete, needs="project:delete"),
    },
    "/quotas": {"GET": Endpoint(quotas.listing, needs="quota:list")},
    "/jobservice/pools": {"GET": Endpoint(jobservice.pools, needs="jobservice-monitor:list", since=(2, 7))},
    "/jobservice/pools/{pool}/workers": {
        "GET": Endpoint(jobservice.workers, needs="jobservice-monitor:list", since=(2, 7))
    },
    "/jobservice/queues": {"GET": Endpoint(jobservice.queues, needs="jobservice-monitor:list", since=(2, 7))},
    "/system/gc": {"GET": Endpoint(systemjobs.runs, needs="garbage-collection:list")},
    "/system/gc/schedule": {"GET": Endpoint(systemjobs.schedule, needs="garbage-collection:read")},
    "/system/purgeaudit": {"GET": Endpoint(systemjobs.runs, needs="purge-audit:list", since=(2, 6))},
    "/system/purgeaudit/schedule": {"GET": Endpoint(systemjobs.schedule, needs="purge-audit:read", since=(2, 6))},
    "/retentions/{id}": {"GET": Endpoint(retentions.policy)},
    "/retentions/{id}/executions": {"GET": Endpoint(retentions.executions)},
    "/replication/policies": {"GET": Endpoint(replications.policies, needs="replication-policy:list")},
    "/replication/executions": {"GET": Endpoint(replications.executions, needs="replication:list")},
    "/registries": {"GET": Endpoint(registries.listing, needs="registry:list")},
    "/registries/ping": {"POST": Endpoint(registries.ping, needs="registry:read")},
    "/scanners": {"GET": Endpoint(scans.scanners, needs="scanner:list")},
    "/scanners/{uuid}/metadata": {"GET": Endpoint(scans.metadata, needs="scanner:read")},
    "/scans/all/metrics": {"GET": Endpoint(scans.metrics, needs="scan-all:read")},
    "/scans/schedule/metrics": {"GET": Endpoint(scans.metrics, needs="scan-all:read")},
    "/system/scanAll/schedule": {"GET": Endpoint(scans.schedule, needs="scan-all:read")},
    "/security/summary": {"GET": Endpoint(scans.security_summary, needs="security-hub:read", since=(2, 9))},
    "/robots": {
        "GET": Endpoint(robots.listing, since=(2, 2)),
        "POST": Endpoint(robotchanges.create, needs="robot:create", since=(2, 2)),
    },
    "/robots/{id}": {
        "GET": Endpoint(robots.one, needs="robot:read", since=(2, 2)),
        "PUT": Endpoint(robotchanges.update, needs="robot:update", since=(2, 2)),
        "PATCH": Endpoint(robotchanges.refresh, needs="robot:update", since=(2, 2)),
        "DELETE": Endpoint(robotchanges.delete, needs="robot:delete", since=(2, 2)),
    },
    "/projects/{project}/webhook/policies": {"GET": Endpoint(webhooks.policies, since=(2, 3))},
    "/projects/{project}/webhook/policies/{id}/executions": {"GET": Endpoint(webhooks.executions, since=(2, 8))},
    "/projects/{project}/repositories/{repository}/artifacts": {"GET": Endpoint(artifacts.listing)},
    "/projects/{project}/repositories/{repository}/artifacts/{reference}": {"GET": Endpoint(artifacts.one)},
}


def answer(world: World, request: Request, login: Login) -> Response:
    """The API's answer to an account that core has identified."""
    if request.path == "/api/version":
        return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, b'{"version":"v2.0"}\n')
    if not request.path.startswith(BASE + "/"):
        return Response(404, {"Content-Type": "text/html; charset=utf-8"}, PAGE_NOT_FOUND)
    found = _methods(request.path[len(BASE) :].rstrip("/"))
    methods = {method: endpoint for method, endpoint in found.items() if world.version >= endpoint.since}
    if not methods:
        return error(404, "NOT_FOUND", f"path {request.path} was not found")
    if request.method not in methods:
        allowed = ",".join(methods)
        return error(405, "METHOD_NOT_ALLOWED", f"method {request.method} is not allowed, but [{allowed}] are")
    endpoint = methods[request.method]
    if endpoint.needs:
        if login.account is None:
            return error(401, "UNAUTHORIZED", "unauthorized")
        if not login.account.may(endpoint.needs):
            return error(403, "FORBIDDEN", str(login.name))
    try:
        response = endpoint.answer(world, request, login)
    except BadQueryError as problem:
        response = error(400, "BAD_REQUEST", str(problem))
    if len(response.body) > BUFFER:
        response.delivery = delivery.chunked
    return response


def _methods(path: str) -> dict[str, Endpoint]:
    for pattern, methods in ENDPOINTS.items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return methods
    return {}


PAGE_NOT_FOUND = b"<!DOCTYPE HTML>\n<html>\n<head><title>404 - Page Not Found</title></head>\n<body></body>\n</html>\n"
