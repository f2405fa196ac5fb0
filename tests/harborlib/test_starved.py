"""A host so busy that only a moment of a probe's time is left when it sends its first request."""

from __future__ import annotations

import importlib
import time

from harborlib.run import judging, options
from harborlib.text import CRITICAL, UNKNOWN
from harborlib.text.report import Report

import pytest

from harbor_simulator import Simulator
from support.runner import NEEDED

PROBES = ("api", "certificate", "component", "health", "login", "portal", "pull", "push", "storage", "v2")


def judged(harbor: Simulator, authfile: str, probe: str, left: float, *further: str) -> Report:
    """The report of a probe of whose time limit so many seconds are left."""
    name = f"check_harbor_{probe}"
    login = [] if probe in ("certificate", "portal", "health", "component") else ["--authfile", authfile]
    argv = ["-H", harbor.url, "--ca-file", harbor.ca_file, *login, *NEEDED[name], *further]
    found = importlib.import_module(name).main.probe
    return judging.examine(found, options.parse_arguments(found.parser(), argv), time.monotonic() + left)


@pytest.mark.parametrize("further", [(), ("--isolate",)], ids=["alone", "isolated"])
@pytest.mark.parametrize("probe", PROBES)
def test_what_is_left_of_our_own_time_proves_nothing(
    harbor: Simulator, authfile: str, probe: str, further: tuple[str, ...]
) -> None:
    harbor.switch("nginx-frozen")
    assert judged(harbor, authfile, probe, 0.15, "-t", "15", *further).state == UNKNOWN


def test_a_request_that_had_its_time_does(harbor: Simulator, authfile: str) -> None:
    harbor.switch("nginx-frozen")
    assert judged(harbor, authfile, "v2", 0.5, "-t", "0.6").state == CRITICAL
