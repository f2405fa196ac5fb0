#!/usr/bin/env python3
"""What is wrong with this Harbor, why, and what to do next?

For the person on call: runs every check_harbor probe that the given logins and options allow, side by side in one
process, and tells root causes from what merely follows from them. On a terminal: a verdict, a table of the probes, the
next steps; elsewhere the output of a plugin. It only reads, but for --push-project, where it does what
check_harbor_push does.

States:
  OK        every probe that could run is OK
  WARNING   a probe warns, none is CRITICAL
  CRITICAL  a probe is CRITICAL for a reason of its own
  UNKNOWN   usage error; a probe could not judge, and none is CRITICAL; core has just started

Perfdata:
  time     seconds for everything
  <probe>  seconds that the probe took; a component stands under its own name

Rights: those of the single probes. What cannot run is listed with the one thing that it lacks: a login, an option, a
right, a newer Harbor. Two robot accounts are usual: --authfile has that of the monitoring, --canary-authfile that with
which check_harbor_login, _pull and _push run (without it they use the first one). Harbor: 2.0 or newer.

--isolate changes nothing here: a cause is always told from what follows from it. With less than about 5 seconds (-t)
what is only slow looks broken.

Does not see: what its logins may not see. It tries nothing twice, as a scheduled probe does before it alerts, so what
passes by itself shows here. A component that Harbor does not report, as Trivy where it is not installed, is left out.
"""

import argparse
import time
from collections import ChainMap
from functools import partial
from typing import NamedTuple

from harborlib import credentials, deadline, isolation, judgement, options, plugin, probes, terminal, tls, units
from harborlib.api import LOOKED_PAST, Harbor, Health
from harborlib.attempt import OWN_SHARE, Attempt
from harborlib.failure import STATUS, Failure, Unusable
from harborlib.summaries import Summary
from harborlib.verdict import Row, Verdict, seen_from_here

import nagiosplugin

OWNERS = frozenset(isolation.OWNERS)
PROBES_SHARE = 0.9  # of the time; the rest is for the verdict
#: Seconds from the start of one probe to that of the next: all at the same moment would be slow by each other.
PACE = 0.004
DELEGATED = (*isolation.COMPONENTS, "portal")  # what health leaves to probes of their own
#: What is given to the options of probes, by the name of the option: the option of ours that it comes from.
OURS = dict.fromkeys(("image", "artifact", "repository"), "--image P/R:TAG") | {"project": "--push-project P"}
#: Options that a probe is given although it runs without.
WELCOME = ("delegate", "image")
#: How an endpoint says that it is not for us: no right, not in this Harbor, not set up.
NOT_FOR_US = (403, 404, 412)
LOOK_AT_LOAD = "see above which probe took long; look at the load of the Harbor host, and of this one"
ONE_LOGIN = isolation.Cause("api", "the credentials are not taken")


class Run:
    """One probe on its way, with the options of its scheduled service. `need`: what it lacks to run, or ""."""

    def __init__(self, probe, given, common):
        self.name = given["component"] or probe.name
        self.need = ""
        self.seconds = 0.0
        parser, words = probe.parser(), []
        for action in parser._actions:
            value = given.get(action.dest) if action.required or action.dest in WELCOME else None
            words += [f"{action.option_strings[-1]}={value}"] if value else []
            if action.required and not value:
                self.need = f"needs {OURS.get(action.dest, action.option_strings[-1])}"
        if not self.need:
            try:
                args = vars(parser.parse_args(words))
            except options.Told as told:
                self.need = told.problem
                return
            self.attempt = Attempt(probe, argparse.Namespace(**{**args, **common}))

    def go(self, wait):
        """Run the probe after `wait` seconds. What it refuses before it asks anything is something not given to it."""
        time.sleep(wait)
        started = time.monotonic()
        self.attempt.run(started + deadline.remaining(), OWN_SHARE)
        self.seconds = time.monotonic() - started
        if isinstance(self.attempt.error, Unusable) and not self.attempt.check:
            self.need = str(self.attempt.error)

    def judge(self, snapshot, owners, one_login):
        """Hand each failure to its owner; a login that all share is refused once, whichever of them tried it."""
        attempt, failure = self.attempt, self.attempt.failure
        if failure and not snapshot.systeminfo and not_for_us(failure):
            self.need = failure.detail
            return
        # What keeps a probe that asks Harbor nothing (certificate) from it keeps health from it too.
        attempt.explain(snapshot if attempt.harbor.asked else isolation.Snapshot(failure), owners)
        if one_login and self.name in isolation.LOGIN_OWNER:
            attempt.results = [result.owned_by(ONE_LOGIN) if refused(result) else result for result in attempt.results]
        attempt.own_up()


