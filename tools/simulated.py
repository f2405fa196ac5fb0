"""A simulated Harbor for the helper scripts, with an account that has all permissions."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import probes  # noqa: F401 - makes the simulator importable
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.accounts import default_accounts
from harbor_simulator.command import CANARY, CANARY_ACTIONS, CANARY_SECRET

__all__ = ["Simulator", "canary_options", "harbor", "options", "two_robots"]


def harbor(users: Mapping[str, Account] | None = None) -> Simulator:
    """A simulated Harbor with these accounts, or with a monitoring account that may see everything."""
    # By address: a bare root file system cannot even resolve localhost.
    return Simulator(host="127.0.0.1", users=users or {MONITOR: Account(MONITOR_SECRET, sysadmin=True)})


def two_robots() -> dict[str, Account]:
    """The monitoring robot, which only reads, and the canary robot."""
    return {**default_accounts(), CANARY: Account(CANARY_SECRET, projects=CANARY_ACTIONS)}


def options(harbor: Simulator, folder: Path) -> list[str]:
    """The options with which a probe in this folder reaches it; writes the certificate and the credentials there."""
    shutil.copy(harbor.ca_file, folder / "ca.pem")
    write_authfile(folder / "authfile", MONITOR, MONITOR_SECRET)
    return ["-H", harbor.url, "--ca-file", "ca.pem", "--authfile", "authfile"]


def canary_options(folder: Path) -> list[str]:
    """The options with which a probe in this folder uses the canary robot; writes its credentials there."""
    write_authfile(folder / "canary.auth", CANARY, CANARY_SECRET)
    return ["--authfile", "canary.auth"]


def write_authfile(path: Path, username: str, password: str) -> None:
    """Write credentials that only this user can read."""
    path.touch(mode=0o600)
    path.write_text(f"username={username}\npassword={password}\n", encoding="ascii")
