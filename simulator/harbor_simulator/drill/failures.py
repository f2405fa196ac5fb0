"""What can be broken in a drill, and which service must page for it.

tests/isolation holds this list to the scenarios that are tested on both engines.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """`switches` and `certificate` are the simulator's, `refused` is the account whose secret no longer fits.

    `owner` is the service that pages, without "harbor-".
    """

    name: str
    title: str
    owner: str
    switches: tuple[str, ...] = ()
    certificate: str = "good"
    refused: str = ""

    @property
    def service(self) -> str:
        """The name of the owner in the engine."""
        return f"harbor-{self.owner}"


def _switch(name: str, title: str, owner: str) -> Failure:
    return Failure(name, title, owner, (name,))


FAILURES = (
    _switch("nginx-down", "host or nginx down", "health"),
    _switch("nginx-frozen", "host or nginx frozen", "health"),
    _switch("host-silent", "firewall drops the packets", "health"),
    _switch("core-down", "core stopped", "health"),
    _switch("core-frozen", "core frozen", "health"),
    _switch("database-down", "PostgreSQL stopped", "component-database"),
    _switch("database-frozen", "PostgreSQL frozen", "health"),
    _switch("database-slow", "a slow database", "api"),
    _switch("tables-locked", "a table locked", "api"),
    _switch("robots-locked", "the table of robots locked", "api"),
    _switch("redis-down", "Redis stopped", "component-redis"),
    _switch("redis-frozen", "Redis frozen", "health"),
    _switch("registry-down", "registry stopped", "component-registry"),
    _switch("registry-frozen", "registry frozen", "component-registry"),
    _switch("jobservice-down", "jobservice stopped", "component-jobservice"),
    _switch("registryctl-down", "registryctl stopped", "component-registryctl"),
    _switch("trivy-down", "Trivy stopped", "component-trivy"),
    _switch("portal-down", "portal stopped", "portal"),
    _switch("portal-frozen", "portal frozen", "portal"),
    _switch("storage-full", "storage full", "storage"),
    Failure("object-storage-full", "object storage full", "push", ("storage-full", "volume-unreported")),
    _switch("storage-readonly", "storage read-only", "push"),
    _switch("storage-lost", "storage lost", "pull"),
    _switch("read-only-mode", "read-only mode", "api"),
    _switch("misrouted-api", "ingress: /api/ goes elsewhere", "health"),
    _switch("misrouted-v2", "ingress: /v2/ goes elsewhere", "v2"),
    _switch("misrouted-portal", "ingress: / goes elsewhere", "portal"),
    _switch("realm-http", "realm on http", "v2"),
    _switch("realm-foreign-host", "realm on another host", "v2"),
    Failure("login-refused", "login refused", "api", refused="monitor"),
    Failure("canary-refused", "canary robot's secret revoked", "login", refused="canary"),
    _switch("oidc-down", "OIDC provider down", "signin"),
    Failure("certificate-expired", "certificate expired", "certificate", certificate="expired"),
    Failure("certificate-wrong-name", "certificate for another name", "certificate", certificate="wrong-name"),
    Failure("certificate-expires-soon", "certificate expires soon", "certificate", certificate="days-left=20"),
)
OWNERS = frozenset(failure.service for failure in FAILURES)


def table() -> str:
    """All failures, one line each: the name, who must page, what it is."""
    return "\n".join(f"{each.name:<25} {each.service:<29} {each.title}" for each in FAILURES)


def chosen(names: str) -> tuple[Failure, ...]:
    """The failures of a comma-separated list, in its order; raises ValueError."""
    known = {failure.name: failure for failure in FAILURES}
    wanted = [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"no such failure: {', '.join(unknown)} (see --list)")
    return tuple(known[name] for name in dict.fromkeys(wanted))
