"""One judged run: what a probe raises becomes a result, and what isolation asks on top."""

from __future__ import annotations

import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator

from harborlib import INSTALL
from harborlib.harbor import components
from harborlib.harbor.api import HEALTH, PING, Harbor
from harborlib.judge import judgement
from harborlib.run import attempt, options
from harborlib.run.probes import Probe
from harborlib.text import summaries
from harborlib.text.output import Report
from harborlib.wire.failure import CONNECT, CONTENT, STATUS, Failure, Unusable

import nagiosplugin
import pytest
from nagiosplugin import Critical, Warn

from harbor_simulator import Simulator

Run = Callable[..., Report]
REPORT = "report this bug of check_harbor with the output of -vvv"


class Resource(nagiosplugin.Resource):
    """What a test wants it to do; it says so, too."""

    fine = "fine"

    def __init__(self, harbor: Harbor, work: Callable[[Harbor], Iterator[nagiosplugin.Metric]]) -> None:
        self.harbor = harbor
        self.work = work

    def probe(self) -> Iterator[nagiosplugin.Metric]:
        return self.work(self.harbor)


@pytest.fixture
def run(harbor: Simulator, authfile: str) -> Run:
    """A probe named `pull` whose resource does `work`, judged once."""

    def judge(work: Callable, *further: str, seconds: float = 5) -> Report:
        def check(args: Namespace, client: Harbor) -> nagiosplugin.Check:
            resource = Resource(client, work)
            return nagiosplugin.Check(
                resource,
                judgement.Threshold("level", nagiosplugin.Range("1"), nagiosplugin.Range("5"), "level {value}"),
                judgement.Finding("wrong", Critical, "put it right"),
                judgement.Finding("odd", Warn),
                summaries.Summary(resource),
            )

        probe = Probe("pull", "Is it?", lambda parser: None, check)
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
        args = options.parse(probe.parser(), [*common, *further])
        return attempt.examine(probe, args, time.monotonic() + seconds)

    return judge


def raising(error: BaseException) -> Callable[[Harbor], Iterator[nagiosplugin.Metric]]:
    """Measures one thing, and then fails."""

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        yield nagiosplugin.Metric("level", 0.5, "s", context="level")
        raise error

    return work


def metrics(*pairs: tuple[str, object]) -> Callable[[Harbor], Iterator[nagiosplugin.Metric]]:
    return lambda client: (nagiosplugin.Metric(name, value, context=name) for name, value in pairs)


def test_all_is_well(run: Run, harbor: Simulator) -> None:
    report = run(metrics(("level", 0.5), ("wrong", "")), "--isolate")
    assert (report.state, report.exit_code, report.summary, report.next_step) == ("OK", 0, "fine", "")
    assert harbor.requests == [], "a probe that is OK asks nothing on top"


def test_the_worst_leads_and_all_are_told(run: Run) -> None:
    report = run(metrics(("level", 2), ("wrong", "it is wrong"), ("odd", "it is odd")))
    assert (report.state, report.summary, report.next_step) == ("CRITICAL", "it is wrong", "put it right")
    told = [(part.state, part.text) for part in report.parts]
    assert told == [("CRITICAL", "it is wrong"), ("WARNING", "level 2 (warning at 1)"), ("WARNING", "it is odd")]


def test_an_outage_is_not_hidden_by_what_could_not_be_judged(run: Run) -> None:
    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        yield nagiosplugin.Metric("wrong", "it is wrong")
        raise Failure(CONTENT, "the rest is not understood")

    report = run(work)
    assert (report.state, report.summary) == ("CRITICAL", "it is wrong")
    assert ("UNKNOWN", "the rest is not understood") in [(part.state, part.text) for part in report.parts]


@pytest.mark.parametrize(
    ("error", "summary", "step"),
    [
        (Unusable("--image: no such thing"), "usage: --image: no such thing", "see check_harbor_pull --help"),
        (ModuleNotFoundError("No module named 'requests'"), "broken installation: No module named 'requests'", INSTALL),
        (
            KeyError("name"),
            "internal error: KeyError: 'name'",
            REPORT,
        ),
        (MemoryError(), "this monitoring host has no memory left for the plugin", LIMITS),
        (OSError(24, "Too many"), "this monitoring host has no file descriptors left for the plugin", LIMITS),
        (Starved("threads"), "this monitoring host has no threads left for the plugin", LIMITS),
        (SystemExit(1), "internal error: SystemExit: 1", REPORT),
        (
            RecursionError("x"),
            "internal error: RecursionError: x",
            REPORT,
        ),
    ],
)
@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_faults_of_our_own(
    run: Run, harbor: Simulator, error: BaseException, summary: str, step: str, isolate: tuple[str, ...]
) -> None:
    """Never a traceback, never somebody else's; what was measured before is kept."""
    report = run(raising(error), *isolate)
    assert (report.state, report.summary.strip(), report.next_step) == ("UNKNOWN", summary, step)
    assert [measure.name for measure in report.measures] == ["level"]
    assert report.cause is None
    assert harbor.requests == []
    assert report.error is error


