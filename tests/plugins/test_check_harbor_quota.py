"""check_harbor_quota: what an operator sees, also of a Harbor with ten thousand projects."""

from __future__ import annotations

import subprocess

import pytest

from harbor_simulator import Simulator
from support import runner
from support.planted import plant

QUOTAS = "/api/v2.0/quotas"
NO_QUOTA = "Next: look at Administration > Project Quotas; if none is listed there, this service is not needed"
NEXT = "Next: delete unused artifacts in the project and run garbage collection, or raise its quota"
MORE = "Next: raise -t, select projects with --project, or read only the most used ones (--page-limit)"
OK = "OK - 4 projects, 2 of them unlimited, the fullest is tiny at 75.3% of its quota"
MIB = 1024 * 1024


def perfdata(used: str = "75.3", projects: int = 4, unlimited: int = 2, limits: str = "85;99") -> str:
    return f" | time=Ts;;;0 used={used}%;{limits};0 projects={projects};;;0 unlimited={unlimited};;;0"


@pytest.mark.parametrize(
    "recording",
    [
        "a0-fresh/quotas.admin",
        "a1-healthy/quotas.robot-probeall",
        "h-quota-exceeded/quotas",
        "v2-datapath/quotas-sort.admin",
    ],
)
def test_recorded(ask, harbor: Simulator, recording: str) -> None:
    plant(harbor, recording)
    assert ask("quota") == [f"HARBOR QUOTA {OK}{perfdata()}", "exit code 0"]


def test_recorded_one_project(ask, harbor: Simulator) -> None:
    plant(harbor, "h-quota-exceeded/quota-tiny")
    assert ask("quota", "--project", "tiny") == [
        "HARBOR QUOTA OK - 1 project, 0 of them unlimited, the fullest is tiny at 75.3% of its quota"
        + perfdata(projects=1, unlimited=0),
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        pytest.param(
            {"priv": (1000, -500), "pub": (1000, 0)},
            [
                "OK - 2 projects, 0 of them unlimited, the fullest is pub at 0% of its quota" + perfdata("0", 2, 0),
                "exit code 0",
            ],
            id="less than nothing used, as Harbor reckons after deletions",
        ),
        pytest.param(
            {"priv": (1000, 860), "pub": (1000, 900), "tiny": (1000, 1)},
            [
                "WARNING - pub: 90% of its quota used (warning at 85%), priv: 86% of its quota used (warning at 85%)"
                + perfdata("90", 3, 0),
                "WARNING: pub: 90% of its quota used (warning at 85%)",
                "WARNING: priv: 86% of its quota used (warning at 85%)",
                NEXT,
                "exit code 1",
            ],
            id="full, the fullest first",
        ),
        pytest.param(
            {"priv": (1000, 991), "pub": (1000, 1200), "tiny": (1000, 860), "library": (-1, 5000)},
            [
                "CRITICAL - pub: 120% of its quota used (critical at 99%), priv: 99.1% of its quota used "
                "(critical at 99%) (and 1 more)" + perfdata("120", 4, 1),
                "CRITICAL: pub: 120% of its quota used (critical at 99%)",
                "CRITICAL: priv: 99.1% of its quota used (critical at 99%)",
                "WARNING: tiny: 86% of its quota used (warning at 85%)",
                NEXT,
                "exit code 2",
            ],
            id="very full",
        ),
        pytest.param(
            {"library": (-1, 5000)},
            ["OK - 1 project, 1 of them unlimited" + perfdata("0", 1, 1), "exit code 0"],
            id="unlimited",
        ),
        pytest.param(
            {"library": (0, 0)},
            [
                "CRITICAL - library: 100% of its quota used (critical at 99%)" + perfdata("100", 1, 0),
                NEXT,
                "exit code 2",
            ],
            id="a quota of nothing",
        ),
        pytest.param(
            {}, ["UNKNOWN - Harbor lists no quota, so nothing was judged", NO_QUOTA, "exit code 3"], id="no quota"
        ),
    ],
)
def test_states(ask, harbor: Simulator, quotas: dict[str, tuple[int, int]], expected: list[str]) -> None:
    harbor.content.quotas = quotas
    first, *further = expected
    assert ask("quota") == [f"HARBOR QUOTA {first}", *further]


def test_missing_means_zero(ask, harbor: Simulator) -> None:
    rows = [{"ref": {"name": "empty"}, "hard": {"storage": 5}}, {"ref": {"name": "free"}, "hard": {}, "used": {}}]
    harbor.answer(QUOTAS, headers={"X-Total-Count": "2"}, body=rows)
    assert ask("quota") == [
        "HARBOR QUOTA OK - 2 projects, 1 of them unlimited, the fullest is empty at 0% of its quota"
        + perfdata("0", 2, 1),
        "exit code 0",
    ]


