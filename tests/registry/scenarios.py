"""What goes wrong on the way of the data, who pages, and what the other services say: rendered by `make docs`.

The services are those of a host with a monitoring robot, a canary robot and a canary image, scheduled with
`--isolate`. Each trouble is made on a real registry by troubles.py, under its name there.
"""

from __future__ import annotations

from dataclasses import dataclass

from isolation.scenarios import Scenario

SERVICES = ("health", "registry", "v2", "api", "login", "pull", "storage", "push")
CANARY = ("login", "pull", "push")
DATA = ("pull", "push")
CORE = ("registry", "v2", "api", "storage", *CANARY)
FROZEN = 6  # seconds


@dataclass(frozen=True)
class Trouble(Scenario):
    """`made_by` names the function in troubles.py."""

    seconds: float = 30
    made_by: str = "nothing"

    @property
    def broken(self) -> set[str]:
        """With the registry, where its process or its storage is not well."""
        is_registry = self.made_by.partition("_")[0] in ("registry", "storage", "blob", "manifest")
        return super().broken | ({"registry"} if is_registry else set())


DATA_PATH = (
    Trouble("all is well"),
    Trouble("registry stopped", (), ("registry",), see={"registry": ("v2", *DATA)}, made_by="registry_stopped"),
    Trouble(
        "registry frozen", (), ("registry",), see={"registry": ("v2", *DATA)}, made_by="registry_frozen", seconds=FROZEN
    ),
    Trouble("data volume full", ("storage-full",), ("storage",), waits=("push",), made_by="storage_full"),
    Trouble("other storage full", (), ("push",), made_by="storage_full"),
    Trouble("64 KiB left in other storage", (), ("push",), made_by="storage_nearly_full"),
    Trouble("storage read-only", (), ("push",), made_by="storage_read_only"),
    Trouble("storage moved away", (), ("pull",), made_by="storage_moved_away"),
    Trouble("a blob's bit flipped on the disk", (), ("pull",), made_by="blob_flipped"),
    Trouble("a blob cut short on the disk", (), ("pull",), made_by="blob_truncated"),
    Trouble("a blob deleted", (), ("pull",), made_by="blob_deleted"),
    Trouble("a manifest deleted", (), ("pull",), made_by="manifest_deleted"),
    Trouble("object store refuses", (), ("pull",), made_by="object_store_forbidden"),
    Trouble("object store hangs", (), ("pull",), made_by="object_store_hanging", seconds=FROZEN),
    Trouble("object store sends damaged data", (), ("pull",), made_by="object_store_corrupt"),
    Trouble("Redis refuses writes", ("redis-refuses-writes",), ("push",)),
    Trouble("PostgreSQL read-only", ("database-read-only",), ("push",)),
    Trouble("canary project's quota used up", (), ("push",), made_by="quota_used_up"),
    Trouble("ingress limits bodies to 1 MiB", (), ("push",), made_by="ingress_limits_bodies"),
    Trouble("ingress: /v2/ goes elsewhere", (), ("v2",), see={"v2": CANARY}, made_by="ingress_misroutes_v2"),
    Trouble("uploads sent on to another host", (), ("push",), made_by="uploads_elsewhere"),
    Trouble("realm on http", ("realm-http",), ("v2",), see={"v2": CANARY}),
    Trouble("realm on another host", ("realm-foreign-host",), ("v2",), see={"v2": CANARY}),
    Trouble("ingress: /service/ goes elsewhere", ("misrouted-token",), ("login",), see={"login": DATA}),
    Trouble("a WAF refuses /service/", ("refused-token",), ("login",), see={"login": DATA}),
    Trouble("canary robot's login refused", (), ("login",), see={"login": DATA}, made_by="canary_refused"),
    Trouble("read-only mode", ("read-only-mode",), warning=("api",), see={"api": ("push",)}),
    Trouble("PostgreSQL stopped", ("database-down",), elsewhere=("database",),
            see={"database": ("v2", "api", "storage", *CANARY)}),
    Trouble("Redis stopped", ("redis-down",), elsewhere=("redis",), see={"redis": ("v2", "api", "push")}),
    Trouble("a slow database", ("database-slow",), warning=("api",), see={"api": ("v2", *CANARY)}),
    Trouble("core stopped", ("core-down",), ("health",), see={"health": CORE}),
    Trouble("certificate expired", (), certificate="expired", elsewhere=("certificate",),
            see={"certificate": ("v2", "api", "storage", *CANARY)}),
)  # fmt: skip
