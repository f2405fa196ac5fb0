"""Where Harbor runs, and the commands that show more there: docker for its installer, kubectl for its Helm chart.

A next step names a place by a mark: `{logs:core}`. `with_commands` replaces each mark by the command of the platform,
or by both commands if the platform is not known. Names as in goharbor/harbor (docker-compose.yml) and in
goharbor/harbor-helm (templates/_helpers.tpl).
"""

from __future__ import annotations

import argparse
import re
from typing import NamedTuple

from harborlib.text.finding import Finding

FORM = "compose or kubernetes[:NAMESPACE[/RELEASE]]"
NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"

#: The container of each component in Harbor's installer.
CONTAINERS = {
    "core": "harbor-core",
    "database": "harbor-db",
    "jobservice": "harbor-jobservice",
    "portal": "harbor-portal",
    "redis": "redis",
    "registry": "registry",
    "registryctl": "registryctl",
    "trivy": "trivy-adapter",
    "nginx": "nginx",
}
#: The workload of each component in the chart, after the full name of the release, and its container if it has several.
WORKLOADS = {
    "core": "deploy/{}-core",
    "database": "sts/{}-database",
    "jobservice": "deploy/{}-jobservice",
    "portal": "deploy/{}-portal",
    "redis": "sts/{}-redis",
    "registry": "deploy/{}-registry -c registry",
    "registryctl": "deploy/{}-registry -c registryctl",
    "trivy": "sts/{}-trivy",
}
#: Components that the chart can leave to a server outside of it; then there is no such workload.
EXTERNAL = ("database", "redis")
MARK = re.compile(r"\{(logs|look|list|load|ping|space):?(\w*)\}")


class Platform(NamedTuple):
    """`kind` is compose or kubernetes; `release` is the full name that starts the chart's names."""

    kind: str
    namespace: str = ""
    release: str = "harbor"

    def command(self, what: str, component: str) -> str:
        """The command for one mark."""
        return docker(what, component) if self.kind == "compose" else self.kubectl(what, component)

    def kubectl(self, what: str, component: str) -> str:
        """The command for the chart."""
        run = f"kubectl -n {self.namespace}" if self.namespace else "kubectl"
        if what == "list":
            return f"{run} get pods"
        if what == "load":
            return f"{run} top pods"
        if what == "ping":
            return f"{run} exec {WORKLOADS['redis'].format(self.release)} -- redis-cli ping"
        if what == "space":
            return f"{run} exec {WORKLOADS[component].format(self.release)} -- df -h /storage; {run} get pvc"
        if component not in WORKLOADS:
            return "the log of the ingress controller"
        logs = f"{run} logs --tail 50 {WORKLOADS[component].format(self.release)}"
        logs += " (if external: its own log)" if component in EXTERNAL else ""
        return f"{run} get pods; {logs}" if what == "look" else logs


def parse_platform(text: str) -> Platform | None:
    """The value of --platform; empty if it is not known. Raises ArgumentTypeError."""
    if not text:
        return None
    found = re.fullmatch(rf"(compose|kubernetes)(?::({NAME})(?:/({NAME}))?)?", text)
    if not found or (found[1] == "compose" and found[2]):
        raise argparse.ArgumentTypeError(f"not {FORM}: {text[:60]!r}")
    release = found[3] or "harbor"
    full = release if "harbor" in release else f"{release}-harbor"  # as the chart names its objects
    return Platform(found[1], found[2] or "", full[:63])


def with_commands(step: str, platform: Platform | None) -> str:
    """A next step with the commands of this platform."""
    say = platform.command if platform else both
    return MARK.sub(lambda mark: say(mark[1], mark[2]), step)


def localized(finding: Finding, platform: Platform | None) -> Finding:
    """The finding with its next step for this platform."""
    return finding._replace(next_step=with_commands(finding.next_step, platform))


def docker(what: str, component: str) -> str:
    """The command for Harbor's installer."""
    if what in ("list", "load", "ping"):
        return {"list": "docker ps -a", "load": "docker stats", "ping": "docker exec redis redis-cli ping"}[what]
    if what == "space":
        return "df -h /data; mount"
    logs = f"docker logs --tail 50 {CONTAINERS[component]}"
    return f"docker ps -a; {logs}" if what == "look" else logs


def both(what: str, component: str) -> str:
    """Both commands, in short."""
    if what in ("list", "load", "ping"):
        other = {"list": "kubectl get pods", "load": "kubectl top pods", "ping": "the same in the pod of Redis"}[what]
    elif what == "space":
        other = f"kubectl exec {WORKLOADS[component].format('...')} -- df -h /storage; kubectl get pvc"
    elif component in WORKLOADS:
        other = f"kubectl logs {WORKLOADS[component].format('...')}"
    else:
        other = "the log of the ingress controller"
    return f"{docker(what, component)} (or {other})"
