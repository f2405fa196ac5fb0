"""The components in Harbor's health report: what each is for, and where to look when it is unhealthy.

A next step names the component that fails, or none: core that answers has no fault of its own.
"""

from __future__ import annotations

import argparse

from harborlib.wire import failure
from harborlib.wire.failure import Failure, Kind
from harborlib.wire.origin import Origin, where

#: The container of each component in Harbor's own installer.
CONTAINERS = {
    "core": "harbor-core",
    "database": "harbor-db",
    "jobservice": "harbor-jobservice",
    "portal": "harbor-portal",
    "redis": "redis",
    "registry": "registry",
    "registryctl": "registryctl",
    "trivy": "trivy-adapter",
}
#: What users lose while a component is down, as seen on real Harbors.
LOSSES = {
    "database": "logins, the API, pushes and pulls fail, of public images too",
    "jobservice": "scans, replication and garbage collection stand still",
    "redis": "pushes fail, jobs stand still, answers are slow",
    "registry": "pull and push fail",
    "registryctl": "garbage collection fails",
    "trivy": "vulnerability scans fail",
}

#: Those with a service of their own, as people call them.
SPOKEN = {
    "database": "PostgreSQL",
    "jobservice": "the job service",
    "redis": "Redis",
    "registry": "the registry",
    "registryctl": "the registry controller",
    "trivy": "Trivy",
}
#: Components that older Harbors report, until 2.2 and 2.8.
FORMER = ("chartmuseum", "clair", "notary")


def names(text: str) -> list[str]:
    """Names of components, separated by commas; raises ArgumentTypeError for one that no Harbor has."""
    found = [name.strip() for name in text.split(",")]
    unknown = [name for name in found if name not in CONTAINERS and name not in FORMER]
    if unknown:
        known = ", ".join(CONTAINERS)
        raise argparse.ArgumentTypeError(f"unknown component {unknown[0][:40]!r} (known: {known})")
    return found


def next_step(component: str) -> str:
    """What to do about an unhealthy component."""
    if component not in CONTAINERS:
        return "look at the component's container or pod, and at its log"
    return f"docker ps -a; docker logs --tail 50 {CONTAINERS[component]} (or the pod and its log)"


#: What to do about a failure on the way, by its kind or else by its stage.
NEXT_STEPS: dict[Kind, str] = {
    failure.RESOLVE: "check the name and the name servers of this monitoring host: getent hosts {host}",
    failure.CONNECT: "check that the Harbor host is up and its proxy (container nginx, or the ingress) listens",
    failure.TLS: "look at the TLS settings of Harbor's proxy or ingress: openssl s_client -connect {where}",
    failure.NO_TLS: "point -H at http://{where} if Harbor speaks plain HTTP there; else look at what listens there",
    failure.PLAIN_TO_TLS: "point -H at https://{where}",
    failure.CERTIFICATE: "run check_harbor_certificate with the same options: it lists what clients refuse, and why",
    failure.ANSWER: "look at the containers nginx and harbor-core: docker ps; docker logs harbor-core",
    failure.BODY: "look at the proxies between here and Harbor, then at docker logs nginx",
    failure.ROUTE: "check the routes of the ingress: /api/, /service/ and /v2/ belong to core, / to the portal",
    failure.CONTENT: "compare with curl; if Harbor is right, report a bug of check_harbor with the output of -vvv",
}
#: Where Harbor calls itself healthy and no login passes.
LOCKED = "look for locks and for free connections in the database: select * from pg_stat_activity"
#: A frozen core and a frozen Redis look alike from outside: the command that tells them apart.
STALLED = "run docker exec redis redis-cli ping: if that hangs, restart Redis, otherwise core"
#: Something hangs, and nobody has looked whether core does.
ASK_HEALTH = "run check_harbor_health with the same options: it tells a stalled core, Redis and database apart"
#: Core answers with an error and keeps the reason to itself.
BEHIND_CORE = "search core's log for the X-Request-Id: the line names what failed behind core"
JOBSERVICE = "/api/v2.0/jobservice/"
#: What core cannot answer without the database.
NEEDS_DATABASE = ("/api/v2.0/systeminfo", "/service/token")
#: For a handshake that does not end: whoever took the connection is stuck.
STUCK = "look at the Harbor host and its proxy, which accepts but does not answer: uptime; docker logs nginx"


def where_to_look(failed: Failure, origin: Origin, core_answers: bool = False, logins_hang: bool = False) -> str:
    """What to do about a failure whose kind does not say.

    `core_answers`: core has just answered something else. `logins_hang`: another login got no answer either.
    """
    stage = failed.stage
    if stage is failure.STATUS or (stage is failure.ANSWER and failed.hung):
        return inside(failed, core_answers or failed.by_core, logins_hang)
    if stage is failure.TLS and failed.hung:
        return STUCK
    step = NEXT_STEPS.get(failed.kind) or NEXT_STEPS[stage]
    return step.format(host=origin.host, where=where(origin.host, origin.port))


def inside(failed: Failure, core_answers: bool, logins_hang: bool) -> str:
    """What to do where nginx answers, or waits for whoever should."""
    served = served_by(failed.path, failed.login)
    if served == "portal":
        return next_step("portal")
    is_page_of_the_proxy = not (failed.hung or failed.by_core) and served != "registry"
    if is_page_of_the_proxy or not core_answers:
        return ASK_HEALTH if failed.hung else next_step("core")
    if failed.path.startswith(JOBSERVICE):
        return next_step("jobservice")  # its log names Redis where that is the reason
    if served == "registry" and (failed.hung or failed.status == 502) and not logins_hang:
        return next_step("registry")
    if failed.hung or failed.path.startswith(NEEDS_DATABASE):
        return LOCKED
    return next_step("core") if failed.status == 503 else BEHIND_CORE


def served_by(path: str, login: bool) -> str:
    """Who answers a request behind Harbor's proxy: core alone answers /v2/ to a client without a login."""
    if path.startswith(("/api/v2.0/health", "/api/v2.0/ping")):
        return "health"
    if path.startswith("/v2/"):
        return "registry" if login else "core"
    return "core" if path.startswith(("/api/", "/service/", "/c/")) else "portal"
