"""The pages in docs/ say what the probes' help, the isolation and its tests say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import alerting
import docs
import probes


@pytest.mark.parametrize("name", probes.names())
def test_page_is_up_to_date(name: str) -> None:
    assert docs.path(name).read_text(encoding="utf-8") == docs.page(name), "run `make docs`"


def test_tables_of_who_pages_are_up_to_date() -> None:
    assert alerting.PATH.read_text(encoding="utf-8") == alerting.text(), "run `make docs`"


def test_no_page_without_its_probe() -> None:
    pages = {path.stem for path in (probes.ROOT / "docs").glob("check_harbor_*.md")}
    assert pages == set(probes.names())


@pytest.mark.parametrize("name", probes.names())
def test_probe_is_packaged_and_in_the_readme(name: str) -> None:
    setup = (probes.ROOT / "setup.cfg").read_text(encoding="utf-8").splitlines()
    assert f"    {name}" in setup
    assert f"    {name} = {name}:main" in setup
    assert f"[{name}](docs/{name}.md)" in (probes.ROOT / "README.md").read_text(encoding="utf-8")
