"""check_harbor_robots: what an operator sees."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from harbor_simulator import MONITOR, Simulator
from harbor_simulator.content import DAY, HOUR
from harbor_simulator.records import Robot
from support import runner
from support.planted import NOW, peak, plant

MIB = 1024 * 1024
PROLONG = "Next: extend it in the web UI (Robot Accounts > Edit, its secret stays the same), or delete it"
COMPARE = "Next: compare --include with the names in Harbor: a robot account sees only what its permissions cover"
ENABLE = "Next: enable it in the web UI (Robot Accounts), or delete it"
MORE = "Next: raise -t, or split the projects across services with --project"
HERE = "at the system level (project ones not checked)"


def perfdata(
    robots: int, expired: int = 0, disabled: int = 0, left: float | None = None, warning: float = 7 * DAY
) -> str:
    counts = f"robots={robots};;;0 expired={expired};;;0 disabled={disabled};;;0"
    return f" | time=Ts;;;0 {counts}" + (
        "" if left is None else f" left={left:.0f}s" + (f";{warning:.0f}:" if warning else "")
    )


def robot(number: int, name: str, left: float | None, life: float = 90 * DAY, **traits: Any) -> Robot:
    """An account with so many seconds left of its life, None: without an end."""
    expires = -1 if left is None else NOW + left
    return Robot(number, f"robot${name}", NOW - 100 * DAY if left is None else expires - life, expires, **traits)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("a0-fresh/robots.admin", [f"OK - 0 robot accounts {HERE}" + perfdata(0), "exit code 0"]),
        ("a1-healthy/robots.admin", [f"OK - 1 robot account {HERE}" + perfdata(1), "exit code 0"]),
        ("a1-healthy/robots.robot-probeall", [f"OK - 1 robot account {HERE}" + perfdata(1), "exit code 0"]),
        (
            "e-robots/robots-list",
            [
                "WARNING - robot$syspull: disabled 7 s ago" + perfdata(3, disabled=1, left=2591988),
                ENABLE,
                "exit code 1",
            ],
        ),
        (
            "e-robots/project-robots-list",
            [
                f"OK - 2 robot accounts {HERE}, robot$priv+projpull expires first (in 29 d)"
                + perfdata(2, left=2591988),
                "exit code 0",
            ],
        ),
        (
            "k-robots-api/find",
            [
                f"OK - 1 robot account {HERE}, robot$monitoring expires first (in 30 d)" + perfdata(1, left=2592000),
                "exit code 0",
            ],
        ),
    ],
)
def test_recorded(ask, harbor: Simulator, answer: str, expected: list[str]) -> None:
    plant(harbor, answer)
    first, *further = expected
    assert ask("robots") == [f"HARBOR ROBOTS {first}", *further]


@pytest.mark.parametrize(
    ("robots", "expected"),
    [
        pytest.param(
            [robot(1, "ci", 7 * DAY), robot(2, "old", None)],
            [f"OK - 2 robot accounts {HERE}, robot$ci expires first (in 7 d)" + perfdata(2, left=7 * DAY),
             "exit code 0"],
            id="a week is enough",
        ),
        pytest.param(
            [robot(1, "ci", 6 * DAY)],
            ["WARNING - robot$ci: expires in 6 d, 2026-11-28 12:00 UTC" + perfdata(1, left=6 * DAY), PROLONG,
             "exit code 1"],
            id="soon",
        ),
        pytest.param(
            [robot(1, "short", 6 * HOUR, life=DAY)],
            [f"OK - 1 robot account {HERE}, robot$short expires first (in 6 h)"
             + perfdata(1, left=6 * HOUR, warning=6 * HOUR), "exit code 0"],
            id="a quarter of a short life is enough",
        ),
        pytest.param(
            [robot(1, "short", 5 * HOUR, life=DAY)],
            ["WARNING - robot$short: expires in 5 h, 2026-11-22 17:00 UTC"
             + perfdata(1, left=5 * HOUR, warning=6 * HOUR), PROLONG, "exit code 1"],
            id="soon for a short life",
        ),
        pytest.param(
            [robot(1, "monitor", 6 * DAY), robot(2, "ci", DAY)],
            [
                "CRITICAL - robot$monitor (used by this probe): expires in 6 d, 2026-11-28 12:00 UTC (and 1 more)"
                + perfdata(2, left=DAY),
                "CRITICAL: robot$monitor (used by this probe): expires in 6 d, 2026-11-28 12:00 UTC",
                "WARNING: robot$ci: expires in 1 d, 2026-11-23 12:00 UTC",
                PROLONG,
                "exit code 2",
            ],
            id="our own",
        ),
        pytest.param(
            [robot(1, "ci", -29 * DAY)],
            ["WARNING - robot$ci: expired 29 d ago, 2026-10-24 12:00 UTC" + perfdata(1, 1, left=-29 * DAY), PROLONG,
             "exit code 1"],
            id="expired",
        ),
        pytest.param(
            [robot(1, "ci", -31 * DAY)],
            [f"OK - 1 robot account {HERE}, 1 expired" + perfdata(1, 1), "exit code 0"],
            id="expired long ago",
        ),
        pytest.param(
            [robot(1, "hacked", -DAY, life=-2 * DAY)],
            ["WARNING - robot$hacked: expired 1 d ago, 2026-11-21 12:00 UTC"
             + perfdata(1, 1, left=-DAY, warning=0), PROLONG,
             "exit code 1"],
            id="expired before it was made",
        ),
        pytest.param(
            [robot(1, "ci", 90 * DAY, disabled=True, updated=NOW - 29 * DAY)],
            ["WARNING - robot$ci: disabled 29 d ago" + perfdata(1, disabled=1), ENABLE, "exit code 1"],
            id="disabled",
        ),
        pytest.param(
            [robot(1, "ci", 6 * DAY, disabled=True, updated=NOW - 31 * DAY)],
            [f"OK - 1 robot account {HERE}, 1 disabled" + perfdata(1, disabled=1), "exit code 0"],
            id="disabled long ago",
        ),
        pytest.param(
            [robot(number, f"ci-{number}", number * HOUR) for number in range(12, 0, -1)],
            [
                "WARNING - robot$ci-1: expires in 1 h, 2026-11-22 13:00 UTC (and 11 more)" + perfdata(12, left=HOUR),
                *[f"WARNING: robot$ci-{number}: expires in {number} h, 2026-11-2{2 + number // 12} "
                  f"{(12 + number) % 24:02}:00 UTC" for number in range(1, 13)],
                PROLONG,
                "exit code 1",
            ],
            id="the next to expire comes first",
        ),
    ],
)  # fmt: skip
def test_states(ask, harbor: Simulator, robots: list[Robot], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.robots = robots
    first, *further = expected
    assert ask("robots") == [f"HARBOR ROBOTS {first}", *further]


def test_options(ask, harbor: Simulator) -> None:
    harbor.content.now = NOW
    harbor.content.robots = [robot(1, "ci", 10 * DAY), robot(2, "cd", 20 * DAY), robot(3, "monitor", 25 * DAY)]
    assert ask("robots", "-w", "14d:", "-c", "12h:", "--robot", "*c*", "--exclude", "*d", "--perfdata-for", "*") == [
        "HARBOR ROBOTS WARNING - robot$ci: expires in 10 d, 2026-12-02 12:00 UTC | "
        "time=Ts;;;0 'left_robot$ci'=864000s;1209600:;43200: robots=1;;;0 expired=0;;;0 disabled=0;;;0 "
        "left=864000s;1209600:;43200:",
        PROLONG,
        "exit code 1",
    ]
    assert ask("robots", "-c", "15d:")[0].startswith("HARBOR ROBOTS CRITICAL - robot$ci: expires in 10 d")
    assert ask("robots", "-w", "28d:", "--robot", MONITOR)[0].startswith("HARBOR ROBOTS CRITICAL - robot$monitor (used")
    assert ask("robots", "-w", "~:")[-1] == "exit code 0"


def test_details(ask, harbor: Simulator) -> None:
    """That our own account expires is a problem of its own."""
    harbor.content.now = NOW
    harbor.content.robots = [robot(1, "monitor", 6 * DAY), robot(2, "ci", DAY), robot(3, "old", 60 * DAY)]
    assert ask("robots", "-v")[1:-1] == [
        "CRITICAL: robot$monitor (used by this probe): expires in 6 d, 2026-11-28 12:00 UTC [robots.own-expiring]",
        "WARNING: robot$ci: expires in 1 d, 2026-11-23 12:00 UTC [robots.expiring]",
        "OK: robot$old: expires in 60 d",
        PROLONG,
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (("--project", "priv,pub"), ["OK - 2 robot accounts in 2 projects, robot$pub+ci expires first (in 10 d)"
                                     + perfdata(2, left=10 * DAY), "exit code 0"]),
        (("--project", "t*"), ["WARNING - robot$tiny+ci: expires in 2 d, 2026-11-24 12:00 UTC"
                               + perfdata(1, left=2 * DAY), PROLONG, "exit code 1"]),
        (("--project", "*", "--robot", "*priv*"), ["OK - 1 robot account in 4 projects, robot$priv+ci expires first "
                                                   "(in 30 d)" + perfdata(1, left=30 * DAY), "exit code 0"]),
        (("--project", "nosuch"), ["UNKNOWN - no project is named nosuch", COMPARE, "exit code 3"]),
        (("--robot", "robot$gone"), ["UNKNOWN - no robot account is named robot$gone", COMPARE, "exit code 3"]),
    ],
)  # fmt: skip
def test_projects(ask, harbor: Simulator, chosen: tuple[str, ...], expected: list[str]) -> None:
    harbor.content.now = NOW
    harbor.content.robots = [
        robot(1, "system", DAY),
        robot(2, "pub+ci", 10 * DAY, project=2),
        robot(3, "priv+ci", 30 * DAY, project=3),
        robot(4, "tiny+ci", 2 * DAY, project=4),
    ]
    first, *further = expected
    assert ask("robots", *chosen) == [f"HARBOR ROBOTS {first}", *further]


def test_unexpected_answer(ask, harbor: Simulator) -> None:
    harbor.answer("/api/v2.0/robots", body=[{"name": "robot$ci"}])
    assert ask("robots")[0] == (
        "HARBOR ROBOTS UNKNOWN - unexpected answer to GET /api/v2.0/robots: expires_at is missing"
    )


def test_ten_thousand_accounts(harbor: Simulator, authfile: str) -> None:
    harbor.content.now = NOW
    harbor.content.robots = [robot(number, f"ci-{number:05}", 30 * DAY + number) for number in range(10000)]
    out, size = peak(command(harbor, authfile, "-t", "50"))
    assert out.startswith(f"HARBOR ROBOTS OK - 10000 robot accounts {HERE}, robot$ci-00000 expires first (in 30 d) | ")
    assert size < 80 * MIB


def test_ten_thousand_projects(harbor: Simulator, authfile: str) -> None:
    """Ten thousand questions take longer than there is time; what was not looked at is not fine."""
    harbor.content.more_projects, harbor.content.more_robots = 9996, 3
    out, size = peak(command(harbor, authfile, "--project", "*", "-t", "6"))
    first, step = out.splitlines()
    assert first.startswith("HARBOR ROBOTS UNKNOWN - only ")
    assert " of 10000 projects checked: time ran out | " in first
    assert step == MORE
    assert size < 80 * MIB


def command(harbor: Simulator, authfile: str, *options: str) -> list[str]:
    common = ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile)
    return runner.command("check_harbor_robots", *common, *options, python=sys.executable)
