"""Each plugin asks the preloaded server before it loads anything."""

from __future__ import annotations

import ast

import pytest

from support import runner


@pytest.mark.parametrize("plugin", runner.NAMES)
def test_the_first_import_asks_the_server(plugin: str) -> None:
    tree = ast.parse((runner.PLUGINS / f"{plugin}.py").read_text(encoding="utf-8"))
    first = next(node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)))
    assert isinstance(first, ast.Import)
    assert [alias.name for alias in first.names] == ["harbor_preloaded"]
