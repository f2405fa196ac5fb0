"""--unreachable: the state of a Harbor that cannot be reached, and of nothing else."""

from __future__ import annotations

import pytest

from contract import grammar
from contract.conftest import for_every_plugin
from support import runner

STATES = ("ok", "warning", "critical", "unknown")


@pytest.mark.parametrize("state", STATES)
def test_state(state, here):
    why = " (--unreachable ok)" if state == "ok" else ""
    told = "cannot connect to 127.0.0.1:1: Connection refused (given with --connect-to)"

    def chosen(name):
        printed = grammar.checked(here(name, "-I", "127.0.0.1:1", "--unreachable", state))
        assert (printed.state, printed.cause) == (state.upper(), told + why)
        assert bool(printed.next_step) is (state != "ok")

    for_every_plugin(chosen)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("switch", ["nginx-frozen", "status-502@/", "reset"])
def test_other_failures(state, switch, here, harbor):
    """What decides is common to all plugins: they take turns."""
    harbor.switch(switch)
    for name in runner.NAMES[STATES.index(state) :: 4]:
        if name in runner.HANDSHAKE_ONLY and switch != "nginx-frozen":
            assert here(name, "--unreachable", state).code == 0
        else:
            seconds = "3" if name in runner.RUNS_OTHERS else "0.5"
            assert grammar.checked(here(name, "--unreachable", state, "-t", seconds)).state == state.upper()


@pytest.mark.parametrize("state", STATES)
def test_isolated(state, here):
    """A failure that another service reports is UNKNOWN, whatever the state."""

    def judged(name):
        outcome = here(name, "-I", "127.0.0.1:1", "--unreachable", state, "--isolate", "health")
        if state == "ok":
            assert outcome.code == 0
        elif name == "check_harbor_health" or name in runner.RUNS_OTHERS:
            assert grammar.checked(outcome).state == state.upper()
        else:
            printed = grammar.checked(outcome)
            assert printed.state == "UNKNOWN"
            assert printed.text.endswith("(see harbor-health)")

    for_every_plugin(judged)


@pytest.mark.parametrize("owners", ["database", "portal,redis"])
def test_owner_that_is_not_scheduled_owns_nothing(owners, here):
    def pages(name):
        assert grammar.checked(here(name, "-I", "127.0.0.1:1", "--isolate", owners)).state == "CRITICAL"

    for_every_plugin(pages)


def test_what_is_reached_is_judged(here, harbor):
    harbor.switch("registry-down")
    for state in STATES:
        assert here("check_harbor_component", "--unreachable", state).code == 2
