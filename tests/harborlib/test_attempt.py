"""One judged run: what a probe raises becomes a finding, and what isolation asks on top."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from harborlib import INSTALL, LIMITS
from harborlib.harbor import Run, components, good, platform
from harborlib.harbor.health import HEALTH
from harborlib.judge import Limit, Problem, Reading, Readings
from harborlib.run import Probe, judging, options
from harborlib.text import COUNT, CRITICAL, OK, UNKNOWN, WARNING, nagios
from harborlib.text.report import Report
from harborlib.wire.failure import CONNECT, CONTENT, STATUS, Failure, Kind, Starved, Unusable

import pytest

import check_harbor_pull
from harbor_simulator import Simulator

PING = "/api/v2.0/ping"
REPORT = "report this check_harbor bug and attach the -vvv output"
CORRUPT = Kind("pull.corrupt", CONTENT, CRITICAL, "push it again")

level = Limit("pull.level", "level", COUNT, "level {value}", "1", "5")
wrong = Problem("pull.wrong", CRITICAL, "put it right")
odd = Problem("pull.odd", WARNING)

Work = Callable[[Run], Readings]
Judge = Callable[..., Report]


@pytest.fixture
def judge(harbor: Simulator, authfile: str) -> Judge:
    """A probe named `pull` that does `work`, judged once."""

    def judged(work: Work, *further: str, seconds: float = 5) -> Report:
        probe = Probe(check_harbor_pull.__name__, work, [level, wrong, odd])
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        args = options.parse_arguments(probe.parser(), [*common, *further])
        return judging.examine(probe, args, time.monotonic() + seconds)

    return judged


def raising(error: BaseException) -> Work:
    """Measures one thing, and then fails."""

    def work(run: Run) -> Readings:
        yield level(0.5)
        raise error

    return work


def seeing(*readings: Reading) -> Work:
    def work(run: Run) -> Readings:
        yield from readings
        return "fine"

    return work


def asking_the_registry(run: Run) -> Readings:
    good(run.ask("/v2/", login=True))
    yield level(0)
    return "fine"


def test_all_is_well(judge: Judge, harbor: Simulator) -> None:
    report = judge(seeing(level(0.5)), "--isolate")
    assert (report.state, report.exit_code, report.headline, report.next_step) == (OK, 0, "fine", "")
    assert harbor.requests == [], "a probe that is OK asks nothing on top"


def test_the_worst_leads_and_all_are_shown(judge: Judge) -> None:
    report = judge(seeing(level(2), wrong("it is wrong"), odd("it is odd")))
    assert (report.state, report.headline, report.next_step) == (CRITICAL, "it is wrong", "put it right")
    told = [(part.id, part.state, str(part)) for part in report.parts()[0]]
    assert told == [
        ("pull.wrong", CRITICAL, "it is wrong"),
        ("pull.level", WARNING, "level 2 (warning at 1)"),
        ("pull.odd", WARNING, "it is odd"),
    ]


def test_an_outage_is_not_hidden_by_what_could_not_be_judged(judge: Judge) -> None:
    def work(run: Run) -> Readings:
        yield wrong("it is wrong")
        raise Failure(CONTENT, "the rest cannot be read")

    report = judge(work)
    assert (report.state, report.headline) == (CRITICAL, "it is wrong")
    assert (UNKNOWN, "the rest cannot be read") in [(part.state, part.text) for part in report.parts()[0]]


@pytest.mark.parametrize(
    ("error", "summary", "step"),
    [
        (Unusable("--image: no such thing"), "usage: --image: no such thing", "see check_harbor_pull --help"),
        (ModuleNotFoundError("No module named 'requests'"), "broken installation: No module named 'requests'", INSTALL),
        (KeyError("name"), "internal error: KeyError: 'name'", REPORT),
        (MemoryError(), "this monitoring host has no memory left for the plugin", LIMITS),
        (OSError(24, "Too many"), "this monitoring host has no file descriptors left for the plugin", LIMITS),
        (Starved("threads"), "this monitoring host has no threads left for the plugin", LIMITS),
        (SystemExit(1), "internal error: SystemExit: 1", REPORT),
        (RecursionError("x"), "internal error: RecursionError: x", REPORT),
    ],
)
@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_faults_of_our_own(
    judge: Judge, harbor: Simulator, error: BaseException, summary: str, step: str, isolate: tuple[str, ...]
) -> None:
    """Never a traceback, never another service's failure; what was measured before is kept."""
    report = judge(raising(error), *isolate)
    assert (report.state, report.headline.strip(), report.next_step) == (UNKNOWN, summary, step)
    assert [measure.name for measure in report.measures] == ["level"]
    assert report.cause is None
    assert harbor.requests == []
    assert report.error is error