def test_options(ask) -> None:
    assert ask("quota", "-w", "50", "-c", "75%", "--exclude", "li*", "--perfdata-for", "t*,pub") == [
        "HARBOR QUOTA CRITICAL - tiny: 75.3% of its quota used (critical at 75%) | time=Ts;;;0 "
        "used_tiny=75.3%;50;75;0 used_pub=0.1%;50;75;0 used=75.3%;50;75;0 projects=3;;;0 unlimited=1;;;0",
        NEXT,
        "exit code 2",
    ]
    assert ask("quota", "--include", "p*") == [
        "HARBOR QUOTA OK - 2 projects, 1 of them unlimited, the fullest is pub at 0.1% of its quota"
        + perfdata("0.1", 2, 1),
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [(["--project", "tiny,nosuch"], "no project is named nosuch"), (["--include", "x*"], "no project matches x*")],
)
def test_no_such_project(ask, chosen: list[str], problem: str) -> None:
    assert ask("quota", *chosen)[::2] == [f"HARBOR QUOTA UNKNOWN - {problem}", "exit code 3"]


def test_ten_thousand_projects_that_fit(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 9996
    assert ask("quota", "-t", "50") == [
        "HARBOR QUOTA OK - 10000 projects, 2 of them unlimited, the fullest is tiny at 75.3% of its quota"
        + perfdata("75.3", 10000),
        "exit code 0",
    ]


def test_only_the_most_used(ask, harbor: Simulator) -> None:
    harbor.content.more_projects, harbor.content.sorts_quotas = 9996, True
    assert ask("quota", "--page-limit", "2") == [
        "HARBOR QUOTA OK - 200 projects (the most used, 200 of 10000), 1 of them unlimited, the fullest is tiny at "
        "75.3% of its quota" + perfdata("75.3", 200, 1),
        "exit code 0",
    ]


def test_a_harbor_that_does_not_sort(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 9996
    harbor.content.quotas = {"tiny": (1000, 900)}
    assert ask("quota", "--page-limit", "2") == [
        "HARBOR QUOTA UNKNOWN - only 200 of 9997 projects checked: this Harbor does not list the most used first"
        + perfdata("69.9", 200, 0),
        MORE,
        "exit code 3",
    ]
    assert ask("quota", "--page-limit", "2", "--include", "team-0999*")[-1] == "exit code 3"


def test_all_alike_is_not_sorted(ask, harbor: Simulator) -> None:
    """The newest projects are empty: that they are all alike does not make them the most used."""
    harbor.content.quotas = {"tiny": (1000, 1000), **{f"new-{number}": (1000, 0) for number in range(150)}}
    outcome = ask("quota", "--page-limit", "1")
    assert outcome[0].startswith("HARBOR QUOTA UNKNOWN - only 100 of 151 projects checked: this Harbor does not list ")


def test_time_runs_out(ask, harbor: Simulator) -> None:
    harbor.content.more_projects = 9996
    harbor.delay(QUOTAS, 0.5)
    first, *further = ask("quota", "-t", "3")
    assert first.startswith("HARBOR QUOTA UNKNOWN - only ")
    assert "00 of 10000 projects checked: time ran out | time=Ts;;;0 used=" in first
    assert further == [MORE, "exit code 3"]


def test_the_line_says_what_was_seen(ask, harbor: Simulator) -> None:
    harbor.content.more_projects, harbor.content.sorts_quotas = 9996, True
    harbor.content.quotas = {"pub": (50000, 49900)}
    harbor.delay(QUOTAS, 0.5)
    first, *further = ask("quota", "-t", "3")
    assert first.startswith("HARBOR QUOTA CRITICAL - pub: 99.8% of its quota used (critical at 99%) (and 1 more) | ")
    assert further[1].startswith("UNKNOWN: only ")
    assert further[2:] == [NEXT, "exit code 2"]


# Through a small process of its own: Linux counts the memory of whoever started a program as that program's, too.
MEASURE = """
import os, subprocess, sys
plugin = subprocess.Popen(sys.argv[1:])
print(os.wait4(plugin.pid, 0)[2].ru_maxrss)
"""


def test_memory_with_ten_thousand_projects(harbor: Simulator, authfile: str, plugin_python: str) -> None:
    harbor.content.more_projects = 9996
    argv = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "-t", "50"]
    command = [plugin_python, "-c", MEASURE, *runner.command("check_harbor_quota", *argv, python=plugin_python)]
    out, kibibytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert out.startswith("HARBOR QUOTA OK - 10000 projects, ")
    assert int(kibibytes) * 1024 < 80 * MIB


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "many", "1GiB"])
def test_usage(ask, number: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        ask("quota", f"--page-limit={number}")
    assert capfd.readouterr().out.startswith("HARBOR QUOTA UNKNOWN - usage: --page-limit: ")
