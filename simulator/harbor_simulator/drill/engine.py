"""What a drill sees of an engine: its services, and the notifications that it sends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")


class UnusableError(Exception):
    """The drill cannot be run, or cannot continue: the message says why."""


class LostError(UnusableError):
    """The engine could not be read for a moment, as while it is reloaded: `start` may help."""


class Page(NamedTuple):
    """One notification: `kind` is PROBLEM, RECOVERY or another one, `who` a user or contact, `via` the command."""

    time: float
    kind: str
    service: str
    who: str
    via: str = ""


@dataclass(frozen=True)
class Service:
    """One service as the engine has it; intervals and times in seconds, `checked` is 0 before the first check.

    `muted` says why a problem of it would not notify now, "" if it would.
    """

    name: str
    state: int
    hard: bool
    checked: float
    interval: float
    retry: float
    attempts: int
    muted: str = ""

    @property
    def fine(self) -> bool:
        """Whether it was checked, and is OK."""
        return self.checked > 0 and self.state == 0

    def shown(self) -> str:
        """Its state in words."""
        if not self.checked:
            return f"{self.name} was never checked"
        return f"{self.name} is {STATES[self.state]}{'' if self.hard or self.state == 0 else ' (soft)'}"

    def limit(self, slack: float) -> float:
        """Seconds in which it must have paged for a failure that begins at the worst moment."""
        return self.interval + (self.attempts - 1) * self.retry + self.attempts * slack


class Engine(Protocol):
    """An engine; every method raises UnusableError, LostError included."""

    name: str
    lag: float  # seconds after which what has happened can be read here

    def start(self) -> None:
        """Verify that the host can be drilled, and listen from now on; what was seen before is kept."""

    def services(self) -> dict[str, Service]:
        """The services of the host, by name."""

    def pages(self) -> list[Page]:
        """The notifications about services of the host since `start`, the oldest first."""

    def close(self) -> None:
        """Listen no longer."""
