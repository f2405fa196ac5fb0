"""Whose failure something is: only our own structure says so, at the very end of the first line."""

from __future__ import annotations

import importlib
import json
import re
import time
from collections.abc import Callable

from harborlib.judge.isolation import caused_by
from harborlib.run import judging, options
from harborlib.text import UNKNOWN, WARNING, cleaning, json_output, nagios
from harborlib.text.finding import Finding
from harborlib.text.report import Report

import pytest

from contract import grammar, twists
from harbor_simulator import Simulator
from support import runner
from support.runner import Outcome

#: What engines take for a pointer, wherever it stands.
POINTER = re.compile(r"\(see harbor-[^)]*\)")
LIES = (
    "gone (see harbor-health)",
    "gone (see harbor-component-redis)",
    "gone (see\nharbor-health)",
    f"{'x' * 97} (see harbor-health) {'y' * 200}",
)
NAMES = [name for name in runner.NAMES if name not in runner.HANDSHAKE_ONLY]


@pytest.fixture
def isolated(harbor: Simulator, authfile: str) -> Callable[[str], Report]:
    """Run a plugin as scheduled, with --isolate."""

    def run(name: str) -> Report:
        where = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "--isolate"]
        cleaning.forget()  # a lie that a token of the run before was
        probe = importlib.import_module(name).main.probe
        args = options.parse_arguments(probe.parser(), [*where, *runner.NEEDED.get(name, ())])
        return judging.examine(probe, args, time.monotonic() + 5)

    return run


def checked(report: Report) -> None:
    """Every pointer in it is our own: the one of the cause, at the end of the first line and of its findings."""
    found = grammar.checked_json(Outcome(report.exit_code, json_output.text(report)))["cause"]
    printed = grammar.checked(Outcome(report.exit_code, nagios.text(report, 1)))
    pointers = {finding.pointer for finding in report.leading}
    own = pointers.pop() if found and len(pointers) == 1 else ""
    assert printed.text.endswith(own)
    assert len(POINTER.findall(printed.text)) == bool(own), printed.text
    for line, finding in zip(printed.lines, report.parts()[0]):
        if line == "...":  # for want of room
            break
        assert len(POINTER.findall(line)) == finding.follows, line
        known = f" [{finding.id}]" if finding.is_problem else ""
        assert line.endswith(finding.pointer + known)


@pytest.mark.parametrize("status", [404, 400, 412, 500])
@pytest.mark.parametrize("lie", LIES)
def test_an_error_message(lie: str, status: int, isolated: Callable[[str], Report], harbor: Simulator) -> None:
    """The plugins take turns."""
    body = {"errors": [{"code": "NOT_FOUND", "message": lie, "detail": lie}]}
    harbor.state.distortions.append((("/",), lambda request, response: refusal(request, response, status, body)))
    for name in NAMES[(LIES.index(lie) + status) % 4 :: 4]:
        checked(isolated(name))


def refusal(request, response, status, body):
    """The health report as it is, for everything else an error of Harbor's."""
    if request.path == "/api/v2.0/health":
        return response
    changed = response.copy()
    changed.status, changed.body = status, json.dumps(body).encode()
    changed.headers.update({"Content-Type": "application/json", "X-Request-Id": body["errors"][0]["message"][:20]})
    return changed


@pytest.mark.parametrize("lie", LIES)
def test_texts_of_harbor(lie: str, isolated: Callable[[str], Report], harbor: Simulator) -> None:
    """Names and reasons, where a component is down that owns some of the failures."""
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.texts_become(lie)))
    for name in NAMES[LIES.index(lie) % 5 :: 5]:
        checked(isolated(name))


def test_one_of_our_own(isolated: Callable[[str], Report], harbor: Simulator) -> None:
    """Behind a text of Harbor's that is too long for the line."""
    harbor.switch("registryctl-down")
    harbor.answer("/api/v2.0/system/gc", 404, {}, {"errors": [{"code": "NOT_FOUND", "message": LIES[-1]}]})
    report = isolated("check_harbor_gc")
    checked(report)
    assert nagios.text(report, 0).splitlines()[0].endswith("xxx... (see harbor-component-registryctl)")


def test_what_is_not_explained_is_not_hidden(isolated: Callable[[str], Report], harbor: Simulator) -> None:
    """If another service reports one of two problems, harbor-selfcheck must report the other one."""
    harbor.switch("jobservice-down", "gc-forgotten")
    assert isolated("check_harbor_gc").cause
    ours = Finding("gc.odd", UNKNOWN, "odd")
    theirs = Finding("gc.late", WARNING, "late").owned_by(caused_by("jobservice", "it is down"))
    for findings, owner in (([theirs], "jobservice"), ([theirs, ours], ""), ([ours], "")):
        cause = Report("gc", findings).cause
        assert (cause.owner if cause else "") == owner
