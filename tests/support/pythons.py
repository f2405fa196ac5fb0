"""Interpreters for the plugins."""

from __future__ import annotations

import subprocess
from pathlib import Path


def bare_python(folder: Path, python: str) -> str:
    """The path of an interpreter like this one that has the standard library and nothing else."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    return str(folder / "bin" / "python3")
