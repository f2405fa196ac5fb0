"""--unreachable: the state of a Harbor that cannot be reached, and of nothing else."""

from __future__ import annotations

import pytest

from contract import grammar
from support import runner

STATES = ("ok", "warning", "critical", "unknown")


@pytest.mark.parametrize("state", STATES)
def test_state(name, state, here):
    printed = grammar.checked(here(name, "-I", "127.0.0.1:1", "--unreachable", state))
    why = " (--unreachable ok)" if state == "ok" else ""
    told = "cannot connect to 127.0.0.1:1: Connection refused (given with --connect-to)"
    assert (printed.state, printed.cause) == (state.upper(), told + why)
    assert bool(printed.next_step) is (state != "ok")


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
def test_isolated(name, state, here):
    """A failure that another service reports is UNKNOWN, whatever the state."""
    outcome = here(name, "-I", "127.0.0.1:1", "--unreachable", state, "--isolate", "health")
    if state == "ok":
        assert outcome.code == 0
    elif name == "check_harbor_health" or name in runner.RUNS_OTHERS:
        assert grammar.checked(outcome).state == state.upper()
    else:
        printed = grammar.checked(outcome)
        assert printed.state == "UNKNOWN"
        assert printed.text.endswith("(see harbor-health)")


@pytest.mark.parametrize("owners", ["database", "portal,redis"])
def test_owner_that_is_not_scheduled_owns_nothing(name, owners, here):
    assert grammar.checked(here(name, "-I", "127.0.0.1:1", "--isolate", owners)).state == "CRITICAL"


def test_what_is_reached_is_judged(here, harbor):
    harbor.switch("registry-down")
    for state in STATES:
        assert here("check_harbor_component", "--unreachable", state).code == 2
