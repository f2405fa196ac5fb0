"""The role harbor_robot as a play runs it that is meant for monitoring hosts: nothing of it may reach those."""

from __future__ import annotations

import json
import re
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ansible_roles.controller import Controller, needed, settings
from harbor_simulator import Account, Simulator

ADMIN, PASSWORD = "admin", "Adm1n-Secret/of+this=test"
OTHER, OTHER_PASSWORD = "root", "0ther-Secret/of+this=test"
ROLE = "check_harbor.monitoring.harbor_robot"
ADMINISTRATORS = {
    ADMIN: Account(PASSWORD, sysadmin=True),
    OTHER: Account(OTHER_PASSWORD, sysadmin=True),
    "plain": Account(PASSWORD),
}
RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+)", re.MULTILINE)
WOULD = re.compile(r'^ +"msg": "(.*: would .*)"$', re.MULTILINE)
FAILURE = re.compile(r"^fatal: \[monitoring-1[^\]]*\]: FAILED! => ", re.MULTILINE)


class Played(NamedTuple):
    """What ansible-playbook said. `changed` counts tasks, `told` is what would be done, `failures` what failed."""

    code: int
    out: str

    @property
    def changed(self) -> int:
        assert self.code == 0, self.out
        counts = {host: (int(changed), int(unreachable)) for host, changed, unreachable in RECAP.findall(self.out)}
        assert counts["monitoring-2"] == (0, 0), self.out
        return counts["monitoring-1"][0]

    @property
    def told(self) -> list[str]:
        return WOULD.findall(self.out)

    @property
    def failures(self) -> list[str]:
        read = json.JSONDecoder().raw_decode
        return [read(self.out, found.end())[0]["msg"] for found in FAILURE.finditer(self.out)]


def instance(name: str, harbor: Simulator, **traits: object) -> dict[str, object]:
    """A Harbor as harbor_checks_instances wants it."""
    return {"name": name, "url": harbor.url, "ca_file": harbor.ca_file, **traits}


def play(
    collection: Controller, folder: Path, variables: Mapping[str, object], *argv: str, tasks: Sequence[Any] = ()
) -> Played:
    """Apply the role (or `tasks`, that do it) to two hosts that cannot be reached, as somebody who can do nothing."""
    inventory, playbook = folder / "inventory", folder / "play.json"
    inventory.write_text("monitoring-1\nmonitoring-2\n")
    work = {"tasks": tasks} if tasks else {"roles": [ROLE]}
    common = {"hosts": "all", "gather_facts": False, "become": True, "become_user": "nobody"}
    playbook.write_text(json.dumps([{**common, "vars": variables, **work}]))
    done = subprocess.run(
        [needed("ansible-playbook"), "-i", str(inventory), str(playbook), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        env={**settings(collection.folder), "HARBOR_ROBOT_ADMIN_PASSWORD": PASSWORD},
        cwd=folder,
        check=False,
    )
    return Played(done.returncode, done.stdout)


def forms(username: str, password: str) -> list[str]:
    """A secret as it is, and as it is sent."""
    return [password, b64encode(f"{username}:{password}".encode()).decode()]