def test_a_failure_with_a_state_and_step_of_its_own(run: Run) -> None:
    report = run(raising(Failure(CONTENT, "corrupt", state="critical", next_step="push it again")))
    assert (report.state, report.summary, report.next_step) == ("CRITICAL", "corrupt", "push it again")


def test_a_second_try(run: Run, harbor: Simulator) -> None:
    """Whatever was over before anybody could look is nobody's problem."""
    tries: list[int] = []

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        client.ask(PING)
        tries.append(1)
        yield nagiosplugin.Metric("wrong", "it is wrong" if len(tries) == 1 else "")

    assert run(work, "--isolate").state == "OK"
    assert len(tries) == 2
    tries.clear()
    assert run(work).state == "CRITICAL", "without --isolate nothing is tried twice"
    assert len(tries) == 1


def test_a_refused_login_is_not_tried_again(run: Run, harbor: Simulator) -> None:
    """Harbor locks an account for a while after a wrong password."""

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        harbor.answer("/v2/", 401)
        client.good(client.ask("/v2/", login=True))
        yield nagiosplugin.Metric("level", 0)

    report = run(work, "--isolate")
    assert report.cause
    assert (report.state, report.cause.owner) == ("UNKNOWN", "login")
    assert [request.path for request in harbor.requests] == ["/v2/", HEALTH]


def test_somebody_else_s_failure_is_theirs(run: Run, harbor: Simulator) -> None:
    harbor.switch("core-down")

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        client.good(client.ask("/v2/", login=True))
        yield nagiosplugin.Metric("level", 0)

    report = run(work, "--isolate")
    assert report.state == "UNKNOWN"
    first = report.nagios(0).splitlines()[0]
    assert first.endswith("; the whole of Harbor is affected (see check_harbor_health)")
    assert run(work, "--isolate", "redis").state == "CRITICAL", "health is not scheduled"


def test_an_unhealthy_component_is_named_without_isolation_too(run: Run, harbor: Simulator) -> None:
    harbor.switch("registry-down")

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        client.good(client.ask("/v2/", login=True))
        yield nagiosplugin.Metric("level", 0)

    report = run(work)
    assert (report.state, report.cause) == ("CRITICAL", None)
    assert report.summary.endswith("; Harbor says registry is unhealthy")
    assert report.next_step == components.next_step("registry")
    assert [request.path for request in harbor.requests] == ["/v2/", HEALTH], "nobody logs in once more"


@pytest.mark.parametrize(
    "failure",
    [
        Failure(STATUS, "a right is missing", status=403, path="/api/v2.0/x", login=True),
        Failure(CONNECT, "refused", path="/api/v2.0/x", login=True),
        Failure(STATUS, "no portal", status=502, path="/"),
        Failure(STATUS, "no report", status=502, path=HEALTH),
    ],
)
def test_nobody_is_asked_what_no_component_explains(run: Run, harbor: Simulator, failure: Failure) -> None:
    assert run(raising(failure)).summary == failure.detail
    assert harbor.requests == []


def test_what_was_begun_is_taken_back(run: Run) -> None:
    undone: list[str] = []

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        client.undo["upload"] = lambda: undone.append("upload")
        yield nagiosplugin.Metric("wrong", "it is wrong")
        raise Failure(STATUS, "500", status=500)

    assert run(work).state == "CRITICAL"
    assert undone == ["upload"]


def test_taking_back_has_a_limit_too(run: Run) -> None:
    gate = threading.Event()

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        client.undo["upload"] = lambda: gate.wait(20)
        yield nagiosplugin.Metric("wrong", "it is wrong")

    started = time.monotonic()
    report = run(work, seconds=0.5)
    assert time.monotonic() - started < 1.5
    assert report.notes == ("left behind: the upload",)
    gate.set()


def test_time_runs_out_before_anything_is_asked(run: Run) -> None:
    """As on a monitoring host that is overloaded: that is no outage of Harbor."""
    gate = threading.Event()

    def work(client: Harbor) -> Iterator[nagiosplugin.Metric]:
        yield nagiosplugin.Metric("level", 0.5, context="level")
        gate.wait(20)

    report = run(work, seconds=0.3)
    assert (report.state, report.next_step) == (
        "UNKNOWN",
        "look at the load of this monitoring host, or give -t more time",
    )
    assert report.summary.startswith("timed out after 0.2")
    gate.set()
