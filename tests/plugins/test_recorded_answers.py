"""Every recorded answer, given to every operational probe that reads its endpoint.

The probes' own tests have the lines of what was answered; here are those of refusals, and every answer is expected.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from harborlib.harbor import endpoints
from harborlib.harbor.rest import WHERE

import pytest

from harbor_simulator import Simulator
from support import runner
from support.cases import for_each
from support.planted import plant
from support.replay import DIRECTORY, Recording, load
from support.screens import BEHIND_CORE, CORE, JOBSERVICE

LOGIN = "Next: check username= and password= in the authfile, then the state and expiry of the account in the web UI"


#: Of another artifact or policy than the one that is asked for, of one row, and queries that no probe sends.
NOT_ASKED = (
    "v2-datapath/artifact-404.admin", "p-d1-q-decoding/", "p-d3-broken-rows/policies-list-registry",
    "p-d3-broken-rows/retention",
)  # fmt: skip
PROJECT = "priv"  # whose retention is asked for; the line begins with it


class Case(NamedTuple):
    """A recording, a probe that reads its endpoint, and the endpoint."""

    name: str
    probe: str
    endpoint: endpoints.Endpoint
    status: int

    def __str__(self) -> str:
        return self.name


def endpoint_of(recording: Recording) -> str:
    """The name under which endpoints.py lists it; "" for what no probe reads."""
    path = recording.target.partition("?")[0]
    for name, endpoint in vars(endpoints).items():
        if isinstance(endpoint, endpoints.Endpoint) and name != "PROJECTS":  # which no probe always reads
            pattern = re.escape(endpoints.BASE + endpoint.path).replace(r"\{\}", "[^/]+")
            if recording.method == "GET" and re.fullmatch(pattern, path):
                return name
    return ""


def readers(name: str) -> list[str]:
    """The probes that read this endpoint."""
    asked = re.compile(rf"endpoints\.{name}\b")
    found = [probe for probe in runner.NAMES if asked.search((runner.PLUGINS / f"{probe}.py").read_text())]
    names = [probe.replace("check_harbor_", "") for probe in found]
    return [each for each in names if each != "signin"]  # refusals are its subject: tests of its own


def cases() -> list[Case]:
    found = []
    for file in sorted(DIRECTORY.glob("*/*.http")):
        recording = load(file)
        name = endpoint_of(recording)
        if name and not str(recording).startswith(NOT_ASKED):
            endpoint = getattr(endpoints, name)
            found += [Case(str(recording), probe, endpoint, recording.answer.status) for probe in readers(name)]
    return found


CASES = cases()
REFUSED = [case for case in CASES if case.status >= 400]
ANSWERED = [case for case in CASES if case.status == 200]


def expected(case: Case, path: str) -> list[str]:
    """What is said of a refusal, and what is to be done."""
    who = f"{PROJECT}: " if case.probe == "retention" else ""
    if case.status == 401:
        return [f"UNKNOWN - {who}login refused (401 for {path})", LOGIN, "exit code 3"]
    if case.status == 403:
        where = f"{WHERE[case.endpoint.level]}, possible since Harbor {case.endpoint.robots}"
        step = f"Next: grant the robot account {case.endpoint.permission} {where}"
        return [
            f"UNKNOWN - {who}the account lacks the permission {case.endpoint.permission} (403 for {path})",
            step,
            "exit code 3",
        ]
    origin = "core (X-Request-Id ID)" if case.status == 500 else "the reverse proxy"
    behind = JOBSERVICE if path.startswith("/api/v2.0/jobservice/") else BEHIND_CORE
    step = behind if case.status == 500 else CORE
    return [f"CRITICAL - {who}{case.status} for {path} from {origin}", step, "exit code 2"]


def test_there_are_many() -> None:
    assert len(REFUSED) > 190
    assert len(ANSWERED) > 220


def of(probe: str, cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.probe == probe]


@pytest.mark.parametrize("probe", sorted({case.probe for case in REFUSED}))
def test_refused(ask, harbor: Simulator, probe: str) -> None:
    def refused(case: Case) -> None:
        harbor.reset()
        plant(harbor, case.name)
        path = load(DIRECTORY / f"{case.name}.http").target.partition("?")[0]
        first, *further = expected(case, path)
        lines = ask(probe)
        assert [lines[0].partition(" | ")[0], *lines[1:]] == [f"HARBOR {probe.upper()} {first}", *further]

    for_each(of(probe, REFUSED), refused)


@pytest.mark.parametrize("probe", sorted({case.probe for case in ANSWERED}))
def test_understood(ask, harbor: Simulator, probe: str) -> None:
    def understood(case: Case) -> None:
        harbor.reset()
        plant(harbor, case.name)
        lines = ask(probe)
        assert lines[-1] in ("exit code 0", "exit code 1", "exit code 2"), lines

    for_each(of(probe, ANSWERED), understood)