def refused(result):
    """Whether it is a login that is not taken, and nobody else's yet."""
    return result.kind == isolation.REFUSED and result.state != nagiosplugin.Ok and not result.cause


def not_for_us(failure):
    """Whether an endpoint of the API says that it is not for this login or this Harbor."""
    refused = failure.stage == STATUS and failure.status in NOT_FOR_US and failure.login
    return refused and not (failure.absent or failure.step or failure.state)


def planned(args, canary):
    """Every probe that is installed; check_harbor_component once for each component that can have a service."""
    names = (*vars(options.parser("triage", "").parse_args([])), "login")
    # As the shipped services: a certificate that does not verify hides nothing else from them.
    common = {**{name: getattr(args, name) for name in names}, "isolate": OWNERS}
    given = dict.fromkeys(("image", "artifact"), args.image) | {"project": args.push_project}
    given |= {"repository": args.image and args.image.repository, "delegate": ",".join(DELEGATED), "component": ""}
    for probe in probes.others("triage"):
        login = canary if canary and probe.name in isolation.LOGIN_OWNER else args.login
        for component in isolation.COMPONENTS if probe.name == "component" else ("",):
            yield Run(probe, {**given, "component": component}, {**common, "login": login})


class View(NamedTuple):
    """Harbor as we see it. `skew`: seconds by which its clock is ahead; `untrusted`: its certificate is refused."""

    snapshot: isolation.Snapshot
    skew: float = 0.0
    untrusted: bool = False

    def reports(self, name):
        """Whether this Harbor has the component, if the probe is about one."""
        health = self.snapshot.health
        return name not in isolation.COMPONENTS or not isinstance(health, Health) or name in health.components


def look(harbor):
    """What isolation asks, and what is seen on the way."""
    before = int(time.time())
    snapshot = isolation.look(harbor, True, deadline.remaining())
    if snapshot.systeminfo and snapshot.systeminfo.refused_login:  # of the one robot, and no trouble of the other's
        snapshot = snapshot._replace(systeminfo=None)
    moment, after = harbor.slowest.date if harbor.slowest else before, time.time()
    return View(snapshot, moment - min(max(moment, before), after), LOOKED_PAST in harbor.notes)


