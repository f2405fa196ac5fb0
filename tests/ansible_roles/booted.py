"""A root file system in which systemd runs: process 1 of namespaces and of a control group of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_roles.rootfs import Namespace, Root, environment
from engines.engine import until

GROUPS = ["findmnt", "--noheadings", "--first-only", "--output=TARGET", "--types=cgroup2"]
BOOT = """
echo $$ > "$1/cgroup.procs"
exec unshare --mount --pid --fork --kill-child --cgroup --ipc sh -ec '
    mount -t proc proc "$0/proc"
    mount -t sysfs -o ro sysfs "$0/sys"
    mount -t cgroup2 cgroup2 "$0/sys/fs/cgroup"
    export container=other
    exec chroot "$0" /lib/systemd/systemd --unit=basic.target
' "$0"
"""


class Inside(Namespace):
    """The namespaces of a process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.enter = ["nsenter", f"--target={pid}", "--mount", "--pid"]


class Booted(Root):
    """The root file system of this systemd."""

    def __init__(self, path: Path, pid: int) -> None:
        self.namespace = Inside(pid)
        self.path = path
        self.seen = Path(f"/proc/{pid}/root")


@contextlib.contextmanager
def booted(root: Root) -> Iterator[Root]:
    """The same root file system with systemd; skips the test where it cannot run."""
    groups = subprocess.run(GROUPS, capture_output=True, text=True, check=False).stdout.strip()
    group = Path(groups, f"check_harbor-{os.getpid()}-{root.path.parent.name}")
    try:
        group.mkdir()
    except OSError:
        pytest.skip("needs root with the right to make control groups (version 2)")
    command = [*root.namespace.enter, "sh", "-ec", BOOT, str(root.path), str(group)]
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    started = subprocess.Popen(command, env=environment(), **quiet)  # type: ignore[call-overload]
    pid = 0
    try:
        until(lambda: called("systemd", started.pid) > 0 or started.poll() is not None, "systemd is started")
        pid = called("systemd", started.pid)
        if not pid:
            pytest.skip("needs root with the right to start systemd in namespaces")
        host = Booted(root.path, pid)
        ready = {"running\n", "degraded\n"}
        until(lambda: host.run("systemctl", "is-system-running").stdout in ready, "systemd is ready")
        yield host
    finally:
        os.kill(pid or started.pid, signal.SIGKILL)  # and so all others of the namespace
        started.wait(20)
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):  # files are no folders' contents there
                os.rmdir(folder)


def uses_server(host: Root, plugin: str, *options: str) -> bool:
    """Whether the preloaded server runs this check, which must be OK, for the engine's user."""
    ran = host.run(plugin, *options, "-v", user="nagios")
    assert (ran.returncode, " OK - " in ran.stdout) == (0, True), ran.stdout + ran.stderr
    active = host.run("systemctl", "is-active", "harbor-preloaded.service").stdout == "active\n"
    return active and "Note: the preloaded server" not in ran.stdout


def called(name: str, pid: int) -> int:
    """The first process of this name: this one, its child, the child of that, ...; 0 if there is none."""
    with contextlib.suppress(OSError, IndexError):
        while Path(f"/proc/{pid}/comm").read_text() != f"{name}\n":
            pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
        return pid
    return 0
