"""A simulated Harbor for the helper scripts, with an account that has all permissions."""

from __future__ import annotations

import shutil
from pathlib import Path

import probes  # noqa: F401 - makes the simulator importable
from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator

__all__ = ["Simulator", "harbor", "options"]


def harbor() -> Simulator:
    """A simulated Harbor whose monitoring account may see everything."""
    # By address: a bare root file system cannot even resolve localhost.
    return Simulator(host="127.0.0.1", users={MONITOR: Account(MONITOR_SECRET, sysadmin=True)})


def options(harbor: Simulator, folder: Path) -> list[str]:
    """The options with which a probe in this folder reaches it; writes the certificate and the credentials there."""
    shutil.copy(harbor.ca_file, folder / "ca.pem")
    authfile = folder / "authfile"
    authfile.touch(mode=0o600)
    authfile.write_text(f"username={MONITOR}\npassword={MONITOR_SECRET}\n", encoding="ascii")
    return ["-H", harbor.url, "--ca-file", "ca.pem", "--authfile", "authfile"]
