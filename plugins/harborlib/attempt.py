"""One run of a probe, judged: isolation and the second try included."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

import nagiosplugin
from nagiosplugin import Critical, Ok, Unknown

from . import INSTALL, LIMITS, components, deadline, isolation, judgement, summaries
from .api import LOOKED_PAST, Harbor
from .failure import ANSWER, CERTIFICATE, NEXT_STEPS, STATUS, STUCK, TLS, Failure, Interrupted, Starved, Unusable
from .isolation import REFUSED, SLOW, Cause, Snapshot, Symptom
from .judgement import Judged
from .output import Part, Report, measured, parts

if TYPE_CHECKING:
    from .probes import Probe

OWN_SHARE = 0.95  # of the time; the rest is for taking back what was begun
ISOLATED_SHARE = 2 / 3  # the same under --isolate; the rest is for the questions and the second try too
CLEANING = 2.0  # seconds at most for taking back
ENOUGH = 0.3  # seconds below which another request is not begun
BUG = "report this bug of check_harbor with the output of -vvv"  # what to do about an error of ours
STATES = {"ok": Ok, "warning": nagiosplugin.Warn, "critical": Critical, "unknown": Unknown}


def examine(probe: Probe, args: argparse.Namespace, until: float) -> Report:
    """Run a probe and judge it before the time `until` (as `time.monotonic` counts)."""
    share = ISOLATED_SHARE if args.isolate else OWN_SHARE
    attempt = Attempt(probe, args).run(until, share)
    if attempt.state == Ok or attempt.fault:
        return attempt.report()
    if args.isolate:
        return isolated(attempt, until)
    if attempt.failure and attempt.inside and attempt.has(REFUSED, *isolation.TROUBLE):
        attempt.blame(attempt.look(until))
    return attempt.report()


def fault(name: str, error: BaseException) -> Report:
    """The report of the plugin of this name where something broke that is not Harbor's."""
    text, step = misfortune(name, error)
    part = Part("UNKNOWN", text, step)
    return Report(name, "UNKNOWN", 3, text, [part], next_step=step, error=error)


def misfortune(name: str, error: BaseException) -> tuple[str, str]:
    """What to say of an error that is not Harbor's, and what to do about it."""
    lack = Starved.by(error)
    if lack:
        return f"this monitoring host has no {lack} left for the plugin", LIMITS
    if isinstance(error, Unusable):
        return f"usage: {error}", f"see check_harbor_{name} --help"
    if isinstance(error, ImportError):
        return f"broken installation: {error}", INSTALL
    return f"internal error: {type(error).__name__}: {error}", BUG


def isolated(attempt: Attempt, until: float) -> Report:
    """Hand each failure to its owner; what is left is tried once more, then it is this probe's own."""
    owners = attempt.args.isolate
    snapshot = attempt.look(until)
    attempt.explain(snapshot, owners)
    left = until - time.monotonic()
    if attempt.unexplained and attempt.harbor.asked and not attempt.has(REFUSED) and left > ENOUGH:
        second = Attempt(attempt.probe, attempt.args).run(until, OWN_SHARE)
        if second.hung:
            attempt.harbor.notes += second.left_behind
        else:
            second.harbor.notes += attempt.left_behind
            second.explain(snapshot, owners)
            attempt = second
    attempt.blame(snapshot)
    attempt.own_up()
    return attempt.report()


