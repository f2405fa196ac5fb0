"""What the handlers see of a Harbor: its outages, content, accounts, clock, version and address."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from .accounts import Authenticator, Login
from .content import Content
from .faults import State
from .memory import Memory
from .messages import Request, Response

CLOCK_AHEAD = 600  # seconds, under the switch clock-wrong


@dataclass(frozen=True)
class Provider:
    """A real OpenID provider: its issuer, what it knows Harbor as, and the CA file that Harbor verifies it by."""

    issuer: str
    client: str
    secret: str
    ca_file: str | None = None


class Directory(Protocol):
    """A real directory (LDAP), as Harbor asks it about people."""

    def knows(self, name: str, password: str) -> bool:
        """Whether this person's entry is found and takes this password.

        Raises TimeoutError if it does not answer, another OSError if it cannot be searched.
        """


class Registry(Protocol):
    """A registry behind core, and what core's database knows about it.

    `immutable` are tags as `REPOSITORY:TAG`.
    """

    @property
    def immutable(self) -> Collection[str]:
        """The tags that nobody may move or delete."""

    def unhealthy(self) -> dict[str, str]:
        """The result of core's health checker: the registry with its error, or nothing."""

    def forward(self, request: Request, target: str = "") -> Response:
        """The registry's answer to this request, or to one for `target` instead; raises StalledError."""

    def holds(self, repository: str) -> bool:
        """Whether the database knows the repository."""

    def digest(self, repository: str, reference: str) -> str | None:
        """The artifact that a tag or digest refers to."""

    def tags(self, repository: str, digest: str) -> set[str] | None:
        """The tags of an artifact; None if there is no such artifact."""

    def add_artifact(self, repository: str, digest: str, tag: str) -> None:
        """Record an artifact under a tag, which refers to one at a time, or under its own digest without a tag."""

    def remove_artifact(self, repository: str, digest: str) -> None:
        """Remove an artifact and its tags."""

    def room(self, project: str, digest: str) -> tuple[int, int] | None:
        """The bytes that count against the project's quota and its limit; None if this blob does not count."""

    def add_blob(self, project: str, digest: str, size: int) -> None:
        """Count a blob against the project's quota, once."""


@dataclass
class World:
    """One Harbor. `url` is the URL for clients, `external_url` is Harbor's own idea of its URL.

    `provider` and `directory` are those by which people log in, None made-up ones.

    `gateway_timeout` is the time in seconds after which nginx gives up on a hang. `upstream` is a real registry behind
    core, None the one in memory. `database` is the address of a real database behind core, None: it takes no time.
    """

    version: tuple[int, ...]
    state: State
    content: Content
    authenticator: Authenticator
    url: str = ""
    configured_url: str = ""
    gateway_timeout: float = 60.0
    upstream: Registry | None = None
    provider: Provider | None = None
    directory: Directory | None = None
    database: tuple[str, int] | None = None

    @property
    def external_url(self) -> str:
        """Harbor's own idea of its URL."""
        return self.configured_url or self.url

    @property
    def registry(self) -> Registry:
        """The registry behind core."""
        return self.upstream or Memory(self.content)

    @property
    def expects_tls(self) -> bool:
        """Whether the port speaks TLS."""
        return self.url.startswith("https:") and self.state.part("tls") != "none"

    @property
    def version_text(self) -> str:
        """Harbor's version as written in /systeminfo."""
        return "v" + ".".join(map(str, (*self.version, 0, 0)[:3])) + "-672ec4ad"

    def clock(self) -> float:
        """The time on this Harbor's clock, in seconds since 1970."""
        return self.content.clock() + (CLOCK_AHEAD if self.state.part("clock") == "wrong" else 0)

    def unhealthy(self) -> dict[str, str]:
        """The components that /health reports as unhealthy, with their errors."""
        seen = self.registry.unhealthy() if self.state.part("health") != "stale" else {}
        return {**self.state.unhealthy(), **seen}

    def repository_actions(self, login: Login, project: str) -> tuple[str, ...]:
        """The actions that an account may take on the repositories of a project.

        A robot of Harbor 2.9 with any permission on the system level may not even pull what is public.
        """
        if project not in self.content.projects:
            return ()
        if login.granted is not None:
            return login.granted.get(project, ())
        public = ("pull",) if self.content.projects[project].public else ()
        if login.account is None:
            return public
        if login.account.sysadmin:
            return ("pull", "push", "delete")
        if login.account.permissions:
            return ()
        return login.account.projects.get(project, public)
