"""The RPM: it is built, and holds the same as the Debian package, where EL has its plugins. It is installed nowhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_roles.rootfs import ROOT
from packages.conftest import BUILT_AT, copied
from support import runner

sys.path.insert(0, str(ROOT / "tools"))

import release

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def package(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release.rpm(source, tmp_path_factory.mktemp("rpm"), int(BUILT_AT))


def test_two_builds_are_the_same(package: Path, tmp_path: Path) -> None:
    copied(tmp_path / "source")
    again = release.rpm(tmp_path / "source", tmp_path / "rpm", int(BUILT_AT))
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()


def test_tree(package: Path) -> None:
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
    assert not [path for path in files if "__pycache__" in path]
    assert "/usr/share/check_harbor/simulator/harbor_simulator/simulator.py" in files
    for name in ("check_harbor_drill", "check_harbor_simulator"):
        assert {f"/usr/bin/{name}", f"/usr/share/bash-completion/completions/{name}"} <= files
    assert "/usr/bin/check_harbor_triage" in files
    assert {
        "/usr/lib/systemd/system/harbor-preloaded.service",
        "/usr/lib/systemd/system/harbor-preloaded.socket",
    } <= files