class Attempt:
    """One run of a probe's check and what came of it."""

    def __init__(self, probe: Probe, args: argparse.Namespace) -> None:
        self.probe = probe
        self.args = args
        self.harbor = Harbor(args)
        self.check: nagiosplugin.Check | None = None
        self.results: list[Judged] = []
        self.failure: Failure | None = None
        self.error: BaseException | None = None  # what ended the run before its time
        self.fault = False  # of our own, or of what we were given: nobody else's
        self.left_behind: list[str] = []

    def run(self, until: float, share: float) -> Attempt:
        """Probe and evaluate in a share of the time until then; whatever is raised becomes a result."""
        try:
            (outcome,) = deadline.side_by_side([self._work], (until - time.monotonic()) * share)
        except Interrupted as signalled:
            self._clean_up(CLEANING)
            signalled.notes = tuple(self.left_behind)
            raise
        except BaseException as error:  # of a thread that could not be started, or wanted to end the process
            outcome = error
        # Something must remain for the questions of isolation.
        self._clean_up(min(CLEANING, (until - time.monotonic()) / 2))
        found = list(self.check.results.results) if self.check else []
        self.results = [result if isinstance(result, Judged) else Judged(*result) for result in found]
        if isinstance(outcome, BaseException):
            self.add(outcome)
        return self

    def add(self, error: BaseException) -> None:
        """Add what went wrong to the results."""
        self.error = error
        self.results.append(self._judged(error))

    def _clean_up(self, seconds: float) -> None:
        self.harbor.over = True
        begun = dict(self.harbor.undo)
        for what, outcome in zip(begun, deadline.side_by_side(list(begun.values()), seconds)):
            if isinstance(outcome, Exception):
                self.left_behind.append(f"left behind: the {what}")
        self.harbor.notes += self.left_behind

    def _work(self) -> None:
        self.check = self.probe.check(self.args, self.harbor)
        self.check()

    def _judged(self, error: BaseException) -> Judged:
        if isinstance(error, Failure):
            self.failure = error
            state = STATES[self.args.unreachable] if error.unreachable else Unknown
            if error.state:
                state = STATES[error.state]
            elif error.refused_login and self.probe.name in isolation.LOGIN_SUBJECTS:
                state = Critical
            return Judged(state, error.detail, None, self._next_step(error), self._symptom_of(error).kind)
        self.fault = True
        text, step = misfortune(self.probe.name, error)
        return Judged(Unknown, text, next_step=step)

    def _next_step(self, failure: Failure) -> str:
        if failure.next_step:
            return failure.next_step
        if failure.stage == STATUS or (failure.stage == ANSWER and failure.hung):
            served_by = isolation.served_by(failure.path, failure.login)
            return components.next_step(served_by if served_by in components.CONTAINERS else "core")
        if failure.stage == TLS and failure.hung:
            return STUCK
        origin = self.args.harbor
        return NEXT_STEPS[failure.stage].format(host=origin.host, port=origin.port)

    @property
    def state(self) -> nagiosplugin.state.ServiceState:
        """The state of all results together; UNKNOWN for none."""
        return judgement.worst(result.state for result in self.results) if self.results else Unknown

    @property
    def hung(self) -> bool:
        """Time ran out."""
        return self.failure is not None and self.failure.hung

    @property
    def unexplained(self) -> bool:
        """Some problem has no other owner."""
        return any(result.state != Ok and not result.cause for result in self.results)

    @property
    def inside(self) -> bool:
        """Some problem is that of core or the registry, and so can be that of a component behind them."""
        return any(symptom.served_by in ("core", "registry") for symptom in self._symptoms())

    def has(self, *kinds: str) -> bool:
        """Whether a result is a symptom of one of these kinds."""
        return any(result.state != Ok and result.kind in kinds for result in self.results)

    def look(self, until: float) -> Snapshot:
        """Ask the questions of isolation, in the time that is left.

        A probe that made no request of its own (certificate) asks none: what keeps it from the server keeps health
        from it too.
        """
        if not self.harbor.asked:
            return Snapshot(self.failure)
        ask_login = bool(self.args.isolate) and self.inside and not self.has(REFUSED)
        return isolation.look(self.harbor, ask_login, until - time.monotonic())

    def explain(self, snapshot: Snapshot, owners: frozenset[str]) -> None:
        """Turn every result that somebody else owns into UNKNOWN with "(see ...)"."""
        for position, result in enumerate(self.results):
            if result.state == Ok:
                continue
            cause = isolation.cause(self._symptom(result), snapshot, owners)
            if cause:
                self.results[position] = result.owned_by(cause)

    def blame(self, snapshot: Snapshot) -> None:
        """Name the component behind a failure that stays ours, before anybody looks in the wrong place.

        A dead database refuses every login: that is an outage, and no wrong password.
        """
        for position, result in enumerate(self.results):
            if result.metric or result.cause or not self.failure:
                continue
            cause = isolation.find(self._symptom(result), snapshot, frozenset(isolation.COMPONENTS))
            if cause and cause.owner in isolation.COMPONENTS:
                state = STATES[self.args.unreachable] if result.kind == REFUSED else result.state
                step = components.next_step(cause.owner)
                self.results[position] = Judged(state, f"{result}; {cause.because}", None, step, result.kind)

    def own_up(self) -> None:
        """A refused login that nobody else reports is an outage, not something that could not be judged."""
        for position, result in enumerate(self.results):
            if result.kind == REFUSED and not result.cause:
                self.results[position] = result.in_state(Critical)

    def _subject(self) -> str:
        return getattr(self.args, "component", self.probe.name)

    def _symptom_of(self, failure: Failure) -> Symptom:
        return Symptom.of_failure(self._subject(), failure)

    def _symptom(self, result: Judged) -> Symptom:
        if result.metric is None and self.failure:
            return self._symptom_of(self.failure)
        slowest = self.harbor.slowest
        if result.kind == SLOW and slowest:
            return Symptom(self._subject(), SLOW, isolation.served_by(slowest.path, slowest.login), slowest.login)
        return Symptom(self._subject(), result.kind)

    def _symptoms(self) -> list[Symptom]:
        return [self._symptom(result) for result in self.results if result.state != Ok]

    def _notes(self) -> tuple[str, ...]:
        """The remarks; that we looked past a certificate says nothing new where a result is about it."""
        told = self.has(CERTIFICATE)
        return tuple(note for note in self.harbor.notes if not (told and note == LOOKED_PAST))

    def report(self) -> Report:
        """What to print."""
        results = nagiosplugin.Results(*self.results)
        state = self.state
        summary = self.check.summary if self.check else summaries.Summary(None)
        if state == Ok and self.failure:
            text = f"{self.failure.detail} (--unreachable ok)"
        else:
            text = summary.ok(results) if state == Ok else summary.problem(results)
        leading: list[Judged] = [result for result in self.results if result.state == state]
        causes: list[Cause] = [result.cause for result in leading if result.cause]
        found, unsaid = parts(self.results)
        return Report(
            probe=self.probe.name,
            state=state.text.upper(),
            exit_code=int(state),
            summary=text,
            parts=found,
            measures=[measure for measure in map(measured, self.results) if measure],
            cause=causes[0] if len(causes) == len(leading) > 0 else None,  # something of its own is not explained
            next_step=next((result.next_step for result in leading if result.next_step), ""),
            notes=self._notes(),
            error=self.error,
            points=getattr(summary, "points", True),
            unsaid=unsaid,
        )
