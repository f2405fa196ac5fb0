"""Whatever a server sends: an exit code of 0 to 3, output by the grammar, in time."""

from __future__ import annotations

import pytest

import runner
from contract import grammar, twists, wire
from contract.adversary import Adversary
from simulator.hostile import DISTORTIONS

HANGING = ("slow-drip-header", "slow-drip-body", "endless-body")
QUICK = sorted({*DISTORTIONS} - {*HANGING})


def test_healthy(name, here):
    assert grammar.checked(here(name)).state == "OK"


@pytest.mark.parametrize("case", sorted(wire.BROKEN))
def test_broken_http(name, case, here):
    with Adversary(wire.BROKEN[case]) as server:
        printed = grammar.checked(here(name, "-t", "5", url=server.url))
    assert printed.state in (("OK",) if name in runner.HANDSHAKE_ONLY else ("CRITICAL", "UNKNOWN"))


@pytest.mark.parametrize("switch", QUICK)
def test_strange_answers(name, switch, here, harbor):
    harbor.switch(switch)
    printed = grammar.checked(here(name, "-t", "5"))
    assert printed.state in (("OK",) if name in runner.HANDSHAKE_ONLY else ("CRITICAL", "UNKNOWN"))


@pytest.mark.parametrize("twist", sorted(twists.TWISTS))
def test_lies(name, twist, here, harbor):
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.TWISTS[twist]))
    grammar.checked(here(name, "-t", "5", "-v"))


@pytest.mark.parametrize("page", sorted(twists.PAGES))
def test_pages(page, here, harbor):
    harbor.answer("/", headers={"Content-Type": "text/html"}, body=twists.PAGES[page])
    outcome = here("check_harbor_portal", "--assets", "-t", "3", "-v")
    grammar.checked(outcome)
    assert outcome.seconds < 3.3
