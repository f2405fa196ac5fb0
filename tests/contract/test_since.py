"""What the probes ask for, against the table of what each Harbor has: judged, or the answer names the version."""

from __future__ import annotations

import importlib
import json
import re
from collections import defaultdict
from dataclasses import replace
from typing import Any

from harborlib.harbor import endpoints
from harborlib.harbor.endpoints import Endpoint
from harborlib.wire.request import Answer

import pytest

from contract.conftest import ACCOUNTS
from contract.since import BASE, SINCE, place, version, without
from harbor_simulator import Simulator
from harbor_simulator.api.endpoints import ENDPOINTS
from harbor_simulator.messages import Request, Response
from harbor_simulator.records import ScanAll
from support import runner
from support.cases import for_each

PROBES = [name for name in runner.NAMES if name != "check_harbor_triage"]
ASKED = {name: endpoint for name, endpoint in vars(endpoints).items() if isinstance(endpoint, Endpoint)}
#: What to break, for the fields that are read only then to be read too.
SWITCHES = ("registryctl-down", "workers-busy", "gc-failing", "remotes-down")
#: Errors, which every endpoint can answer with, and objects whose keys are a scanner's.
ANYWHERE = re.compile(r"[ .]errors\b|\.scan_overview\b|/metadata\.properties")
PROMISE = re.compile(r"Harbor: (\d+\.\d+) or newer")
CAME_WITH = re.compile(r"needs Harbor (\d+(?:\.\d+)+) or newer")


@pytest.mark.parametrize("asked", ASKED)
def test_endpoints_of_the_probes(asked: str) -> None:
    path = ASKED[asked].path
    assert path in SINCE, f"add a line for {path} to TABLE in since.py: the Harbor that brought it, the fields it has"
    assert version(ASKED[asked].since) == SINCE[path].since


def test_endpoints_of_the_simulator() -> None:
    known = {
        place(path.replace("{pool}", "all")): methods["GET"].since
        for path, methods in ENDPOINTS.items()
        if "GET" in methods
    }
    assert {path: since for path, since in known.items() if path in SINCE} == {
        path: row.since for path, row in SINCE.items() if path in known
    }
    assert len(known.keys() & SINCE.keys()) > 20


@pytest.mark.parametrize("plugin", PROBES)
def test_promise_of_the_help(plugin: str) -> None:
    probe = importlib.import_module(plugin).main.probe
    promised = PROMISE.search(probe.doc)
    needed = max((version(endpoint.since) for endpoint in probe.asks), default=(2, 0))
    assert (version(promised[1]) if promised else (2, 0)) == needed


class Watched(dict[str, Any]):
    """An object of an answer that notes which of its fields are looked at."""

    def __init__(self, fields: dict[str, Any], looked: set[str]) -> None:
        super().__init__(fields)
        self.looked = looked

    def get(self, name: str, default: Any = None) -> Any:
        self.looked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.looked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.looked.add(str(name))
        return super().__contains__(name)


Looks = dict[str, set[str]]


def watched(value: Any, path: str, looks: Looks) -> Any:
    if isinstance(value, list):
        return [watched(row, path, looks) for row in value]
    if not isinstance(value, dict):
        return value
    return Watched({name: watched(inner, f"{path}.{name}", looks) for name, inner in value.items()}, looks[path])


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """Which fields of which objects of the API the probes look at."""
    found: Looks = defaultdict(set)
    parsed = Answer.json

    def watching(answer: Answer, *values: int) -> Any:
        path = place(answer.path)
        return (
            watched(parsed(answer, *values), path, found) if answer.path.startswith(BASE) else parsed(answer, *values)
        )

    monkeypatch.setattr(Answer, "json", watching)
    return found


def trouble(harbor: Simulator) -> None:
    """What some fields are looked at for: a signature, a disabled account, a scan under way, an unused remote."""
    content = harbor.content
    content.artifacts = {key: replace(row, accessories=("signature.cosign",)) for key, row in content.artifacts.items()}
    content.robots = [replace(robot, disabled=True) for robot in content.robots]
    content.replications, content.proxies = [], {"pub": content.remotes[0].number}
    content.scan_all = (ScanAll(pending=3, ongoing=True), None)


def test_fields_that_the_probes_read(looks: Looks, authfile: str) -> None:
    for switches, old in (((), "2.14.4"), (SWITCHES, "2.14.4"), ((), "2.1.0")):
        with Simulator(*switches, version=old, users=ACCOUNTS) as harbor:
            if switches:
                trouble(harbor)
            common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
            for name in PROBES:
                runner.here(name, *common, *runner.NEEDED.get(name, ()))
    read = {
        (path, field) for path, fields in looks.items() for field in fields if not ANYWHERE.search(f"{path} {field}")
    }
    known = {(path, field) for path, row in SINCE.items() for field in row.fields}
    assert sorted(read - known) == [], "add the fields to TABLE in since.py, with the Harbor that brought them"
    assert sorted(known - read) == []


STEPS = sorted({since for row in SINCE.values() for since in (row.since, *row.fields.values())})


@pytest.mark.parametrize("old", STEPS, ids=lambda step: ".".join(map(str, step)))
def test_old_harbor_is_judged_or_the_answer_names_the_version(old: tuple[int, ...], authfile: str) -> None:
    def as_then(request: Request, response: Response) -> Response:
        if "json" not in response.headers.get("Content-Type", "") or not response.body:
            return response
        shown = without(json.loads(response.body), place(request.path), old)
        return replace(response, body=json.dumps(shown).encode())

    text = ".".join(map(str, old))
    with Simulator(version=f"{text}.0", users=ACCOUNTS) as harbor:
        harbor.state.distortions.append(((BASE,), as_then))
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]

        def judged(plugin: str) -> None:
            outcome = runner.here(plugin, *common, *runner.NEEDED.get(plugin, ()))
            named = CAME_WITH.search(outcome.out)
            if named:
                assert outcome.code == 3
                assert version(named[1]) > old
            else:
                assert outcome.code == 0, outcome.out

        for_each(PROBES, judged)
