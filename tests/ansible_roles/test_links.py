"""Which commands harbor_checks links among the engine's plugins: all plugins that are installed, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support import runner

yaml = pytest.importorskip("yaml", reason="needs PyYAML, which ansible-core brings (the extra `ansible` of setup.cfg)")
TASKS = Path(__file__).resolve().parents[2] / "ansible" / "roles" / "harbor_checks" / "tasks" / "links.yml"


def test_the_simulator_is_not_linked(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in (*runner.NAMES, "check_harbor_simulator", "check_harbor_drill", "pip"):
        (tmp_path / "bin" / name).touch()
    looking = yaml.safe_load(TASKS.read_text(encoding="utf-8"))[0]["ansible.builtin.command"]["argv"]
    command = [word.replace("{{ harbor_checks_dir }}", str(tmp_path)) for word in looking]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    assert sorted(found.split()) == runner.NAMES
