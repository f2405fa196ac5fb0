"""What the fire drill says of an engine that pages rightly, wrongly, or is lost; the engine is a scripted one."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from harbor_simulator.drill.engine import LostError, Page, Service, UnusableError
from harbor_simulator.drill.failures import Failure, chosen
from harbor_simulator.drill.rehearsal import Rehearsal
from harbor_simulator.drill.report import table

OWNER, OTHER = "harbor-component-registry", "harbor-v2"


class Scripted:
    """An engine whose service fails with the simulator, and that sends these pages for a failure and its end."""

    name, lag = "scripted", 0.0

    def __init__(self, sends: list[tuple[str, str, str]], muted: str = "") -> None:
        self._sends, self._muted = sends, muted
        self.sent: list[Page] = []
        self.changes: list[str] = []

    def start(self) -> None:
        """Nothing to verify."""
        self.changes.append("start")

    def close(self) -> None:
        """Nothing to end."""

    def change(self, failure: Failure | None) -> None:
        self.changes.append(failure.name if failure else "")
        kind = "PROBLEM" if failure else "RECOVERY"
        self.sent += [Page(time.time(), kind, service, who) for when, service, who in self._sends if when == kind]

    def services(self) -> dict[str, Service]:
        checked = time.time() + 1
        return {name: Service(name, 0, True, checked, 60, 30, 1, self._muted) for name in (OWNER, OTHER)}

    def pages(self) -> list[Page]:
        return list(self.sent)


def drilled(engine: Scripted, *names: str) -> Rehearsal:
    rehearsal = Rehearsal(engine, engine.change, wait=0, hold=0, say=lambda _: None)
    rehearsal.run(chosen(",".join(names or ("registry-down",))))
    return rehearsal


BOTH = [("PROBLEM", OWNER, "anna"), ("PROBLEM", OWNER, "ben"), ("RECOVERY", OWNER, "anna"), ("RECOVERY", OWNER, "ben")]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes later than at once from a scripted engine."""
    monkeypatch.setattr(Service, "limit", lambda *_: 0.0)


@pytest.mark.parametrize(
    ("sends", "line"),
    [
        (BOTH, "anna,ben 0 yes - ok"),
        ([], "nobody - - - WRONG"),
        (BOTH[:2], "anna,ben 0 NO - WRONG"),
        ([*BOTH, ("PROBLEM", OTHER, "anna")], "anna,ben 0 yes harbor-v2 PROBLEM WRONG"),
        ([*BOTH, ("PROBLEM", OWNER, "ben")], f"anna,ben 0 yes {OWNER} PROBLEM again WRONG"),
    ],
    ids=["right", "nobody paged", "no recovery", "stray", "twice"],
)
def test_row(sends: list[tuple[str, str, str]], line: str) -> None:
    engine = Scripted(sends)
    rows = drilled(engine).rows
    assert " ".join(table(rows).splitlines()[1].split()) == f"registry-down {OWNER} {line}"
    assert (rows[0].right, rows[0].wrong) == (line.endswith("ok"), line.endswith("WRONG"))
    assert engine.changes == ["registry-down", ""]


def test_a_service_that_the_host_does_not_have_is_skipped() -> None:
    rows = drilled(Scripted(BOTH), "trivy-down", "registry-down").rows
    assert [(row.right, row.wrong) for row in rows] == [(False, False), (True, False)]
    assert "trivy-down: skipped, this host has no harbor-component-trivy" in table(rows)


def test_nobody_would_be_notified() -> None:
    with pytest.raises(UnusableError, match=f"nobody would be notified: {OWNER}: it is in a downtime"):
        drilled(Scripted(BOTH, muted="it is in a downtime"))


def test_an_interrupt_repairs(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Scripted([])
    pages: Callable[[], list[Page]] = engine.pages

    def interrupted() -> list[Page]:
        if engine.changes == ["registry-down"]:
            raise KeyboardInterrupt
        return pages()

    monkeypatch.setattr(engine, "pages", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drilled(engine)
    assert engine.changes == ["registry-down", ""]


def lost(engine: Scripted, times: int) -> None:
    """Let an engine lose its pages during the first failures."""
    pages: Callable[[], list[Page]] = engine.pages

    def losing() -> list[Page]:
        if engine.changes[-1:] == ["registry-down"] and engine.changes.count("registry-down") <= times:
            raise LostError("the stream broke off")
        return pages()

    engine.pages = losing  # type: ignore[method-assign]


def test_an_engine_that_is_reloaded_gets_the_failure_again() -> None:
    engine = Scripted(BOTH)
    lost(engine, times=1)
    rows = drilled(engine).rows
    assert engine.changes == ["registry-down", "", "start", "registry-down", ""]
    assert [(row.right, row.wrong) for row in rows] == [(True, False)]


def test_an_engine_that_is_lost_twice_ends_the_drill() -> None:
    engine = Scripted(BOTH)
    lost(engine, times=2)
    with pytest.raises(LostError):
        drilled(engine)
    assert engine.changes == ["registry-down", "", "start", "registry-down", ""]
