"""The probes of this checkout. Importing this module makes the plugins, harborlib and the test helpers importable."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("plugins", "simulator", "tests")]

from harborlib.run.probe import PREFIX, Probe, installed  # noqa: E402

__all__ = ["ROOT", "Probe", "command", "file", "installed", "single"]


def single() -> list[Probe]:
    """The probes that answer one question each, as services do; the other probes run these."""
    return [probe for probe in installed() if probe.services]


def command(probe: Probe) -> str:
    """The name of its plugin."""
    return f"{PREFIX}{probe.name}"


def file(name: str) -> str:
    """The file of the probe of this name, which runs directly from the checkout."""
    return str(ROOT / "plugins" / f"{PREFIX}{name}.py")
