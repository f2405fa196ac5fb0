"""The documents say what the probes say: their pages, their lists, the ids of all problems, the isolation's tables."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from harborlib.run.probe import FOLDER, PREFIX, Probe, installed

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import alerting
import docs
import lists
import probes

PROBES = pytest.mark.parametrize("probe", installed(), ids=lambda probe: probe.name)
#: An id as the sources write it: of a finding, of a kind, of what a probe judges by.
WRITTEN = re.compile(r"\b(?:Finding|Kind|Limit|Problem|ResponseTime)\(\s*\"([\w.-]+)\"")

RUNBOOK = probes.ROOT / "docs" / "runbook.md"
#: What the runbook says about each problem.
PARTS = ["You see", "It means", "Users feel", "Confirm", "Fix"]
PART = re.compile(r"^- \*\*(.*?):\*\* \S", re.MULTILINE)


@PROBES
def test_page_is_up_to_date(probe: Probe) -> None:
    assert docs.path(probe).read_text(encoding="utf-8") == docs.page(probe), "run `make docs`"


def test_page_of_the_common_options_is_up_to_date() -> None:
    assert docs.COMMON.read_text(encoding="utf-8") == docs.common_page(), "run `make docs`"


@PROBES
def test_each_option_stands_on_one_page(probe: Probe) -> None:
    own, common = (re.findall(r"^\| `(-.*)", page, re.MULTILINE) for page in (docs.page(probe), docs.common_page()))
    first = {line.split("`")[0].split()[0].rstrip(",") for line in (*own, *common)}
    assert set(own) & set(common) == set()
    assert {action.option_strings[0] for action in probe.parser()._actions} == first


def test_tables_of_who_pages_are_up_to_date() -> None:
    assert alerting.PATH.read_text(encoding="utf-8") == alerting.text(), "run `make docs`"


@pytest.mark.parametrize("name", lists.PARTS)
def test_lists_are_up_to_date(name: str) -> None:
    assert (probes.ROOT / name).read_text(encoding="utf-8") == lists.document(name), "run `make docs`"


def test_no_page_without_its_probe() -> None:
    pages = {path.stem for path in (probes.ROOT / "docs").glob(f"{PREFIX}*.md")}
    assert pages == set(map(probes.command, installed()))


@PROBES
def test_probe_is_packaged_and_in_the_readme(probe: Probe) -> None:
    name = probes.command(probe)
    setup = (probes.ROOT / "setup.cfg").read_text(encoding="utf-8").splitlines()
    assert f"    {name}" in setup
    assert f"    {name} = {name}:main" in setup
    assert f"[{name}](docs/{name}.md)" in (probes.ROOT / "README.md").read_text(encoding="utf-8")


def test_every_id_has_one_section_in_the_runbook_with_all_parts() -> None:
    headings = re.findall(r"^### (.*)\n((?:(?!##).*\n)*)", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = [anchor for heading, _ in headings for anchor in re.findall(r'<a id="([^"]*)"', heading)]
    assert sorted(anchors) == sorted(known.id for known in lists.known_ids())
    assert [heading for heading, text in headings if PART.findall(text) != PARTS] == []


def test_links_within_the_runbook_lead_somewhere() -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    places = {*re.findall(r'<a id="([^"]*)"', text), *re.findall(r"^## (\S+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) - places == set()


def test_runbook_has_both_commands_where_they_differ() -> None:
    lines = RUNBOOK.read_text(encoding="utf-8").splitlines()
    by_hand = lines[: lines.index("<!-- begin: ids -->")]
    commands = [line for line in by_hand if re.search(r"`docker (?!login)", line)]
    assert len(commands) > 50
    assert [line for line in commands if not re.fullmatch(r"\|.*\|.*(kubectl|ingress).*\|", line)] == []


def test_every_id_that_the_sources_write_is_known() -> None:
    written = {known for path in FOLDER.rglob("*.py") for known in WRITTEN.findall(path.read_text(encoding="utf-8"))}
    assert written - {known.id for known in lists.known_ids()} == set()
    assert len(written) > 50


@PROBES
def test_a_probe_judges_by_all_that_it_declares(probe: Probe) -> None:
    """What it leaves out has no options, and no place in the runbook."""
    module = vars(importlib.import_module(probes.command(probe)))
    many = [each for value in module.values() if isinstance(value, dict) for each in value.values()]
    declared = {id(value): value for value in (*module.values(), *many) if is_declared(value)}
    judged = set(map(id, probe.judged))
    assert [vars(value) for number, value in declared.items() if number not in judged] == []


def is_declared(value: object) -> bool:
    """Whether it is what a probe judges by: a measure, or several that belong together."""
    return not isinstance(value, type) and hasattr(value, "declare") and hasattr(value, "measures")