@pytest.mark.parametrize(
    ("failure", "step"),
    [
        (Failure(CONTENT, "corrupt", state=CRITICAL, next_step="push it again"), "push it again"),
        (Failure(CORRUPT, "corrupt"), "push it again"),
        (Failure(CORRUPT, "corrupt", next_step="push another one"), "push another one"),
    ],
)
def test_a_failure_with_a_state_and_step_of_its_own(judge: Judge, failure: Failure, step: str) -> None:
    report = judge(raising(failure))
    assert (report.state, report.headline, report.next_step) == (CRITICAL, "corrupt", step)
    assert report.findings[-1].id == failure.kind.id


def test_a_second_try(judge: Judge, harbor: Simulator) -> None:
    """Whatever was over before anybody could look is nobody's problem."""
    tries: list[int] = []

    def work(run: Run) -> Readings:
        run.ask(PING)
        tries.append(1)
        if len(tries) == 1:
            yield wrong("it is wrong")
        yield level(0)
        return "fine"

    assert judge(work, "--isolate").state == OK
    assert len(tries) == 2
    tries.clear()
    assert judge(work).state == CRITICAL, "without --isolate nothing is tried twice"
    assert len(tries) == 1


def test_a_refused_login_is_not_tried_again(judge: Judge, harbor: Simulator) -> None:
    """Harbor locks an account for a while after a wrong password."""
    harbor.answer("/v2/", 401, body={"errors": [{"code": "UNAUTHORIZED", "message": "unauthorized"}]})
    report = judge(asking_the_registry, "--isolate")
    assert report.cause
    assert (report.state, report.cause.owner) == (UNKNOWN, "login")
    assert [request.path for request in harbor.requests] == ["/v2/", HEALTH]


def test_a_failure_of_another_owner_is_reported_there(judge: Judge, harbor: Simulator) -> None:
    harbor.switch("core-down")
    report = judge(asking_the_registry, "--isolate")
    assert report.state == UNKNOWN
    first = nagios.text(report, 0).splitlines()[0]
    assert first.endswith(", Harbor as a whole is down (see harbor-health)")
    assert judge(asking_the_registry, "--isolate", "redis").state == CRITICAL, "health is not scheduled"


def test_an_unhealthy_component_is_named_without_isolation_too(judge: Judge, harbor: Simulator) -> None:
    harbor.switch("registry-down")
    report = judge(asking_the_registry)
    assert (report.state, report.cause) == (CRITICAL, None)
    assert report.headline.endswith(", Harbor says registry is unhealthy")
    assert report.next_step == platform.with_commands(components.next_step("registry"), None)
    assert [request.path for request in harbor.requests] == ["/v2/", HEALTH], "nobody logs in once more"


@pytest.mark.parametrize(
    "failure",
    [
        Failure(STATUS, "a permission is missing", status=403, path="/api/v2.0/x", login=True),
        Failure(CONNECT, "refused", path="/api/v2.0/x", login=True),
        Failure(STATUS, "no portal", status=502, path="/"),
        Failure(STATUS, "no report", status=502, path=HEALTH),
    ],
)
def test_nobody_is_asked_what_no_component_explains(judge: Judge, harbor: Simulator, failure: Failure) -> None:
    assert judge(raising(failure)).headline == failure.detail
    assert harbor.requests == []


def test_what_was_begun_is_taken_back(judge: Judge) -> None:
    undone: list[str] = []

    def work(run: Run) -> Readings:
        run.undo["upload"] = lambda: undone.append("upload")
        yield wrong("it is wrong")
        raise Failure(STATUS, "500", status=500)

    assert judge(work).state == CRITICAL
    assert undone == ["upload"]


def test_taking_back_has_a_limit_too(judge: Judge) -> None:
    gate = threading.Event()

    def work(run: Run) -> Readings:
        run.undo["upload"] = lambda: gate.wait(20)
        yield wrong("it is wrong")
        return "fine"

    started = time.monotonic()
    report = judge(work, seconds=0.5)
    assert time.monotonic() - started < 1.5
    assert report.notes == ("left behind: upload",)
    gate.set()


def test_time_runs_out_before_anything_is_asked(judge: Judge) -> None:
    """As on a monitoring host that is overloaded: that is no outage of Harbor."""
    gate = threading.Event()

    def work(run: Run) -> Readings:
        yield level(0.5)
        gate.wait(20)
        return "fine"

    report = judge(work, seconds=0.3)
    assert [measure.name for measure in report.measures] == ["level"], "what was measured before is kept"
    assert (report.state, report.next_step) == (
        UNKNOWN,
        "check the load of this monitoring host, or raise -t",
    )
    assert report.headline.startswith("timed out after 0.2")
    gate.set()
