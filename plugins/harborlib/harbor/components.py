"""The components in Harbor's health report: what each is for, and where to look when it is unhealthy."""

from __future__ import annotations

import argparse

from harborlib.wire import failure
from harborlib.wire.failure import Failure, Kind
from harborlib.wire.origin import Origin, where

#: Component: (what its failure means for users, container of Harbor's own installer).
CONTAINERS = {
    "core": ("everything but the web UI's page fails", "harbor-core"),
    "database": ("logins, the API and pulls of private images fail", "harbor-db"),
    "jobservice": ("scans, replication and garbage collection stand still", "harbor-jobservice"),
    "portal": ("the web UI is gone", "harbor-portal"),
    "redis": ("jobs stand still, answers are slow", "redis"),
    "registry": ("pull and push fail", "registry"),
    "registryctl": ("garbage collection fails", "registryctl"),
    "trivy": ("vulnerability scans fail", "trivy-adapter"),
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
    """What to do about an unhealthy component, and what its users lose meanwhile."""
    if component not in CONTAINERS:
        return "look at the component's container or pod, and at its log"
    loss, container = CONTAINERS[component]
    return f"docker ps -a; docker logs --tail 50 {container} (or the pod and its log); meanwhile {loss}"


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
#: For a handshake that does not end: whoever took the connection is stuck.
STUCK = "look at the Harbor host and its proxy, which accepts but does not answer: uptime; docker logs nginx"


def where_to_look(failed: Failure, origin: Origin) -> str:
    """What to do about a failure whose kind does not say."""
    stage = failed.stage
    if stage is failure.STATUS or (stage is failure.ANSWER and failed.hung):
        answering = served_by(failed.path, failed.login)
        return next_step(answering if answering in CONTAINERS else "core")
    if stage is failure.TLS and failed.hung:
        return STUCK
    step = NEXT_STEPS.get(failed.kind) or NEXT_STEPS[stage]
    return step.format(host=origin.host, where=where(origin.host, origin.port))


def served_by(path: str, login: bool) -> str:
    """Who answers a request behind Harbor's proxy: core alone answers /v2/ to a client without a login."""
    if path.startswith(("/api/v2.0/health", "/api/v2.0/ping")):
        return "health"
    if path.startswith("/v2/"):
        return "registry" if login else "core"
    return "core" if path.startswith(("/api/", "/service/", "/c/")) else "portal"
