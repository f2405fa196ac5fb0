"""Plugins as processes that say what they load: a plugin pays for no library that it does not use."""

from __future__ import annotations

import re
import subprocess
from typing import Any

from support import runner
from support.runner import Outcome

REQUESTS = {"requests", "urllib3"}
OPENSSL = {"OpenSSL", "cryptography"}
FOREIGN = REQUESTS | OPENSSL
IMPORT = re.compile(r"^import time: .*\| +([\w.]+)\n", re.MULTILINE)


def run(name: str, *argv: str, python: str, **options: Any) -> tuple[Outcome, set[str]]:
    """What a run prints, and the foreign libraries that it loads."""
    command = [python, "-X", "importtime", *runner.command(name, *argv)[1:]]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False, **options
    )
    modules = {module.partition(".")[0] for module in IMPORT.findall(done.stderr)}
    assert "harborlib" in modules
    err = re.sub(r"^import time: .*\n", "", done.stderr, flags=re.MULTILINE)
    return Outcome(done.returncode, done.stdout, err), modules & FOREIGN


def needed(name: str) -> set[str]:
    """The certificate probe makes no request, the others look into no chain, and whoever runs all needs all."""
    if name in runner.RUNS_OTHERS:
        return FOREIGN
    return OPENSSL if name in runner.HANDSHAKE_ONLY else REQUESTS
