"""The fire drill on real engines with the shipped definitions, at intervals divided by SPEED."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harbor_simulator.drill.site import IMAGE, PROJECT, Site

from .daemons import free_port
from .engine import Engine, Harbor
from .icinga import PASSWORD, USER, Icinga
from .resident import Resident

pytestmark = pytest.mark.timeout(300)

SPEED = 30
HOST = "harbor-drill"


@contextlib.contextmanager
def ready(kind: type[Engine], folder: Path, without: tuple[str, ...] = ()) -> Iterator[tuple[Engine, list[str]]]:
    """An engine with the host of a prepared drill, and the options of the drill."""
    site = Site(folder / "drill", HOST, free_port())
    site.prepare()
    files = {name: str(site.folder / name) for name in ("ca.pem", "monitor.auth", "canary.auth")}
    host = Harbor(
        HOST,
        site.url,
        robot_authfile=files["monitor.auth"],
        canary_authfile=files["canary.auth"],
        canary_project=PROJECT,
        canary_image=f"{PROJECT}/{IMAGE}:1.0",
        options={"": {"--ca-file": files["ca.pem"], "--timeout": "5"}},
        without=without,
    )
    with Resident() as resident:
        plugins = resident.install(folder / "plugins")
        with kind(folder / "engine", plugins, [host], active=True, speed=SPEED) as engine:
            yield engine, ["--directory", str(site.folder), *access(engine, folder)]


def access(engine: Engine, folder: Path) -> list[str]:
    """How the drill reads this engine."""
    if not isinstance(engine, Icinga):
        return ["--nagios", str(engine.folder / "nagios.cfg")]
    authfile = folder / "api.auth"
    authfile.touch(mode=0o600)
    authfile.write_text(f"username={USER}\npassword={PASSWORD}\n")
    ca_file = str(engine.folder / "data/certs/ca.crt")
    url = f"https://localhost:{engine.port}"
    return ["--icinga", url, "--icinga-authfile", str(authfile), "--icinga-ca-file", ca_file]


def drill(*options: str) -> tuple[int, str, str]:
    """A whole drill: its exit code, table and messages."""
    command = [sys.executable, "-m", "harbor_simulator.drill", *options]
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=280, check=False
    )
    return done.returncode, done.stdout, done.stderr
