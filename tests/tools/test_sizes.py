"""What an operator reads stays short: functions of 40 lines, modules of 250, blank lines and docstrings included.

A module of tests has 300 lines at most, so that its name says what is tested in it.
"""

from __future__ import annotations

import ast
from pathlib import Path

from support.cases import for_each

ROOT = Path(__file__).resolve().parents[2]
FUNCTION, MODULE, TESTS = 40, 250, 300
FILES = sorted(file for folder in ("plugins", "simulator") for file in (ROOT / folder).rglob("*.py"))


def test_nothing_is_too_long() -> None:
    assert len(FILES) > 100
    for_each(FILES, short)


def short(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    nodes = ast.walk(ast.parse(text))
    functions = [node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    parts = [(node.name, (node.end_lineno or 0) - node.lineno + 1, FUNCTION) for node in functions]
    parts.append((file.name, len(text.splitlines()), MODULE))
    assert [f"{name} has {lines} lines, {most} at most" for name, lines, most in parts if lines > most] == []


def test_no_module_of_tests_is_too_long() -> None:
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in (ROOT / "tests").rglob("*.py")}
    assert [f"{file.relative_to(ROOT)} has {most} lines" for file, most in lines.items() if most > TESTS] == []
