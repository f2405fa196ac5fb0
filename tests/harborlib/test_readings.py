"""Readings and their judgment: what a declaration says of a value, with which limits, in which perfdata."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from harborlib.judge import SLOW, STANDSTILL, Limit, Problem, Readings, ResponseTime, Selectable, Shown, measured
from harborlib.judge.measured import Measured
from harborlib.judge.readings import Measure, Reading
from harborlib.text import BYTES, COUNT, CRITICAL, OK, SECONDS, UNKNOWN, WARNING, Summary, cleaning
from harborlib.text.finding import Finding
from harborlib.text.units import LOW
from harborlib.wire.failure import Failure

import pytest

waiting = Limit("queue.waiting", "wait", SECONDS, "waits {value}", "60", "2min", help="how long", next_step="look")
free = Limit("storage.free", "free", BYTES, "{value} of {volume} free", "10:", option="free", bad=LOW, help="room")
paused = Problem("queue.paused", WARNING, "resume", STANDSTILL)
total = Shown("total", COUNT, "{value} in all")
slow = ResponseTime("api.slow", "1", "5")
things = Selectable("thing", "things", "--thing")


def options(*argv: str, of: tuple[Measure, ...] = (waiting, free, slow)) -> Namespace:
    """The arguments of a probe that has these limits; the last one declared under -w and -c counts."""
    parser = ArgumentParser(conflict_handler="resolve")
    for measure in of:
        measure.declare(parser)
    things.declare(parser)
    return parser.parse_args(argv)


def run(
    readings: Callable[[], Readings], args: Namespace, time: Reading | None = None
) -> tuple[Measured, list[Finding], list[str]]:
    """Measure and judge: the resource, the findings, the perfdata."""
    resource = Measured(readings(), args, lambda: time)
    check = measured.check(resource)
    check()
    return resource, [result.finding for result in measured.results(check)], list(map(str, measured.perfdata(check)))


@pytest.mark.parametrize(
    ("seconds", "state", "text", "limit", "step"),
    [
        (30, OK, "waits 30 s", "", ""),
        (90, WARNING, "waits 1 min 30 s", "warning at 1 min", "look"),
        (150, CRITICAL, "waits 2 min 30 s", "critical at 2 min", "look"),
    ],
)
def test_limit(seconds: float, state: str, text: str, limit: str, step: str) -> None:
    found = waiting.judge(waiting(seconds), options(of=(waiting,)))
    assert (found.id, found.state, found.text, found.limit, found.next_step) == (
        "queue.waiting",
        state,
        text,
        limit,
        step,
    )


class TestPossible:
    """A number outside of what can be: the nearest that can where a measure is clamped, else an unexpected answer."""

    between_clocks = Limit("queue.waiting", "wait", SECONDS, "waits {value}", "60", "2min", clamped=True)
    share = Limit("x.share", "share", COUNT, "{value}", "90:")

    @pytest.mark.parametrize(("value", "high", "seen"), [(-1, None, 0), (-3600, 50, 0), (70, 50, 50), (30, 50, 30)])
    def test_clamped(self, value: float, high: float | None, seen: float) -> None:
        reading = self.between_clocks(value, high=high)
        assert (reading.value, self.between_clocks.worst(value, high=high).value) == (seen, seen)
        assert self.between_clocks.judge(reading, options(of=(self.between_clocks,))).state == OK

    @pytest.mark.parametrize(("value", "text"), [(-1, "-1"), (133.33, "133.33")])
    def test_refused(self, value: float, text: str) -> None:
        for read in (self.share, self.share.worst):
            with pytest.raises(Failure, match=f"^unexpected answer: share cannot be {text}$"):
                read(value, high=100)

    def test_without_a_smallest(self) -> None:
        assert Shown("left", SECONDS, low=None)(-5).value == -5


def test_a_problem_carries_the_numbers_behind_its_text() -> None:
    found = waiting.judge(waiting(150), options(of=(waiting,)))
    assert found.values == {"value": 150, "unit": "s", "limit": "120"}


def test_limits_are_the_options() -> None:
    args = options("-w", "1h", "-c", "~:", "--free-warning", "2KiB:", of=(waiting, free))
    assert waiting.judge(waiting(150), args).state == OK
    assert str(free.judge(free(1000, volume="/data"), args)) == "1000 B of /data free (warning below 2 KiB)"


def test_one_of_many_is_named_and_has_perfdata_where_asked_for() -> None:
    def readings() -> Readings:
        for name, seconds in (("a", 30), ("b", 90)):
            yield waiting(seconds, of=name)
        yield waiting.worst(90)
        return "fine"

    _, found, perfdata = run(readings, options("--perfdata-for", "b", of=(waiting,)))
    assert [str(finding) for finding in found] == ["a: waits 30 s", "b: waits 1 min 30 s (warning at 1 min)", ""]
    assert [finding.subject for finding in found] == ["a", "b", ""]
    assert perfdata == ["wait_b=90s;60;120;0", "wait=90s;60;120;0"]


def test_no_half_of_a_secret_is_in_a_label() -> None:
    """A label is cut: of what is left nobody would know that it is a secret."""
    secret = "open-sesame" * 10

    def readings() -> Readings:
        yield waiting(30, of=f"<{secret}>")
        return "fine"

    cleaning.conceal(secret)
    assert run(readings, options("--perfdata-for", "*", of=(waiting,)))[2] == ["'wait_<***>'=30s;60;120;0"]
    cleaning.forget()


def test_problem() -> None:
    args = options()
    found = paused.judge(paused("paused", of="SCAN"), args)
    assert found == Finding("queue.paused", WARNING, "paused", "SCAN", next_step="resume")
    other = paused.judge(paused("paused", state=UNKNOWN, next_step="wait"), args)
    assert (other.state, other.next_step) == (UNKNOWN, "wait")


def test_what_is_shown_is_not_judged() -> None:
    def readings() -> Readings:
        yield total(9, high=10)
        return "fine"

    _, found, perfdata = run(readings, options())
    assert [(finding.state, str(finding)) for finding in found] == [(OK, "9 in all")]
    assert perfdata == ["total=9;;;0;10"]


def test_slowness_is_a_symptom_of_its_own() -> None:
    args = options(of=(slow,))
    assert slow.symptom == SLOW
    assert str(slow.judge(slow(7.00049), args)) == "the answer took 7 s (critical at 5 s)"


def test_time_comes_first_unless_the_probe_measures_its_own() -> None:
    def with_own() -> Readings:
        yield total(1)
        yield slow(2)
        return "fine"

    def without() -> Readings:
        yield total(1)
        return "fine"

    time = Shown("time", SECONDS, "{value}")(3)
    assert [finding.text for finding in run(without, options(of=(slow,)), time)[1]] == ["3 s", "1 in all"]
    assert run(without, options(of=(slow,)), time)[2] == ["time=3s;;;0", "total=1;;;0"]
    assert run(with_own, options(of=(slow,)), time)[2] == ["total=1;;;0", "time=2s;1;5;0"]


@pytest.mark.parametrize(("before", "perfdata"), [([1], ["time=2;;;0", "total=1;;;0"]), ([], [])])
def test_what_was_read_before_a_failure_counts(before: list[int], perfdata: list[str]) -> None:
    """The time that it took, too: graphs have no hole."""

    def readings() -> Readings:
        yield from map(total, before)
        raise RuntimeError("broken")

    resource = Measured(readings(), options(), lambda: total(2, label="time"))
    check = measured.check(resource)
    with pytest.raises(RuntimeError, match="broken"):
        check()
    assert list(map(str, measured.perfdata(check))) == perfdata


@pytest.mark.parametrize("said", ["all is well", Summary("all is well", title="canary")])
def test_the_return_value_is_the_first_line(said: str | Summary) -> None:
    def readings() -> Readings:
        yield total(1)
        return said

    resource, _, _ = run(readings, options())
    assert resource.summary == (said if isinstance(said, Summary) else Summary("all is well"))
