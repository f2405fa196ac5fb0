"""The unit of the preloaded server in a root file system without systemd: what it would start, started by hand."""

from __future__ import annotations

import re
import shlex
import subprocess

from ansible_roles.rootfs import Root, environment


def served(root: Root, unit: str, plugin: str, *options: str) -> bool:
    """Start the server as this unit says, and return whether it answers for a plugin, which must be OK."""
    text = (root.seen / unit.lstrip("/")).read_text()
    started, user = (re.search(rf"^{name}=(.*)$", text, re.MULTILINE) for name in ("ExecStart", "User"))
    assert started
    assert user
    root.run("install", "-d", "-m", "700", "-o", user[1], "-g", user[1], "/run/check_harbor")
    command = root.command(*shlex.split(started[1]), user=user[1])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment()) as server:
        assert server.stderr
        try:
            said = server.stderr.readline()
            assert "listens on" in said, said + server.stderr.read()
            # As its first line says, and with -v, which names on stderr what is loaded.
            python = (root.seen / plugin.lstrip("/")).read_text().partition(" ")[0].removeprefix("#!")
            ran = root.run(python, "-ISv", plugin, *options, user=user[1])
            assert (ran.returncode, " OK - " in ran.stdout) == (0, True), ran.stdout + ran.stderr[-1000:]
            return "import 'site'" not in ran.stderr
        finally:
            root.run("pkill", "-f", shlex.split(started[1])[-1])
            server.kill()
