"""check_harbor_storage: what an operator sees."""

from __future__ import annotations

from typing import Any

import pytest

from harbor_simulator import Simulator
from support.planted import plant
from support.screens import USAGE

VOLUMES = "/api/v2.0/systeminfo/volumes"
NEXT = f"Next: check usage with {USAGE}, then delete images and run garbage collection, or enlarge the volume"
GIB = 1024**3


def perfdata(used: str, free: int) -> str:
    return f" | time=Ts;;;0 used={used}%;80;90;0;100 free={free}B;;;0;268435456 total=268435456B;;;0"


@pytest.mark.parametrize(
    ("recording", "told", "used", "free"),
    [
        ("a0-fresh/volumes.admin", "0.1% of 256 MiB used, 255.8 MiB free", "0.1", 268173312),
        ("a1-healthy/volumes.admin", "0.1% of 256 MiB used, 255.7 MiB free", "0.1", 268140544),
        ("c-storage-gone/volumes", "0.1% of 256 MiB used, 255.7 MiB free", "0.1", 268070912),
        ("c-storage-readonly/volumes", "0.1% of 256 MiB used, 255.7 MiB free", "0.1", 268070912),
    ],
)
def test_recorded(ask, harbor: Simulator, recording: str, told: str, used: str, free: int) -> None:
    plant(harbor, recording)
    assert ask("storage") == [f"HARBOR STORAGE OK - {told}{perfdata(used, free)}", "exit code 0"]


def test_recorded_full(ask, harbor: Simulator) -> None:
    plant(harbor, "c-storage-full/volumes")
    assert ask("storage") == [
        f"HARBOR STORAGE CRITICAL - 100% of the data volume used (critical at 90%){perfdata('100', 0)}",
        NEXT,
        "exit code 2",
    ]


@pytest.mark.parametrize("storage", [[], None, [{}], [{"total": 0, "free": 0}], [{"free": 0}]])
def test_not_reported(ask, harbor: Simulator, storage: object) -> None:
    harbor.answer(VOLUMES, body={"storage": storage})
    assert ask("storage") == [
        "HARBOR STORAGE OK - Harbor reports no data volume (object storage, or Helm): there is nothing to check | "
        "time=Ts;;;0",
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("storage", "line"),
    [
        ({"total": 100 * GIB, "free": 5 * GIB}, "CRITICAL - 95% of the data volume used (critical at 90%)"),
        ({"total": 100 * GIB}, "CRITICAL - 100% of the data volume used (critical at 90%)"),
        ({"total": 100 * GIB, "free": 50 * GIB}, "OK - 50% of 100 GiB used, 50 GiB free"),
        ({"total": 0, "free": 0}, "OK - Harbor reports no data volume (object storage, or Helm): there is nothing"),
        ({}, "UNKNOWN - "),
    ],
)  # fmt: skip
def test_single_object_of_harbor_2_0_and_2_1(ask, harbor: Simulator, storage: object, line: str) -> None:
    harbor.answer(VOLUMES, body={"storage": storage})
    assert ask("storage")[0].startswith(f"HARBOR STORAGE {line}")


def test_options(ask, harbor: Simulator) -> None:
    harbor.answer(VOLUMES, body={"storage": [{"total": 100 * GIB, "free": 15 * GIB}]})
    used = "used=85%;80;90;0;100"
    total = f"total={100 * GIB}B;;;0"
    assert ask("storage") == [
        f"HARBOR STORAGE WARNING - 85% of the data volume used (warning at 80%) | time=Ts;;;0 {used} "
        f"free={15 * GIB}B;;;0;{100 * GIB} {total}",
        NEXT,
        "exit code 1",
    ]
    assert ask("storage", "--free-warning", "20GiB:", "--free-critical", "10GiB:") == [
        "HARBOR STORAGE WARNING - 85% of the data volume used (warning at 80%), "
        "15 GiB of the data volume free (warning below 20 GiB) | "
        f"time=Ts;;;0 {used} free={15 * GIB}B;{20 * GIB}:;{10 * GIB}:;0;{100 * GIB} {total}",
        "WARNING: 85% of the data volume used (warning at 80%)",
        "WARNING: 15 GiB of the data volume free (warning below 20 GiB)",
        NEXT,
        "exit code 1",
    ]
    assert ask("storage", "-w", "~:", "-c", "84.5%") == [
        "HARBOR STORAGE CRITICAL - 85% of the data volume used (critical at 84.5%) | time=Ts;;;0 "
        f"used=85%;~:;84.5;0;100 free={15 * GIB}B;;;0;{100 * GIB} {total}",
        NEXT,
        "exit code 2",
    ]


def test_several_volumes(ask, harbor: Simulator) -> None:
    harbor.answer(VOLUMES, body={"storage": [{"total": 2048, "free": 1024}, {"total": 1000, "free": 1}]})
    assert ask("storage", "-c", "~:") == [
        "HARBOR STORAGE WARNING - 99.9% of the data volume used (warning at 80%) | time=Ts;;;0 used=50%;80;~:;0;100 "
        "free=1024B;;;0;2048 total=2048B;;;0 used_2=99.9%;80;~:;0;100 free_2=1B;;;0;1000 total_2=1000B;;;0",
        NEXT,
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"storage": "full"}, "storage is not a list"),
        ({"storage": ["full"]}, "an object is expected"),
        ({"storage": [{"total": True}]}, "total is not a number"),
        ({"storage": [{"total": 1e300}]}, "total is not a number"),
        ({}, "storage is missing"),
        ([], "an object is expected"),
    ],
)
def test_unexpected_answer(ask, harbor: Simulator, body: Any, problem: str) -> None:
    harbor.answer(VOLUMES, body=body)
    assert ask("storage") == [
        f"HARBOR STORAGE UNKNOWN - unexpected answer to GET {VOLUMES}: {problem}",
        "Next: fetch it with curl; if it looks valid, report a check_harbor bug and attach the -vvv output",
        "exit code 3",
    ]


def test_more_free_than_there_is(ask, harbor: Simulator) -> None:
    """A volume that was enlarged between two answers is not less than empty."""
    harbor.answer(VOLUMES, body={"storage": [{"total": 100, "free": 200}]})
    assert ask("storage")[0].startswith("HARBOR STORAGE OK - 0% of 100 B used, 100 B free | ")
