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


def test_failing_tests_are_tried_again(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    run = make_test.execute("some", [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", str(tmp_path)])
    assert (run.passed, run.failed, run.skipped, run.broken) == (3, 1, 1, True)
    assert (run.retried, run.packages) == ({"test_some::test_late", "test_some::test_counted_twice"}, {"hello"})
