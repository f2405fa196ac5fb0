"""Which Python runs what is measured or tested."""

from __future__ import annotations

import subprocess
import sys

DISTRIBUTION = "/usr/bin/python3"
LIBRARIES = {"nagiosplugin": "nagiosplugin", "requests": "requests", "OpenSSL": "pyOpenSSL"}
VERSIONS = """
import importlib.metadata, platform, sys
found = [f"{name} {importlib.metadata.version(name)}" for name in sys.argv[1:]]
print(f"Python {platform.python_version()}", *found, sep=", ")
"""


def runs(python: str, code: str) -> bool:
    """Whether an interpreter can run this."""
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def packaged() -> str:
    """The interpreter that runs the plugins of the Debian package, if it has their libraries here, or else this one."""
    return DISTRIBUTION if runs(DISTRIBUTION, f"import {', '.join(LIBRARIES)}") else sys.executable


def described(python: str) -> str:
    """Its version and those of the libraries."""
    command = [python, "-c", VERSIONS, *LIBRARIES.values()]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
