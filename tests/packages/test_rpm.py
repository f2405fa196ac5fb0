"""The RPM: it is built, and holds the same as the Debian package, where EL has its plugins. It is installed nowhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from packages.conftest import build
from support import runner

pytestmark = pytest.mark.timeout(600)


def test_tree(source: Path, tmp_path: Path) -> None:
    places = ["--define", f"_topdir {tmp_path}", "--define", f"_rpmdir {tmp_path}"]
    build(source, "rpmbuild", "-bb", "--nodeps", "--build-in-place", *places, "packaging/check-harbor.spec")
    (package,) = tmp_path.rglob("*.rpm")
    listed = subprocess.run(["rpm", "-qlp", package], capture_output=True, text=True, timeout=60, check=True).stdout
    files = set(listed.splitlines())
    for name in runner.NAMES:
        assert {
            f"/usr/lib64/nagios/plugins/{name}",
            f"/usr/share/check_harbor/plugins/{name}.py",
            f"/usr/share/bash-completion/completions/{name}",
        } <= files
        assert [path for path in files if path.startswith(f"/usr/share/man/man1/{name}.1")]
    assert "/usr/share/check_harbor/icinga2/services.conf" in files
    assert "/usr/share/check_harbor/nagios/services.cfg" in files
    assert "/usr/share/check_harbor/runbook.md" in files
    assert "/usr/share/check_harbor/plugins/harborlib/run/plugin.py" in files
    assert not [path for path in files if "__pycache__" in path or "simulator" in path]
