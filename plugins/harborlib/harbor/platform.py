"""Where Harbor runs, and the commands that show more there: docker for its installer, kubectl for its Helm chart.

A next step names a command by a mark: `{logs:core}`. `with_commands` replaces each mark by the command of the platform,
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
    "nginx": "deploy/{}-nginx",
}
#: For kubectl: what else to know about a component. Core's own probes wait for Redis, so a frozen Redis restarts core.
HINTS = {
    "core": "if it keeps restarting: check Redis and the database",
    "database": "if external: its own log",
    "redis": "if external: its own log",
    "nginx": "or the ingress controller's log",
}
RESTARTED = "if it restarted: --previous"
ACTIVITY = "psql -U postgres registry -c 'select * from pg_stat_activity'"


class Commands(NamedTuple):
    """What a mark stands for: with docker, with kubectl, and what kubectl is called after docker (else the same)."""

    docker: str
    kubectl: str
    also: str = ""


#: By mark. `{container}`, `{workload}` and `{hint}` are the component's, `{kubectl}` includes the namespace.
COMMANDS = {
    "activity": Commands(f"docker exec harbor-db {ACTIVITY}",
                         f"{{kubectl}} exec {{database}} -- {ACTIVITY} (if external: in its own psql)",
                         "the same in the database pod"),
    "apply": Commands("run ./prepare and docker compose up -d", "run helm upgrade", "helm upgrade"),
    "body": Commands("client_max_body_size in nginx", "annotation proxy-body-size of the ingress"),
    "clock": Commands("docker exec harbor-core date -u", "{kubectl} exec {core} -- date -u",
                      "the same in the core pod"),
    "edge": Commands("docker ps -a; docker logs --tail 50 nginx", "{kubectl} get ingress,svc,endpoints"),
    "install": Commands("restart the reverse proxy",
                        "update the ingress's TLS secret (cert-manager: {kubectl} get certificate)",
                        "update the ingress's TLS secret"),
    "list": Commands("docker ps -a", "{kubectl} get pods"),
    "load": Commands("uptime; docker stats --no-stream", "{kubectl} top pods; kubectl top nodes",
                     "{kubectl} top pods"),
    "logs": Commands("docker logs --tail 50 {container}", "{kubectl} logs --tail 50 {workload}{hint}"),
    "look": Commands("docker ps -a; docker logs --tail 50 {container}",
                     "{kubectl} get pods; {kubectl} logs --tail 50 {workload}{hint}",
                     "{kubectl} logs --tail 50 {workload}"),
    "mounts": Commands("df -h /data; mount", "{kubectl} get pvc; {kubectl} exec {registry} -- df -h /storage",
                       "{kubectl} get pvc"),
    "ping": Commands("docker exec redis redis-cli ping",
                     "{kubectl} exec {redis} -- redis-cli ping (if external: redis-cli -h HOST ping)",
                     "the same in the Redis pod"),
    "recent": Commands("docker logs --since 1h {container}", "{kubectl} logs --since 1h {workload}"),
    "routes": Commands("the routes of the reverse proxy", "the routes of the ingress ({kubectl} get ingress -o yaml)",
                       "of the ingress"),
    "usage": Commands("df -h /data", "{kubectl} exec {registry} -- df -h /storage"),
}  # fmt: skip
MARK = re.compile(rf"\{{({'|'.join(COMMANDS)}):?(\w*)\}}")


class Platform(NamedTuple):
    """`kind` is compose or kubernetes; `release` is the full name that starts the chart's names."""

    kind: str
    namespace: str = ""
    release: str = "harbor"

    def command(self, what: str, component: str) -> str:
        """The command for one mark."""
        if self.kind == "compose":
            return docker(what, component)
        return self.kubectl(COMMANDS[what].kubectl, component, f" ({HINTS.get(component, RESTARTED)})")

    def kubectl(self, command: str, component: str, hint: str = "") -> str:
        """A command of COMMANDS for the chart, with this hint."""
        workloads = {name: workload.format(self.release) for name, workload in WORKLOADS.items()}
        run = f"kubectl -n {self.namespace}" if self.namespace else "kubectl"
        return command.format(kubectl=run, workload=workloads.get(component), hint=hint, **workloads)


#: For a Harbor whose platform is not known.
SOME_CHART = Platform("kubernetes", "NAMESPACE", "RELEASE")


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
    return COMMANDS[what].docker.format(container=CONTAINERS.get(component))


def both(what: str, component: str) -> str:
    """Both commands, in short."""
    named = COMMANDS[what]
    if component == "nginx":
        return f"{docker(what, component)} ({HINTS[component]})"
    other = SOME_CHART.kubectl(named.also or named.kubectl, component)
    return f"{docker(what, component)} (or {other})"
