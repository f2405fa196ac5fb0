"""What goes wrong, who pages, and what the other services say meanwhile: the table that `make docs` renders.

The services are those of a host that schedules the probes of the stack and api with `--isolate`. Whoever is not named
in a scenario says OK.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harborlib.harbor.platform import CONTAINERS

from harbor_simulator.faults import FAULTS

COMPONENTS = ("database", "redis", "registry", "jobservice", "registryctl", "trivy")
#: As columns of the table; `check_harbor_component` once for each component.
SERVICES = ("health", *COMPONENTS, "portal", "certificate", "api", "v2")
#: Whatever core answers, or reads from core's report.
LOGINS = ("api", "v2")
CORE = (*COMPONENTS, *LOGINS)
ALL_BUT_HEALTH = (*COMPONENTS, "portal", "certificate", *LOGINS)

FROZEN = 3


@dataclass(frozen=True)
class Scenario:
    """One row: `switches`, `certificate` and `login` tell the simulator what to break, `host` replaces its name.

    `critical` and `warning` are the services that page, `elsewhere` the probes that page but are none of SERVICES.
    `see` names for each owner who is UNKNOWN and points to it. `waits` names services that are CRITICAL too, but that
    the engine keeps silent as long as the one that pages is.

    `seconds`: how long services wait, little where something never answers.
    """

    title: str
    switches: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    warning: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    see: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    waits: tuple[str, ...] = ()
    certificate: str = "good"
    login: bool = True
    host: str = ""
    seconds: float = 10

    def said(self, service: str) -> str:
        """What this service says: `OK`, `CRITICAL`, `WARNING` or the owner to which it points."""
        for state, services in (("CRITICAL", (*self.critical, *self.waits)), ("WARNING", self.warning)):
            if service in services:
                return state
        return next((owner for owner, services in self.see.items() if service in services), "OK")

    @property
    def broken(self) -> set[str]:
        """The containers that are not well: nobody is to be sent to another one."""
        faults = [FAULTS[switch] for switch in self.switches]
        parts = {part for fault in faults for part in (fault.part, *fault.unhealthy)}
        return {"registry" if part == "storage" else CONTAINERS.get(part, part) for part in parts}


NOWHERE = "harbor..test"  # the resolver refuses it without asking a name server

STEADY = (
    Scenario("all is well"),
    Scenario("the name has no address", host=NOWHERE, critical=("health",), see={"health": ALL_BUT_HEALTH}),
    Scenario("host or nginx down", ("nginx-down",), ("health",), see={"health": ALL_BUT_HEALTH}),
    Scenario("host or nginx frozen", ("nginx-frozen",), ("health",), see={"health": ALL_BUT_HEALTH}, seconds=FROZEN),
    Scenario(
        "firewall drops the packets", ("host-silent",), ("health",), see={"health": ALL_BUT_HEALTH}, seconds=FROZEN
    ),
    Scenario("plain HTTP on the port", ("plain-http",), ("health",), see={"health": ALL_BUT_HEALTH}, seconds=FROZEN),
    Scenario("only TLS below 1.2", ("tls-1.1",), ("health",), see={"health": ALL_BUT_HEALTH}),
    Scenario("core stopped", ("core-down",), ("health",), see={"health": CORE}),
    Scenario("core frozen", ("core-frozen",), ("health",), see={"health": CORE}, seconds=FROZEN),
    Scenario("core answers 503", ("core-unavailable",), ("health",), see={"health": CORE}),
    Scenario("core has just started", ("core-just-started",), see={"health": COMPONENTS}),
    Scenario("registry stopped", ("registry-down",), ("registry",), see={"registry": ("v2",)}),
    Scenario("registry frozen", ("registry-frozen",), ("registry",), see={"registry": ("v2",)}, seconds=FROZEN),
    Scenario("jobservice stopped", ("jobservice-down",), ("jobservice",)),
    Scenario("jobservice frozen", ("jobservice-frozen",), ("jobservice",)),
    Scenario("registryctl stopped", ("registryctl-down",), ("registryctl",)),
    Scenario("Trivy stopped", ("trivy-down",), ("trivy",)),
    Scenario("portal stopped", ("portal-down",), ("portal",)),
    Scenario("portal frozen", ("portal-frozen",), ("portal",), seconds=FROZEN),
    Scenario("PostgreSQL stopped", ("database-down",), ("database",), see={"database": LOGINS}),
    Scenario("PostgreSQL frozen", ("database-frozen",), ("health",), see={"health": CORE}, seconds=FROZEN),
    Scenario("a table locked", ("tables-locked",), ("api",), see={"api": ("v2",)}, seconds=FROZEN),
    Scenario("the table of robots locked", ("robots-locked",), ("api",), see={"api": ("v2",)}, seconds=FROZEN),
    Scenario("a slow database", ("database-slow",), warning=("api",), see={"api": ("v2",)}, seconds=15),
    Scenario("Redis stopped", ("redis-down",), ("redis",), see={"redis": ("jobservice", *LOGINS)}),
    Scenario("Redis frozen", ("redis-frozen",), ("health",), see={"health": CORE}, seconds=FROZEN),
    Scenario("storage full", ("storage-full",), elsewhere=("storage",)),
    Scenario("object storage full", ("storage-full", "volume-unreported"), elsewhere=("push",)),
    Scenario("storage read-only", ("storage-readonly",), elsewhere=("push",)),
    Scenario("storage lost", ("storage-lost",), elsewhere=("pull",)),
    Scenario("read-only mode", ("read-only-mode",), warning=("api",)),
    Scenario("ingress: /api/ goes elsewhere", ("misrouted-api",), ("health",), see={"health": (*COMPONENTS, "api")}),
    Scenario("ingress: /v2/ goes elsewhere", ("misrouted-v2",), ("v2",)),
    Scenario("ingress: / goes elsewhere", ("misrouted-portal",), ("portal",)),
    Scenario("realm on http", ("realm-http",), ("v2",)),
    Scenario("realm on another host", ("realm-foreign-host",), ("v2",)),
    Scenario("login refused", login=False, critical=("api",), see={"api": ("v2",)}),
    *(
        Scenario(f"certificate {title}", (), ("certificate",), see={"certificate": LOGINS}, certificate=kind)
        for title, kind in (
            ("expired", "expired"),
            ("not yet valid", "not-yet-valid"),
            ("self-signed", "self-signed"),
            ("for another name", "wrong-name"),
            ("without its intermediate", "incomplete-chain"),
            ("with an expired intermediate", "expired-intermediate"),
        )
    ),
    Scenario("certificate expires soon", (), warning=("certificate",), certificate="days-left=20"),
    Scenario("certificate is weak", (), warning=("certificate",), certificate="weak-key"),
)

#: Harbor's report is up to 66 s old: as long as it says "healthy", whoever suffers must speak for itself.
INSIDE_THE_LAG = (
    Scenario("registry stopped", ("registry-down", "stale-health"), ("v2",)),
    Scenario("registry frozen", ("registry-frozen", "stale-health"), ("v2",), seconds=FROZEN),
    Scenario("PostgreSQL stopped", ("database-down", "stale-health"), ("api",), see={"api": ("v2",)}),
    Scenario(
        "PostgreSQL frozen",
        ("database-frozen", "stale-health"),
        critical=("api",),
        see={"api": ("v2",)},
        seconds=FROZEN,
    ),
    Scenario("Redis stopped", ("redis-down", "stale-health"), warning=("api",), see={"api": ("v2",)}),
    Scenario("Redis frozen", ("redis-frozen", "stale-health"), ("health",), see={"health": CORE}, seconds=FROZEN),
    Scenario("portal stopped", ("portal-down", "stale-health"), ("portal",)),
    Scenario("jobservice stopped", ("jobservice-down", "stale-health")),
    Scenario("registryctl stopped", ("registryctl-down", "stale-health")),
    Scenario("Trivy stopped", ("trivy-down", "stale-health")),
)

#: None of SERVICES asks a provider or a directory, which know people alone.
PEOPLE = (
    Scenario("OIDC provider down", ("oidc-down",), elsewhere=("signin",)),
    Scenario("LDAP directory down", ("ldap-down",), elsewhere=("signin",)),
)

TWO_CAUSES = (
    Scenario(
        "registry and portal stopped",
        ("registry-down", "portal-down"),
        ("registry", "portal"),
        see={"registry": ("v2",)},
    ),
    Scenario(
        "PostgreSQL and registry stopped",
        ("database-down", "registry-down"),
        ("database", "registry"),
        see={"database": LOGINS},
    ),
    Scenario(
        "Redis and Trivy stopped",
        ("redis-down", "trivy-down"),
        ("redis", "trivy"),
        see={"redis": ("jobservice", *LOGINS)},
    ),
    Scenario(
        "Redis stopped, realm on http",
        ("redis-down", "realm-http"),
        ("redis", "v2"),
        see={"redis": ("jobservice", "api")},
    ),
    Scenario(
        "data volume full, jobservice stopped by it",
        ("storage-full", "jobservice-down"),
        ("jobservice",),
        elsewhere=("storage",),
    ),
    Scenario("Trivy stopped, /v2/ goes elsewhere", ("trivy-down", "misrouted-v2"), ("trivy", "v2")),
    Scenario(
        "certificate expired, registry stopped",
        ("registry-down",),
        ("certificate", "registry"),
        see={"certificate": LOGINS},
        certificate="expired",
    ),
    Scenario(
        "certificate expired, core stopped",
        ("core-down",),
        ("certificate", "health"),
        see={"health": (*COMPONENTS, "v2"), "certificate": ("api",)},
        certificate="expired",
    ),
    Scenario(
        "certificate for another name, portal stopped",
        ("portal-down",),
        ("certificate", "portal"),
        see={"certificate": LOGINS},
        certificate="wrong-name",
    ),
    Scenario(
        "certificate expired, /v2/ goes elsewhere",
        ("misrouted-v2",),
        ("certificate", "v2"),
        see={"certificate": ("api",)},
        certificate="expired",
    ),
    Scenario(
        "login refused, registry stopped",
        ("registry-down",),
        ("registry", "api"),
        see={"api": ("v2",)},
        login=False,
    ),
    Scenario("core and portal stopped", ("core-down", "portal-down"), ("health",), see={"health": (*CORE, "portal")}),
)
