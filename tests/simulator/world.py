"""What the handlers see of a Harbor: what is broken, what it holds, who may log in, its clock, version and address."""

from __future__ import annotations

from dataclasses import dataclass

from .accounts import Authenticator
from .content import Content
from .faults import State
from .upstream import Upstream

CLOCK_AHEAD = 600  # seconds, under the switch clock-wrong


@dataclass
class World:
    """One Harbor. `url` is where clients reach it, `external_url` where it believes to be.

    `gateway_timeout` are the seconds after which nginx gives up on what hangs. `upstream` is a real registry behind
    core, None the one in memory.
    """

    version: tuple[int, ...]
    state: State
    content: Content
    authenticator: Authenticator
    url: str = ""
    configured_url: str = ""
    gateway_timeout: float = 60.0
    upstream: Upstream | None = None

    @property
    def external_url(self) -> str:
        """Where Harbor believes to be."""
        return self.configured_url or self.url

    @property
    def expects_tls(self) -> bool:
        """Whether the port speaks TLS."""
        return self.url.startswith("https:") and self.state.part("tls") != "none"

    @property
    def version_text(self) -> str:
        """Harbor's version as /systeminfo words it."""
        return "v" + ".".join(map(str, (*self.version, 0, 0)[:3])) + "-672ec4ad"

    def clock(self) -> float:
        """The time on this Harbor's clock, in seconds since 1970."""
        return self.content.clock() + (CLOCK_AHEAD if self.state.part("clock") == "wrong" else 0)

    def unhealthy(self) -> dict[str, str]:
        """The components that /health calls unhealthy, with their errors."""
        seen = self.upstream.unhealthy() if self.upstream and self.state.part("health") != "stale" else {}
        return {**self.state.unhealthy(), **seen}
