"""What is wrong at one address of two is one page from whoever owns it, and the other services are still checked."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from harbor_simulator import Simulator

from . import counted, plugins
from .engine import Engine
from .test_without import REMOVABLE
from .watched import accounts, authfiles, host, simulated

pytestmark = pytest.mark.timeout(300)

OK, WARNING, CRITICAL, UNKNOWN = range(4)
ASKED = ("harbor-health", "harbor-certificate", "harbor-v2", "harbor-pull")


@dataclass(frozen=True)
class Trouble:
    """What is wrong at one address, who pages, and the states of ASKED meanwhile."""

    title: str
    owner: str
    states: tuple[int, ...]
    switches: tuple[str, ...] = ()
    certificate: str = "good"

    @property
    def name(self) -> str:
        """The name of its host."""
        return self.title.replace(" ", "-")

    def come_over(self, harbor: Simulator) -> None:
        """Break this address."""
        harbor.switch(*self.switches)
        harbor.certificate = self.certificate


TROUBLES = (
    Trouble("host or nginx down", "harbor-health", (WARNING, UNKNOWN, UNKNOWN, UNKNOWN), ("nginx-down",)),
    Trouble("certificate expired", "harbor-certificate", (OK, CRITICAL, UNKNOWN, UNKNOWN), certificate="expired"),
    Trouble("storage lost", "harbor-pull", (OK, OK, OK, CRITICAL), ("storage-lost",)),
)
WELL = Trouble("all is well", "", (OK, OK, OK, OK))


def test_one_page_from_the_owner(kind: type[Engine], tmp_path: Path) -> None:
    installed = plugins.install(tmp_path / "plugins")
    without = tuple(name for name in REMOVABLE if name not in ("v2", "pull"))
    logins = authfiles(tmp_path)
    with contextlib.ExitStack() as stack:
        hosts, second = [], {}
        for trouble in TROUBLES:
            first = stack.enter_context(simulated())
            second[trouble] = Simulator(address="127.0.0.2", port=first.port, users=accounts())
            stack.enter_context(second[trouble])
            watched = host(trouble.name, first, logins, 10)
            hosts.append(replace(watched, without=without, replicas="127.0.0.1,127.0.0.2"))
        engine = stack.enter_context(kind(tmp_path / "engine", installed, hosts))
        engine.pass_all()
        engine.alert_at_once()
        for broken in (True, False):
            for trouble in TROUBLES:
                (trouble if broken else WELL).come_over(second[trouble])
            checks = [(trouble.name, service) for trouble in TROUBLES for service in ASKED]
            owners = [(trouble.name, trouble.owner) for trouble in TROUBLES]
            engine.run([check for check in checks if check not in owners])
            engine.run(owners)
            for trouble in TROUBLES:
                states = [engine.last[trouble.name, service].state for service in ASKED]
                assert states == list((trouble if broken else WELL).states), trouble
        time.sleep(engine.delayed)
        told = Counter((page.host, page.kind, page.service) for page in engine.pages())
    found = []
    for trouble in TROUBLES:
        problems, recoveries = (told[trouble.name, kind, trouble.owner] for kind in ("PROBLEM", "RECOVERY"))
        found.append((f"{trouble.title}{counted.REPLICA}", trouble.owner, f"{problems} + {recoveries}"))
    assert told == Counter((name, kind, owner) for name, owner in owners for kind in ("PROBLEM", "RECOVERY"))
    if os.environ.get("WRITE_COUNTED"):
        counted.write(engine.name, found)
    assert counted.column(engine.name, part="replica") == found
