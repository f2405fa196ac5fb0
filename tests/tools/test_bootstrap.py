"""tools/bootstrap.py: what it asks for, and how it gets a pip where the distribution has split it off."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import bootstrap


def test_requirements_are_those_of_setup_cfg() -> None:
    plain = bootstrap.requirements([])
    assert plain == ["nagiosplugin>=1.3.2", "requests>=2.28", "pyOpenSSL>=23.0"]
    assert set(bootstrap.requirements(["test"])) > {*plain, "pytest>=8"}


@pytest.mark.skipif(
    not shutil.which("apt-get"), reason="only Debian and its kin split off pip; this host has no apt-get"
)
def test_gets_pip_from_the_distribution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    monkeypatch.setattr(bootstrap, "PYTHON", folder / "bin" / "python")
    try:
        bootstrap.install_pip()
    except subprocess.CalledProcessError as error:
        if "update" in error.cmd:
            pytest.skip("no package mirror can be reached")
        raise
    said = subprocess.run([bootstrap.PYTHON, "-m", "pip", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("pip ")
