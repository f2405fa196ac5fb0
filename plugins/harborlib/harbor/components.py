"""The components in Harbor's health report: what each is for, and where to look when it is unhealthy."""

from __future__ import annotations

import argparse

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
