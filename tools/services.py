"""The services that every Harbor gets in Icinga 2 and in Nagios.

They are the services of the probes, and the one that monitors the monitoring itself. The definitions for both engines
are generated from this list.
"""

from __future__ import annotations

from typing import NamedTuple

from probes import Probe, installed  # isort: split

from harborlib.judge.isolation import OWNERS
from harborlib.run.service import ALERTING_SINCE, DELEGATED, LAST_STATE, REPLICAS, Service
from harborlib.text import units

__all__ = ["ALERTING_SINCE", "DELEGATED", "LAST_STATE", "MINUTE", "PATIENCE", "REPLICAS", "Shipped", "shipped"]

MINUTE = 60
#: Seconds from the first failing check to the second, on a patient host: a restart takes less.
PATIENCE = 15
#: Services about Harbor as a whole, or about the monitoring itself: they depend on nothing.
INDEPENDENT = ("health", "certificate", "selfcheck")
#: Whether users can work: the owners whose failure users notice at once.
USERS = ("health", "certificate", "v2", "login", "pull", "push", "portal", "database", "registry")
#: The only service that is not a probe.
SELFCHECK = Service(
    every="1min", attempts=3, name="selfcheck",
    notes="Services of this Harbor could not judge anything: a broken installation, a wrong option, a missing "
    "permission. The output lists them. Run the first one by hand.",
)  # fmt: skip


class Shipped(NamedTuple):
    """One service, and the probe that it runs ("": the engine's own)."""

    service: Service
    probe: str = ""

    @property
    def name(self) -> str:
        """Without the prefix that all services have in the engines."""
        return self.service.name or self.probe

    @property
    def title(self) -> str:
        """The name in the engines, and the heading in the runbook."""
        return f"harbor-{self.name}"

    @property
    def short(self) -> str:
        """The text that people read next to the host's name."""
        return (self.component or self.name).replace("_", " ").replace("-", " ")

    @property
    def groups(self) -> list[str]:
        """The service groups that it belongs to."""
        return ["harbor", *(["harbor-users"] if self.owner in USERS else [])]

    @property
    def interval(self) -> int:
        """Seconds from one check to the next."""
        return int(units.duration(self.service.every))

    @property
    def retry(self) -> int:
        """The same while it is not OK and has attempts left."""
        return int(units.duration(self.service.retry))

    @property
    def component(self) -> str:
        """The component that it judges, or ""."""
        return self.service.options.get("--component", "")

    @property
    def patient(self) -> bool:
        """Whether a restart of a few seconds pages, unless the host is patient: then two checks, PATIENCE apart."""
        return self.service.attempts == 1 and (self.name == "health" or bool(self.component))

    @property
    def reminder(self) -> bool:
        """Whether it only repeats another service's alert: then it sends no recovery."""
        return "--reminder" in self.service.options

    @property
    def independent(self) -> bool:
        """Whether it depends on no other service."""
        return self.name in INDEPENDENT

    @property
    def owner(self) -> str:
        """Its name in --isolate, if it can own another service's failure."""
        return self.component or self.name


def place(probe: Probe) -> tuple[int, str]:
    """Possible owners of others' failures first, in the order of isolation, then by name."""
    return (OWNERS.index(probe.name) if probe.name in OWNERS else len(OWNERS), probe.name)


def shipped() -> list[Shipped]:
    """Every service, in the order of the definitions."""
    found = sorted(installed(), key=place)
    return [*(Shipped(service, probe.name) for probe in found for service in probe.services), Shipped(SELFCHECK)]
