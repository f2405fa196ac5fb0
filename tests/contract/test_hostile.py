"""Whatever a server sends: an exit code of 0 to 3, output by the grammar, in time."""

from __future__ import annotations

import pytest

from contract import grammar, loaded, processes, twists, wire
from contract.adversary import Adversary
from contract.conftest import for_every_plugin
from harbor_simulator.hostile import DISTORTIONS
from support import runner

pytestmark = pytest.mark.timeout(300)  # most tests here run every plugin

HANGING = ("slow-drip-header", "slow-drip-body", "endless-body")
QUICK = sorted({*DISTORTIONS} - {*HANGING})
ASKING = [name for name in runner.NAMES if name not in runner.HANDSHAKE_ONLY]  # as processes they take turns


def never_ok(name, outcome):
    """By the grammar, and not OK where the server made no sense."""
    states = ("OK",) if name in runner.HANDSHAKE_ONLY else ("CRITICAL", "UNKNOWN")
    assert grammar.checked(outcome).state in states, f"{name}: {outcome.out}"


def test_healthy(here):
    def healthy(name):
        assert grammar.checked(here(name)).state == "OK"

    for_every_plugin(healthy)


def test_healthy_as_process(name, against, harbor, plugin_python):
    outcome, modules = loaded.run(name, *against(name, "--isolate"), python=plugin_python)
    assert grammar.checked(outcome).state == "OK"
    assert modules == loaded.needed(name)


@pytest.mark.parametrize("case", sorted(wire.BROKEN))
def test_broken_http(case, here):
    with Adversary(wire.BROKEN[case]) as server:
        for_every_plugin(lambda name: never_ok(name, here(name, "-t", "5", url=server.url)))


@pytest.mark.parametrize("switch", QUICK)
def test_strange_answers(switch, here, harbor):
    harbor.switch(switch)
    for_every_plugin(lambda name: never_ok(name, here(name, "-t", "5")))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 412, 429, 500, 502, 503, 504])
def test_statuses(status, here, harbor):
    harbor.switch(f"status-{status}@/")

    def judged(name):
        printed = grammar.checked(here(name, "-t", "5"))
        if name in runner.HANDSHAKE_ONLY:
            assert printed.state == "OK"
        elif status >= 500:
            assert printed.state == "CRITICAL"
        else:
            assert printed.state != "OK"

    for_every_plugin(judged)


@pytest.mark.parametrize("twist", sorted(twists.TWISTS))
def test_lies(twist, here, harbor):
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.TWISTS[twist]))
    for_every_plugin(lambda name: grammar.checked(here(name, "-t", "2", "-v")))


@pytest.mark.parametrize("page", sorted(twists.PAGES))
def test_pages(page, here, harbor):
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=twists.PAGES[page])
    outcome = here("check_harbor_portal", "--assets", "-t", "3", "-v")
    grammar.checked(outcome)
    assert outcome.seconds < 4


@pytest.mark.parametrize(("number", "case"), list(enumerate(wire.BROKEN_AS_PROCESS)))
def test_broken_http_as_process(number, case, against, plugin_python):
    """In time, too; attacks/test_watchdog.py has the others of them."""
    name = ASKING[number % len(ASKING)]
    with Adversary(wire.BROKEN[case]) as server:
        argv = against(name, "-t", "2", url=server.url)
        never_ok(name, processes.in_time(lambda: processes.timed(plugin_python, name, *argv), 2.3))


@pytest.mark.parametrize(("number", "twist"), list(enumerate(sorted(twists.TWISTS)[::2])))
def test_lies_as_process(number, twist, process, harbor):
    name = ASKING[number % len(ASKING)]
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.TWISTS[twist]))
    grammar.checked(process(name, "-t", "10", "-v"))
