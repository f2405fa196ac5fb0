"""harborlib.judge.selection: which of many are looked at."""

from __future__ import annotations

import argparse

from harborlib.judge.selection import Selectable, Selection
from harborlib.wire.failure import CONTENT, Failure

import pytest


def selection(*argv: str) -> Selection:
    parser = argparse.ArgumentParser()
    projects = Selectable("project", "projects", "--project")
    projects.declare(parser)
    return projects.chosen(parser.parse_args(argv))


@pytest.mark.parametrize(
    ("argv", "taken"),
    [
        ((), ["a", "ab", "b", "[x]"]),
        (("--include", "a"), ["a"]),
        (("--project", "a*"), ["a", "ab"]),
        (("--include", "a, b"), ["a", "b"]),
        (("--exclude", "a?,b"), ["a", "[x]"]),
        (("--include", "a*", "--exclude", "ab"), ["a"]),
        (("--include", "[x]"), ["[x]"]),
        (("--include", "A"), []),
    ],
)
def test_taken(argv: tuple[str, ...], taken: list[str]) -> None:
    chosen = selection(*argv)
    assert [name for name in ("a", "ab", "b", "[x]") if chosen.takes(name)] == taken


@pytest.mark.parametrize(
    ("argv", "exact"),
    [((), None), (("--include", "a,b"), ["a", "b"]), (("--include", "a,b*"), None), (("--exclude", "a"), None)],
)
def test_exact(argv: tuple[str, ...], exact: list[str] | None) -> None:
    assert selection(*argv).exact == exact


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        ((), ""),
        (("--include", "a,n*"), ""),
        (("--include", "a,nosuch,neither"), "no project is named nosuch, neither"),
        (("--include", "n*,m*"), "no project matches n*, m*"),
        (("--exclude", "nosuch"), ""),
    ],
)
def test_what_is_not_there_cannot_be_fine(argv: tuple[str, ...], problem: str) -> None:
    chosen = selection(*argv)
    for name in ("a", "b"):
        chosen.takes(name)
    if not problem:
        chosen.confirm()
        return
    with pytest.raises(Failure, match=f"^{problem.replace('*', '[*]')}$") as raised:
        chosen.confirm()
    assert raised.value.stage == CONTENT


def test_nothing_left_cannot_be_fine() -> None:
    chosen = selection("--exclude", "*")
    chosen.confirm()  # where nothing is there, nothing is left out
    assert not chosen.takes("a")
    with pytest.raises(Failure, match=r"^every project is excluded by --exclude$"):
        chosen.confirm()
