"""The components in Harbor's health report: what each one does, and where to look when it is unhealthy.

A next step names the failing component, or none: if core answers, core is not at fault.
"""

from __future__ import annotations

import argparse

from harborlib.wire import failure
from harborlib.wire.failure import Failure, Kind
from harborlib.wire.origin import Origin, where

from .platform import CONTAINERS

#: What users lose while a component is down, as observed on real Harbors.
LOSSES = {
    "database": "nobody can log in, pull or push images",
    "jobservice": "scans, replication and garbage collection have stopped",
    "redis": "nobody can push images, and all jobs have stopped",
    "registry": "nobody can pull or push images",
    "registryctl": "garbage collection cannot run",
    "trivy": "images are not scanned for vulnerabilities",
}

#: The display names of components that have their own service.
SPOKEN = {
    "database": "Harbor's database (PostgreSQL)",
    "jobservice": "Harbor's job service",
    "redis": "Harbor's Redis",
    "registry": "Harbor's registry",
    "registryctl": "Harbor's registry controller",
    "trivy": "Harbor's scanner (Trivy)",
}
#: The components that a Harbor of today reports.
NAMES = tuple(name for name in CONTAINERS if name != "nginx")
#: Components that only older Harbors report, up to 2.2 and 2.8.
FORMER = ("chartmuseum", "clair", "notary")


def names(text: str) -> list[str]:
    """Component names, separated by commas; raises ArgumentTypeError for a name that no Harbor has."""
    found = [name.strip() for name in text.split(",")]
    unknown = [name for name in found if name not in NAMES and name not in FORMER]
    if unknown:
        known = ", ".join(NAMES)
        raise argparse.ArgumentTypeError(f"unknown component {unknown[0][:40]!r} (known: {known})")
    return found


def next_step(component: str) -> str:
    """The next step for an unhealthy component."""
    if component not in NAMES:
        return "check the component's container or pod, and its log"
    return f"run {{look:{component}}}"


ROUTES = "{routes}: /api/, /service/ and /v2/ belong to core, / to the portal"
#: Without a port, -H means the usual one.
OTHER_PORT = "; if it is another port, pass -H HOST:PORT"
#: The next step for a failed request, by its kind or else by its stage.
NEXT_STEPS: dict[Kind, str] = {
    failure.RESOLVE: "check the name and the name servers of this monitoring host: getent hosts {host}",
    failure.CONNECT: "check that the Harbor host (or load balancer) is up and its reverse proxy listens: {edge}",
    failure.TLS: "check the TLS settings of Harbor's reverse proxy or ingress: openssl s_client -connect {where}",
    failure.NO_TLS: "point -H at http://{where} if Harbor speaks plain HTTP there (credentials need https), "
    "or find out what listens there",
    failure.PLAIN_TO_TLS: "point -H at https://{where}",
    failure.CERTIFICATE: "run check_harbor_certificate with the same options: it lists what clients refuse, and why",
    failure.ANSWER: "run {logs:core}, then {logs:nginx}",
    failure.BODY: "check the proxies between here and Harbor, then run {logs:nginx}",
    failure.ROUTE: f"check -H, then {ROUTES}",
    failure.CONTENT: "fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output",
}
#: Harbor reports itself healthy, but no login succeeds.
LOCKED = "check the database for locks and used-up connections: {activity}"
#: A frozen core and a frozen Redis look alike from outside; this command tells which one it is.
STALLED = "run {ping}; if it hangs, restart Redis, if it answers PONG, restart core"
#: Something hangs, and it is not known yet whether core does.
ASK_HEALTH = "run check_harbor_health with the same options: it shows whether core, Redis or the database is stalled"
#: Core answers with an error and does not give the reason.
BEHIND_CORE = "search core's log for the X-Request-Id, to see what failed behind core: {recent:core}"
JOBSERVICE = "/api/v2.0/jobservice/"
#: Requests that core cannot answer without the database.
NEEDS_DATABASE = ("/api/v2.0/systeminfo", "/service/token")
#: For a handshake that does not finish: the process that accepted the connection is stuck.
STUCK = "check the reverse proxy and its host (connects, does not answer): {edge}"


def where_to_look(failed: Failure, origin: Origin, core_answers: bool = False, logins_fail: bool = False) -> str:
    """The next step for a failure whose kind does not define one.

    `core_answers`: core has just answered another request. `logins_fail`: another login fails as well.
    """
    stage = failed.stage
    if stage is failure.STATUS or (stage is failure.ANSWER and failed.hung):
        return inside(failed, core_answers or failed.by_core, logins_fail)
    if stage is failure.TLS and failed.hung:
        return STUCK
    if stage is failure.ROUTE and core_answers:
        return f"check {ROUTES}"
    step = NEXT_STEPS.get(failed.kind) or NEXT_STEPS[stage]
    if stage is failure.CONNECT and origin.port in (80, 443):
        step += OTHER_PORT
    return step.replace("{host}", origin.host).replace("{where}", where(origin.host, origin.port))


def inside(failed: Failure, core_answers: bool, logins_fail: bool) -> str:
    """The next step if nginx answers, or waits for a component that should."""
    served = served_by(failed.path, failed.login)
    if served == "portal":
        return next_step("portal")
    is_page_of_the_proxy = not (failed.hung or failed.by_core) and served != "registry"
    if is_page_of_the_proxy or not core_answers:
        return ASK_HEALTH if failed.hung else next_step("core")
    if failed.path.startswith(JOBSERVICE):
        return next_step("jobservice")  # its log mentions Redis if that is the reason
    if served == "registry" and (failed.hung or failed.status == 502) and not logins_fail:
        return next_step("registry")
    if failed.hung or failed.path.startswith(NEEDS_DATABASE):
        return LOCKED
    return next_step("core") if failed.status == 503 else BEHIND_CORE


def served_by(path: str, login: bool) -> str:
    """The component that answers a request behind Harbor's proxy: without a login, core alone answers /v2/."""
    if path.startswith(("/api/v2.0/health", "/api/v2.0/ping")):
        return "health"
    if path.startswith("/v2/"):
        return "registry" if login else "core"
    return "core" if path.startswith(("/api/", "/service/", "/c/")) else "portal"
