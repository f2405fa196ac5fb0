"""The order of judging: one run, the questions of isolation, a second try, the owner of what remains."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from harborlib.judge import isolation
from harborlib.judge.isolation import REFUSED, Snapshot
from harborlib.text.report import Report
from harborlib.text.states import OK
from harborlib.wire.failure import Failure

from .attempt import OWN_SHARE, Attempt

if TYPE_CHECKING:
    from .probe import Probe

ISOLATED_SHARE = 2 / 3  # of the time under --isolate; the rest is for the questions, the second try and clean-up
ENOUGH = 0.3  # seconds; with less time left no further request is started


def examine(probe: Probe, args: argparse.Namespace, until: float) -> Report:
    """Run a probe and judge it before the time `until` (of `time.monotonic`), at one address or at every one."""
    if args.every_address is None:
        return examine_one(probe, args, until)
    from .replicas import examine_every  # few hosts ask for it, and every start would pay for it

    return examine_every(probe, args, until, examine_one)


def examine_one(probe: Probe, args: argparse.Namespace, until: float, failure: Failure | None = None) -> Report:
    """The same at one address; `failure` is what kept it from measuring, if anything did."""
    attempt = Attempt(probe, args)
    if failure:
        attempt.add(failure)
    else:
        attempt.go(until, ISOLATED_SHARE if args.isolate else OWN_SHARE)
    if attempt.state == OK or attempt.fault:
        return attempt.report()
    if args.isolate:
        return judged(attempt, attempt.look(until), args.isolate, lambda: second(attempt, until)).report()
    is_theirs = attempt.failure and attempt.inside and attempt.has(REFUSED, *isolation.TROUBLE)
    if is_theirs and until - time.monotonic() > ENOUGH:
        attempt.name_component(attempt.look(until))
    return attempt.report()


def judged(
    attempt: Attempt, snapshot: Snapshot, owners: frozenset[str], again: Callable[[], Attempt | None] = lambda: None
) -> Attempt:
    """Assign each failure to its owner by the snapshot; what is left is tried `again`, then it is the probe's own."""
    attempt.explain(snapshot, owners)
    tried = again() if attempt.unexplained else None
    if tried:
        attempt = tried
        attempt.explain(snapshot, owners)
    attempt.name_component(snapshot)
    attempt.judge_refusals()
    return attempt


def second(attempt: Attempt, until: float) -> Attempt | None:
    """Another try, if it can help: never of what must not be repeated or was refused, nor without time for it."""
    run = attempt.run
    if not run.asked or run.asked_once or attempt.has(REFUSED) or until - time.monotonic() <= ENOUGH:
        return None
    other = Attempt(attempt.probe, attempt.args).go(until, OWN_SHARE)
    if other.hung:
        attempt.run.notes += other.left_behind
        return None
    other.run.notes += attempt.left_behind
    return other
