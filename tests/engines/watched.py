"""A simulated Harbor with both robots, and the host that has every service for it."""

from __future__ import annotations

from pathlib import Path

from harbor_simulator import MONITOR, MONITOR_SECRET, Account, Simulator
from harbor_simulator.accounts import MONITOR_PERMISSIONS, MONITOR_PROJECT_PERMISSIONS

from .engine import Harbor

CANARY, CANARY_SECRET, PROJECT = "robot$canary", "the-secret-of-the-canary", "priv"


def accounts() -> dict[str, Account]:
    """The monitoring robot and the canary robot, with all that they need."""
    return {
        MONITOR: Account(
            MONITOR_SECRET, permissions=MONITOR_PERMISSIONS, project_permissions=MONITOR_PROJECT_PERMISSIONS
        ),
        CANARY: Account(CANARY_SECRET, projects={PROJECT: ("pull", "push", "delete")}),
    }


def simulated(name: str = "localhost") -> Simulator:
    """A healthy Harbor of a version that has everything."""
    return Simulator(host=name, version="2.14.4", users=accounts())


def authfiles(folder: Path) -> tuple[str, str]:
    """The logins of both robots."""
    found = []
    for name, secret in ((MONITOR, MONITOR_SECRET), (CANARY, CANARY_SECRET)):
        path = folder / name.replace("$", "-")
        path.write_text(f"username={name}\npassword={secret}\n")
        path.chmod(0o600)
        found.append(str(path))
    return found[0], found[1]


def host(name: str, simulator: Simulator, logins: tuple[str, str], seconds: int) -> Harbor:
    """A host with every service, whose plugins have so many seconds each.

    The recorded image has no layers in the simulator: of the canary image the configuration is read. An upload is begun
    and taken back, which is quicker than writing it.
    """
    return Harbor(
        name,
        simulator.url,
        robot_authfile=logins[0],
        canary_authfile=logins[1],
        canary_project=PROJECT,
        canary_image=f"{PROJECT}/img:1.0",
        options={
            "": {"--ca-file": simulator.ca_file, "--timeout": str(seconds)},
            "pull": {"--blobs": "config"},
            "push": {"--depth": "session"},
        },
    )
