"""Which accounts exist, their permissions, and what a wrong password causes."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .messages import Request

MONITOR = "robot$monitor"
MONITOR_SECRET = "f4Ls3-Secret/of+the=monitoring:robot"
LOCK_SECONDS = 1.5

# HARBOR.md section 4: the permissions of the read-only system robot.
MONITOR_PERMISSIONS = frozenset(
    [
        "system-volumes:read",
        "quota:list",
        "jobservice-monitor:list",
        "garbage-collection:list",
        "garbage-collection:read",
        "purge-audit:list",
        "purge-audit:read",
        "replication-policy:list",
        "replication:list",
        "registry:list",
        "registry:read",
        "scan-all:read",
        "scanner:list",
        "scanner:read",
        "security-hub:read",
        "robot:list",
        "project:list",
        "audit-log:list",
    ]
)
# In every project.
MONITOR_PROJECT_PERMISSIONS = frozenset(
    [
        "project:read",
        "repository:list",
        "repository:read",
        "artifact:list",
        "artifact:read",
        "accessory:list",
        "tag-retention:list",
        "tag-retention:read",
        "notification-policy:list",
        "notification-policy:read",
        "robot:list",
    ]
)
ONE_ROBOT_FOR_ALL_FROM = (2, 10)


@dataclass(frozen=True)
class Account:
    """A user or robot: `permissions` on the system level as `resource:action`, and actions on repositories by project.

    `project_permissions` are those that a robot has in every project (namespace `*`). On Harbor 2.9 any permission on
    the system level removes all of them.
    """

    password: str
    sysadmin: bool = False
    permissions: frozenset[str] = frozenset()
    projects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    project_permissions: frozenset[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Whether it has this permission on the system level."""
        return self.sysadmin or permission in self.permissions

    def may_in_projects(self, permission: str) -> bool:
        """Whether it has this permission in every project."""
        return self.sysadmin or permission in self.project_permissions

    @property
    def sees_all_projects(self) -> bool:
        """Whether it also sees private projects in lists."""
        return self.may("project:list") or bool(self.project_permissions)


def default_accounts() -> dict[str, Account]:
    """Only the monitoring robot."""
    return {
        MONITOR: Account(
            MONITOR_SECRET, permissions=MONITOR_PERMISSIONS, project_permissions=MONITOR_PROJECT_PERMISSIONS
        )
    }


def as_in(version: tuple[int, ...], accounts: Mapping[str, Account]) -> dict[str, Account]:
    """The accounts as this version of Harbor treats them."""
    if version >= ONE_ROBOT_FOR_ALL_FROM:
        return dict(accounts)
    none: frozenset[str] = frozenset()
    return {
        name: replace(account, project_permissions=none) if account.permissions else account
        for name, account in accounts.items()
    }


@dataclass(frozen=True)
class Login:
    """The result of a login attempt: the account (None: anonymous, refused), and Harbor's delay.

    `granted` is what a token allows, by project; None without a token: everything that the account may do.
    """

    name: str | None = None
    account: Account | None = None
    seconds: float = 0.0
    granted: Mapping[str, tuple[str, ...]] | None = None


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """User and password of the Authorization header; None if it has none that can be read."""
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


class Authenticator:
    """Checks passwords. A wrong one locks the account for a while; during that time the right one is refused too."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self.accounts = dict(accounts)
        self._locked_until: dict[str, float] = {}

    def login(self, user: str, password: str) -> Login:
        """The account of this login; a refused attempt also has Harbor's delay."""
        account = self.accounts.get(user)
        if self._locked_until.get(user, 0) > time.monotonic():
            return Login()
        if account is None or account.password != password:
            self._locked_until[user] = time.monotonic() + LOCK_SECONDS
            return Login(seconds=LOCK_SECONDS)
        return Login(user, account)
