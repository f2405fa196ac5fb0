"""--output json: the documented object on one line, telling the same as the text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from contract import grammar, twists, wire
from contract.adversary import Adversary
from contract.conftest import for_every_plugin
from support import runner

pytestmark = pytest.mark.timeout(300)  # most tests here run every plugin

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text(encoding="ascii")
TYPES = {"string": str, "number": (int, float), "array": list, "object": dict, "null": type(None)}


def agree(outcome, report):
    """Text and object of the same state, and with the same words."""
    printed, told = grammar.checked(outcome), grammar.checked_json(report)
    assert (printed.state, outcome.code) == (told["state"], report.code)
    assert told["summary"].startswith(printed.text[:30])
    assert set(printed.perfdata) <= {metric["name"] for metric in told["metrics"]}
    assert printed.next_step == told["next_step"]


def test_healthy(here):
    for_every_plugin(lambda name: agree(here(name), here(name, "--output", "json")))


@pytest.mark.parametrize("switch", ["nginx-down", "status-500@/", "status-403@/", "html", "registry-down"])
def test_failures(switch, here, harbor):
    harbor.switch(switch)

    def agrees(name):
        agree(here(name, "-t", "5"), here(name, "-t", "5", "--output", "json"))
        agree(here(name, "-t", "5", "--isolate"), here(name, "-t", "5", "--isolate", "--output", "json"))

    for_every_plugin(agrees)


@pytest.mark.parametrize("twist", sorted(twists.TWISTS))
def test_lies(twist, here, harbor):
    """What writes the object is common to all plugins: they take turns."""
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.TWISTS[twist]))
    for name in runner.NAMES[sorted(twists.TWISTS).index(twist) % 4 :: 4]:
        grammar.checked_json(here(name, "-t", "2", "-v", "--output", "json"))


@pytest.mark.parametrize("case", sorted(wire.BROKEN))
def test_broken_http(case, here):
    with Adversary(wire.BROKEN[case]) as server:
        for name in runner.NAMES[sorted(wire.BROKEN).index(case) % 4 :: 4]:
            grammar.checked_json(here(name, "-t", "5", "--output", "json", url=server.url))


def documented():
    """Field and types of each of the page's tables."""
    tables = re.split(r"\| --- \| --- \| --- \|\n", PAGE)[1:]
    rows = [re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", table, re.MULTILINE) for table in tables]
    return [{name: tuple(TYPES[word] for word in kinds.split(" or ")) for name, kinds in row} for row in rows]


def fits(value, fields):
    assert list(value) == list(fields)
    for name, kinds in fields.items():
        assert any(isinstance(value[name], kind) for kind in kinds), name


def test_page_names_every_field(process, harbor):
    harbor.switch("registry-down")
    report = json.loads(process("check_harbor_v2", "--isolate", "--output", "json").out)
    whole, part, metric, cause = documented()
    fits(report, whole)
    fits(report["parts"][0], part)
    fits(report["metrics"][0], metric)
    fits(report["cause"], cause)


def test_page_shows_real_output(process, harbor):
    harbor.switch("registry-down")
    report = json.loads(process("check_harbor_v2", "--isolate", "--output", "json").out)
    example = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
    assert without_time(example) == without_time(report)


def without_time(report):
    """Only the response time differs from run to run."""
    text = re.sub(r"the answer took [\d.]+ s", "the answer took T s", json.dumps(report))
    return re.sub(r'"name": "time", "value": [\d.]+', '"name": "time", "value": 0', text)


def test_wrong_command_line_stays_text(name, process):
    outcome = process(name, "--output", "json", "--nonsense")
    assert (outcome.code, outcome.out[0], outcome.err) == (3, "H", "")
