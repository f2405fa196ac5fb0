"""`make test` tries a few failing tests again, and counts each test once."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_roles.rootfs import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import test as make_test

TESTS = """
import pathlib, pytest
def test_good(): pass
def test_bad(): assert False
def test_late():
    seen = pathlib.Path(__file__).with_name("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
def test_counted_twice(request): request.node.user_properties.append(("attempts", 2))
def test_left_out(): pytest.skip("needs the Debian package hello")
"""


def test_every_file_of_tests_has_its_turn() -> None:
    files, quick = make_test.in_turn(()), make_test.in_turn(make_test.SLOW)
    assert sorted(files) == sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))
    assert {*files} - {*quick} == {path for path in files if path.startswith(tuple(make_test.SLOW))}
    # Never two in a row that wait.
    assert not [pair for pair in zip(files, files[1:]) if all(path.startswith(make_test.WAITING) for path in pair)]


def test_failing_tests_are_tried_again(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    run = make_test.execute("some", [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", str(tmp_path)])
    assert (run.passed, run.failed, run.skipped, run.broken) == (3, 1, 1, True)
    assert (run.retried, run.packages) == ({"test_some::test_late", "test_some::test_counted_twice"}, {"hello"})