class Triage(nagiosplugin.Resource):
    """All probes at once, and at the same time one look at Harbor itself, which tells causes from what follows."""

    def __init__(self, args, harbor, canary):
        self.args = args
        self.harbor = harbor
        self.canary = canary
        self.verdict = Verdict([])
        self.rows = {}

    def probe(self):
        from harborlib import chain, transport  # noqa: F401  now, or the probes' times would be those of imports

        started = time.monotonic()
        runs = list(planned(self.args, self.canary))
        going = [run for run in runs if not run.need]
        eyes = Harbor(argparse.Namespace(**{**vars(self.args), "isolate": OWNERS}))
        for harbor in (eyes, *(run.attempt.harbor for run in going)):
            harbor.join(self.harbor)
        # What a probe has begun is taken back, also when we are told to stop.
        self.harbor.undo = ChainMap(*(run.attempt.harbor.undo for run in going))
        with terminal.progress(self.args, [run.name for run in going]) as watched:
            pace = min(PACE, deadline.remaining() / 100)
            calls = [partial(watched, run.name, partial(run.go, turn * pace)) for turn, run in enumerate(going)]
            seen, *outcomes = deadline.side_by_side([partial(look, eyes), *calls], deadline.remaining() * PROBES_SHARE)
        for run, outcome in zip(going, outcomes):
            if isinstance(outcome, Exception):
                run.attempt.add(outcome)
        view = View(isolation.Snapshot(seen)) if isinstance(seen, Failure) else seen
        self.judge([run for run in going if not run.need and view.reports(run.name)], view)
        self.harbor.notes += [*self.verdict.explained(), *lacking(runs)]
        self.harbor.notes += seen_from_here(self.args, self.verdict, view.skew)
        seconds = {run.name: run.seconds for run in runs}
        yield judgement.seconds(time.monotonic() - started)
        for name in self.rows:
            yield nagiosplugin.Metric(name, round(seconds[name], 3), "s", min=0, context="probe")

    def judge(self, runs, view):
        """The verdict on the probes that have run."""
        owners = OWNERS.intersection(run.name for run in runs)
        for run in runs:
            run.judge(view.snapshot, owners, not self.canary)
            told = (LOOKED_PAST, *run.attempt.left_behind)  # by the certificate's row; and it is tried once more
            self.harbor.notes += [note for note in run.attempt.harbor.notes if note not in told]
        self.harbor.notes = list(dict.fromkeys(self.harbor.notes))
        self.verdict = Verdict([Row.of(run.name, run.attempt) for run in runs if not run.need], view.untrusted)
        self.rows = {row.name: row for row in self.verdict.ordered()}

    @property
    def fine(self):
        health = self.rows["health"]
        if health.failure:
            return health.text
        return f"{self.harbor.origin.where}: {len(self.rows)} probes have run, and all are OK"


def lacking(runs):
    """A remark for each thing that probes lack."""
    needs: dict[str, list[str]] = {}
    for run in runs:
        if run.need:
            needs.setdefault(run.need, []).append(run.name)
    return [f"not run: {', '.join(names)} ({need})" for need, names in needs.items()]


class Outcome(nagiosplugin.Context):
    """The judgement of one probe, taken over as it is."""

    def evaluate(self, metric, resource):
        row = resource.rows[metric.name]
        return judgement.Judged(row.state, f"{row.name}: {row.text}", metric, row.next_step, cause=row.cause)

    def performance(self, metric, resource):
        return nagiosplugin.Performance(units.label(metric.name), metric.value, metric.uom, min=0)


class Sentence(Summary):
    """The verdict."""

    points = False

    def problem(self, results):
        verdict, rows = self.resource.verdict.sentence(), self.resource.rows
        ours = [result for result in results if not (result.metric and result.metric.name in rows)]
        return "; ".join(filter(None, [verdict, *(str(result) for result in ours if result.state != nagiosplugin.Ok)]))


def declare(parser):
    parser.add_argument("--canary-authfile", metavar="FILE", help="login of check_harbor_login, _pull and _push")
    parser.add_argument(
        "--image", metavar="P/R:TAG", type=options.image, help="canary image, for login, pull, artifact"
    )
    parser.add_argument("--push-project", metavar="P", type=options.part, help="canary project to write to, for push")
    parser.add_argument("--plain", action="store_true", help="no colours and no progress on a terminal")
    options.thresholds(parser, "", "seconds for everything", None, None, units.SECONDS)


def check(args, harbor):
    tls.context(args.ca_file, args.client_cert, args.client_key, not args.insecure)  # what is wrong here is for us
    canary = credentials.read(args.canary_authfile, args.authfile_any_mode) if args.canary_authfile else None
    if canary and args.harbor.scheme != "https":
        raise Unusable("a login needs https: the password is not sent in clear text")
    triage = Triage(args, harbor, canary)
    limits = (args.warning, args.critical)
    time_taken = judgement.Threshold("time", *limits, "all probes together took {value}", next_step=LOOK_AT_LOAD)
    return nagiosplugin.Check(triage, time_taken, Outcome("probe"), Sentence(triage))


main = plugin.main(__name__, declare, check, terminal.show)
