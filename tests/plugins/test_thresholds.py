"""Thresholds as operators write them: in the sense of the measure, or refused; never an OK that says nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from harborlib.judge.readings import Limit
from harborlib.run.probe import installed
from harborlib.text import units

import pytest

from harbor_simulator import Simulator
from harbor_simulator.records import ScanAll, Security
from support import runner


@pytest.fixture
def days_left(harbor: Simulator) -> Iterator[Simulator]:
    with Simulator(certificate="days-left=20") as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("options", "state", "limits"),
    [
        (("-w", "30d", "-c", "7"), "WARNING", "30:;7:"),
        (("-w", "15", "-c", "7"), "OK", "15:;7:"),
        (("-w", "60", "-c", "30d"), "CRITICAL", "60:;30:"),
    ],
)
def test_days_left(check, days_left: Simulator, options: tuple[str, ...], state: str, limits: str) -> None:
    first = check("certificate", *options, against=days_left)[0]
    assert first.startswith(f"HARBOR CERTIFICATE {state} - ")
    assert f" days_left=20;{limits}" in first


@pytest.mark.parametrize(("options", "code"), [(("-w", "3"), 1), (("-w", "1"), 0), (("-c", "2", "-w", "3"), 2)])
def test_live_pools(ask, options: tuple[str, ...], code: int) -> None:
    """There is one."""
    assert ask("workers", *options)[-1] == f"exit code {code}"


@pytest.mark.parametrize(("option", "code"), [("--free-warning", 1), ("--free-critical", 2)])
def test_free_bytes(ask, option: str, code: int) -> None:
    assert ask("storage", option, "300GiB")[-1] == f"exit code {code}"
    assert ask("storage", option, "1KiB")[-1] == "exit code 0"


@pytest.mark.parametrize(("scanned", "code"), [(95, 0), (80, 1), (40, 2)])
def test_coverage(ask, harbor: Simulator, scanned: int, code: int) -> None:
    harbor.content.security = Security(100, scanned, {"high": 1})
    harbor.content.scan_all = (ScanAll(success=100), None)
    assert ask("vulnerabilities", "-w", "90", "-c", "50")[-1] == f"exit code {code}"


@pytest.mark.parametrize(
    ("probe", "options", "problem"),
    [
        ("health", ("-w", "5", "-c", "1"), "-c alerts before -w: high values are bad, swap the two"),
        ("pull", ("-w", "5", "-c", "1"), "-c alerts before -w: high values are bad, swap the two"),
        ("certificate", ("-w", "7", "-c", "30"), "-c alerts before -w: low values are bad, swap the two"),
        ("robots", ("-w", "0:14d"),
         "-w/--warning: 0:14d alerts only on good values, use 14d:"),
        ("quota", ("-w", "85:"), "-w/--warning: 85: alerts only on good values, use 85"),
        ("gc", ("--running-warning", "2h", "--running-critical", "1h"),
         "--running-critical alerts before --running-warning: high values are bad, swap the two"),
        ("storage", ("--free-warning", "~:20GiB"),
         "--free-warning: ~:20GiB alerts only on good values, use 20GiB:"),
    ],
)  # fmt: skip
def test_refused(probe: str, options: tuple[str, ...], problem: str, capfd: pytest.CaptureFixture[str]) -> None:
    name = f"check_harbor_{probe}"
    with pytest.raises(SystemExit, match="3"):
        runner.here(name, "-H", "harbor.example.com", *runner.NEEDED.get(name, ()), *options)
    assert capfd.readouterr().out.startswith(f"HARBOR {probe.upper()} UNKNOWN - usage: {problem}\n")


def limits() -> list[tuple[str, Limit]]:
    """Every limit of every probe."""
    return [(probe.name, measure) for probe in installed() for measure in probe.measures if isinstance(measure, Limit)]


@pytest.mark.parametrize(("probe", "limit"), limits(), ids=lambda value: getattr(value, "id", value))
def test_defaults_alert_on_the_side_that_is_declared_bad(probe: str, limit: Limit) -> None:
    kind = units.RangeType(limit.unit, limit.bad)
    warning, critical = (kind(text) if text else None for text in limit.defaults)
    for found in filter(None, (warning, critical)):
        assert math.isfinite(found.end) == (limit.bad == units.HIGH)
    assert not (warning and critical and kind.unordered(warning, critical))
