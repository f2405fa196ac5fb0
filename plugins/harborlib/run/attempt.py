"""One run of a probe: its findings, and the owner of each."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from harborlib.harbor import HealthReport, account, components, platform
from harborlib.harbor.client import Client
from harborlib.harbor.rest import logged_in
from harborlib.harbor.run import IGNORED_CERTIFICATE, Run
from harborlib.judge import isolation, measured
from harborlib.judge.isolation import ERROR, REFUSED, SLOW, Snapshot, Symptom
from harborlib.text.finding import Finding
from harborlib.text.first_line import Summary
from harborlib.text.report import Measure, Report
from harborlib.text.states import CRITICAL, OK, UNKNOWN, worst_of
from harborlib.wire import deadline
from harborlib.wire.failure import CERTIFICATE, Failure, Interrupted

from .faults import misfortune

if TYPE_CHECKING:
    from harborlib.wire.request import Answer

    from .probe import Probe

OWN_SHARE = 0.95  # of the time; the rest is for clean-up
CLEANING = 2.0  # the maximum time for clean-up, in seconds


class Seen(NamedTuple):
    """A finding, the kind of symptom that it is for isolation, and the failure that it comes from, if any."""

    finding: Finding
    symptom: str = isolation.FINDING
    failure: Failure | None = None


class Attempt:
    """One run of a probe and its result: `seen`, its perfdata, what it left behind."""

    def __init__(self, probe: Probe, args: argparse.Namespace, run: Run | None = None) -> None:
        """`run` is given if this attempt is a part of another one."""
        self.probe = probe
        self.args = args
        self.run = run or Run(Client(args, args.login), args)
        self.seen: list[Seen] = []
        self.measures: list[Measure] = []
        self.summary = Summary("")
        self.failure: Failure | None = None
        self.error: BaseException | None = None  # what ended the run early
        self.fault = False  # our own error, or the user's: it has no other owner
        self.left_behind: list[str] = []

    def go(self, until: float, share: float) -> Attempt:
        """Measure and judge in a share of the time `until` (of `time.monotonic`); every exception becomes a finding."""
        resource = measured.Measured(self.probe.measure(self.run), self.args, partial(self.probe.time, self.run))
        check = measured.check(resource)
        try:
            (outcome,) = deadline.side_by_side([check], (until - time.monotonic()) * share)
        except Interrupted as signalled:
            self._clean_up(CLEANING)
            signalled.notes, signalled.known = self.run.notes, self.run.so_far()
            raise
        except BaseException as error:  # of a thread that could not be started, or that wanted to end the process
            outcome = error
        # Some time must remain for the questions of isolation.
        self._clean_up(min(CLEANING, (until - time.monotonic()) / 2))
        self.seen = [Seen(result.finding, result.symptom) for result in measured.results(check)]
        self.measures = measured.perfdata(check)
        self.summary = resource.summary
        if isinstance(outcome, BaseException):
            self.add(outcome)
        elif not self.seen:
            self.add(RuntimeError("nothing was measured"))
        return self

    def add(self, error: BaseException) -> None:
        """Add an error to the findings."""
        self.error = error
        if isinstance(error, Failure):
            error = self.failure = self.run.in_time(error)
        else:
            self.fault = True
        self.seen.append(self._seen(error))

    def _clean_up(self, seconds: float) -> None:
        self.run.end()
        begun = dict(self.run.undo)
        for what, outcome in zip(begun, deadline.side_by_side(list(begun.values()), seconds)):
            if isinstance(outcome, Exception):
                self.left_behind.append(f"left behind: {what}")
        self.run.notes += self.left_behind

    def _seen(self, error: BaseException) -> Seen:
        if isinstance(error, Failure):
            step = error.next_step or components.where_to_look(error, self.args.harbor)
            finding = Finding(error.kind.id, self._state_of(error), error.detail, aside=error.aside, next_step=step)
            return Seen(finding, self._symptom_of(error).kind, error)
        return Seen(misfortune(self.probe.name, error))

    def _state_of(self, failure: Failure) -> str:
        if failure.state:
            return failure.state
        if self._symptom_of(failure).kind == REFUSED and self.probe.name in isolation.LOGIN_SUBJECTS:
            return CRITICAL
        judged = failure.unreachable and not (failure.late and self.probe.allows(self.run.spent, self.args))
        return self.args.unreachable.upper() if judged else UNKNOWN

    @property
    def state(self) -> str:
        """The state of all findings together; UNKNOWN if there are none."""
        return worst_of(seen.finding.state for seen in self.seen) if self.seen else UNKNOWN

    @property
    def hung(self) -> bool:
        """Whether time ran out."""
        return self.failure is not None and self.failure.hung

    @property
    def unexplained(self) -> bool:
        """Whether some problem has no other owner."""
        return any(seen.finding.state != OK and not seen.finding.follows for seen in self.seen)

    @property
    def inside(self) -> bool:
        """Whether some problem is in core or the registry, and so may be caused by a component behind them."""
        symptoms = (self._symptom(seen) for seen in self.seen if seen.finding.state != OK)
        return any(symptom.served_by in ("core", "registry") for symptom in symptoms)

    def has(self, *kinds: str) -> bool:
        """Whether a problem is a symptom of one of these kinds."""
        return any(seen.finding.state != OK and seen.symptom in kinds for seen in self.seen)

    def look(self, until: float) -> Snapshot:
        """Ask the questions of isolation, in the time that is left.

        A probe that made no request of its own (certificate) asks none: the failure that keeps it from the server also
        keeps health from it.
        """
        if not self.run.asked:
            return Snapshot(self.failure)
        ask = self._question() if self.inside and (self.args.isolate or self.hung) else None
        return isolation.look(self.run, ask, until - time.monotonic(), self.has(isolation.FULL))

    def _question(self) -> Callable[[Run], Answer] | None:
        """How /systeminfo is asked: a refused login is not tried again, nor is the one that a probe may try."""
        if self.probe.one_login:
            return account.anonymous
        return logged_in if self.run.client.account and not self.has(REFUSED) else None

    def explain(self, snapshot: Snapshot, owners: frozenset[str]) -> None:
        """Turn every problem that another probe owns into UNKNOWN with "(see ...)"."""
        for position, seen in enumerate(self.seen):
            cause = isolation.cause(self._symptom(seen), snapshot, owners) if seen.finding.state != OK else None
            if cause:
                self.seen[position] = seen._replace(finding=seen.finding.owned_by(cause))

    def name_component(self, snapshot: Snapshot) -> None:
        """Name the component behind a failure that remains ours, so that nobody searches in the wrong place.

        A dead database refuses every login: an outage, not a wrong password. A core that answers is not the cause.
        """
        known = isinstance(snapshot.health, HealthReport), snapshot.logins_fail
        for position, seen in enumerate(self.seen):
            if not seen.failure or seen.finding.follows:
                continue
            cause = isolation.find(self._symptom(seen), snapshot, frozenset(isolation.COMPONENTS))
            finding = seen.finding
            if cause and cause.owner in isolation.COMPONENTS:
                state = self.args.unreachable.upper() if seen.symptom == REFUSED else finding.state
                finding = finding._replace(state=state, cause=cause, next_step=components.next_step(cause.owner))
            elif not seen.failure.next_step:
                finding = finding._replace(next_step=components.where_to_look(seen.failure, self.args.harbor, *known))
            self.seen[position] = seen._replace(finding=finding)

    def judge_refusals(self) -> None:
        """Judge a refused login that no other probe reports as an outage, not as something that could not be judged."""
        for position, seen in enumerate(self.seen):
            if seen.symptom == REFUSED and not seen.finding.follows:
                self.seen[position] = seen._replace(finding=seen.finding._replace(state=CRITICAL))

    @property
    def subject(self) -> str:
        """The name by which isolation knows this probe: its component's, if it judges one."""
        return getattr(self.args, "component", "") or self.probe.name

    def _symptom_of(self, failure: Failure) -> Symptom:
        return Symptom.of_failure(self.subject, failure, own_account=self.probe.one_login)

    def _symptom(self, seen: Seen) -> Symptom:
        if seen.failure:
            return self._symptom_of(seen.failure)
        slowest = self.run.slowest
        if seen.symptom in (SLOW, ERROR) and slowest:
            return Symptom(self.subject, seen.symptom, components.served_by(slowest.path, slowest.login), slowest.login)
        return Symptom(self.subject, seen.symptom)

    def report(self) -> Report:
        """The report to print, without the note about an ignored certificate if a finding is about that."""
        summary = self.summary
        if self.state == OK and self.failure:
            summary = Summary(f"{self.failure.detail} (--unreachable ok)")
        known = IGNORED_CERTIFICATE if self.has(CERTIFICATE.id) else ""
        return Report(
            probe=self.probe.name,
            findings=[platform.localized(seen.finding, self.args.platform) for seen in self.seen],
            summary=summary,
            measures=self.measures,
            notes=tuple(note for note in self.run.notes if note != known),
            many=bool(self.probe.selects),
            error=self.error,
        )
