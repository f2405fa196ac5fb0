"""Host names that exist for one daemon alone, and can be lost: an /etc/hosts and /etc/resolv.conf of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENTER = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'


class Names:
    """The names that a daemon knows; `prefix` is the command that starts it so, empty where that is not possible."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._hosts, resolv = folder / "hosts", folder / "resolv.conf"
        resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.know([])
        user = [] if os.getuid() == 0 else ["--map-root-user"]
        prefix = ["unshare", "--mount", *user, "sh", "-c", ENTER, "sh", str(self._hosts), str(resolv)]
        works = subprocess.run([*prefix, "true"], capture_output=True, timeout=10, check=False).returncode == 0
        self.prefix = prefix if works else []

    def know(self, names: list[str]) -> None:
        """These names, and localhost, lead to 127.0.0.1; the file is written in place, for it is mounted."""
        self._hosts.write_text(f"127.0.0.1 {' '.join(['localhost', *names])}\n")
