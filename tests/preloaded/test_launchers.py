"""The start scripts: what they load before they ask the server, and that they run without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from harborlib.run import launchers

import pytest

from support import runner

#: Names that Python prints as loaded with -v.
LATE = ("site", "re", "enum", "harborlib", "nagiosplugin")


@pytest.fixture
def folder(tmp_path: Path, plugin_python: str) -> Path:
    launchers.write(tmp_path, plugin_python, str(runner.PLUGINS))
    return tmp_path


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the engine does."""
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=30, check=False)


def test_there_is_one_for_each_plugin(folder: Path, plugin_python: str) -> None:
    assert sorted(os.listdir(folder)) == runner.NAMES
    assert launchers.write(folder, plugin_python, str(runner.PLUGINS)) == []


def test_without_a_server_the_plugin_runs(folder: Path, argv: list[str]) -> None:
    done = run(folder, "./check_harbor_health", *argv)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("HARBOR HEALTH OK - ")


@pytest.mark.usefixtures("server")
def test_with_a_server_little_is_loaded(folder: Path, plugin_python: str, argv: list[str]) -> None:
    done = run(folder, plugin_python, "-ISv", "check_harbor_health", *argv)
    assert (done.returncode, done.stdout[:19]) == (0, "HARBOR HEALTH OK - ")
    assert "import '_socket'" in done.stderr
    assert [name for name in LATE if f"import '{name}'" in done.stderr] == []


def test_a_script_of_pip_is_replaced(tmp_path: Path, plugin_python: str) -> None:
    (tmp_path / "pip").write_text("import re\n")
    (tmp_path / "check_harbor_gc").symlink_to("pip")
    assert "check_harbor_gc" in launchers.write(tmp_path, plugin_python, str(runner.PLUGINS))
    assert (tmp_path / "pip").read_text() == "import re\n"


def test_interpreter_that_a_first_line_cannot_name(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no script can start"):
        launchers.write(tmp_path, "/a b/python3", "/modules")
