"""Each plugin asks the preloaded server before it loads anything."""

from __future__ import annotations

import ast
import subprocess

import pytest

from support import runner


@pytest.mark.parametrize("plugin", runner.NAMES)
def test_the_first_import_asks_the_server(plugin: str) -> None:
    tree = ast.parse((runner.PLUGINS / f"{plugin}.py").read_text(encoding="utf-8"))
    first = next(node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))
    assert isinstance(first, ast.Import)
    assert [alias.name for alias in first.names] == ["harbor_preloaded"]


def test_start_without_site(plugin_python: str) -> None:
    """As our start scripts do: the libraries are found only after the server was asked in vain."""
    command = runner.command("check_harbor_health", "-V", python=plugin_python)
    done = subprocess.run([command[0], "-S", *command[1:]], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr, done.stdout.split()[0]) == (3, "", "check_harbor_health")
