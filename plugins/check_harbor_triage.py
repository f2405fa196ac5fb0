#!/usr/bin/env python3
"""What is wrong with this Harbor, why, and what should be done next?

For the person on call: runs every check_harbor probe that the given accounts and options allow, side by side in one
process, and separates root causes from what merely follows from them. The first line says what people cannot do, and
why. On a terminal each root cause has a block with its next step and its place in the runbook, and -v adds a row for
each probe; elsewhere the output is that of a plugin. It only reads, except with --push-project, where it does what
check_harbor_push does.

States:
  OK        every probe that could run is OK
  WARNING   a probe warns, none is CRITICAL
  CRITICAL  a probe is CRITICAL for a reason of its own
  UNKNOWN   usage error; a probe could not judge, and none is CRITICAL; core has just started

Perfdata:
  time     seconds for everything
  PROBE    seconds that each probe took; a component has its own name

Permissions: those of the single probes. What cannot run is listed with the one thing that it lacks: an account, an
option, a permission, a newer Harbor. Two robot accounts are usual: --authfile has that of the monitoring robot,
--canary-authfile that for check_harbor_login, _pull and _push (without it they use the first one). Harbor: 2.0 or
newer.

Ctrl-C shows what is known so far, and which probes it did not wait for.

--isolate changes nothing here: root causes are always separated. With -t below about 5s, a slow Harbor looks broken.

Does not see: what its accounts may not see. It does not retry, as a service does before it notifies, so a short outage
shows here. A component that Harbor does not report, such as Trivy where it is not installed, is left out.
"""

import harbor_preloaded

import argparse
import time as clock
from collections import ChainMap
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, Optional, cast

from harborlib.harbor import HealthReport, Run
from harborlib.harbor.refusals import LOGIN_REFUSED
from harborlib.harbor.rest import logged_in
from harborlib.harbor.run import IGNORED_CERTIFICATE
from harborlib.judge import Limit, Reading, Readings, Shown, isolation
from harborlib.judge.verdict import Row, Verdict, advised, seen_from_here
from harborlib.run import Probe, options, plugin, runbook, values
from harborlib.run.child import Child
from harborlib.run.probe import installed
from harborlib.text import SECONDS, Summary, terminal
from harborlib.text.finding import Finding
from harborlib.text.report import Report
from harborlib.wire import Failure, credentials, deadline, tls

OWNERS = frozenset(isolation.OWNERS)
PROBES_SHARE = 0.9  # of the time; the rest is for the verdict
#: Seconds between the starts of two probes: started at the same moment, they would slow each other down.
PACE = 0.004
CANARY_LACKS = ("login.grants-too-little", "login.not-granted")  # ids about what the canary robot must have
LOOK_AT_LOAD = "check the load of the Harbor host and of this host (-v shows which probe took long)"


class Outcome(Shown):
    """The seconds that a probe took, and its finding, taken over unchanged."""

    def judge(self, reading: Reading, args: argparse.Namespace) -> Finding:
        """The finding of the probe's row."""
        return cast(Row, reading.words["row"]).finding


time = Limit("triage.slow", "time", SECONDS, "all probes together took {value}", help="seconds for everything",
             show=lambda value: f"{value:g} s", next_step=LOOK_AT_LOAD)  # fmt: skip
outcome = Outcome("probe", SECONDS)


class View(NamedTuple):
    """Harbor as we see it. `skew`: seconds by which its clock is ahead; `untrusted`: its certificate is refused."""

    snapshot: isolation.Snapshot
    skew: float = 0.0
    untrusted: bool = False

    def reports(self, name: str) -> bool:
        """Whether this Harbor has the component, if the probe is about one."""
        health = self.snapshot.health
        return name not in isolation.COMPONENTS or not isinstance(health, HealthReport) or name in health.components


def measure(run: Run) -> Readings:
    """All probes at once, and at the same time a look at Harbor itself, which separates causes from what follows."""
    from harborlib.wire import chain, transport  # noqa: F401  now, or the probes' times would include the imports

    started = clock.monotonic()
    read_accounts(run.args)
    children = list(planned(run))
    going = [child for child in children if not child.need]
    # What a probe has started is cleaned up, even when we are told to stop.
    run.undo = ChainMap(*(child.attempt.run.undo for child in going))
    glimpses: list[View] = []
    run.so_far = partial(so_far, run, children, glimpses)
    view = go_all(run, going, glimpses)
    yield time(round(clock.monotonic() - started, 3))
    return (yield from judge(run, children, going, view))


def so_far(run: Run, children: list[Child], glimpses: list[View]) -> Optional[Readings]:
    """The readings of the probes that have ended, when the others are no longer waited for; None: none has."""
    ended = [child for child in children if not child.need and child.done]
    going_on = [child.name for child in children if not child.need and not child.done]
    if not ended:
        return None
    if going_on:
        run.note(f"not waited for: {', '.join(going_on)}")
    return judge(run, children, ended, glimpses[0] if glimpses else View(isolation.Snapshot(None)))


def judge(run: Run, children: list[Child], going: list[Child], view: View) -> Readings:
    """The verdict on the probes that have run, and a row for each."""
    there = [child for child in going if not child.need and view.reports(child.name)]
    owners = OWNERS.intersection(child.name for child in there)
    for child in there:
        child.judge(view.snapshot, owners)
        # The certificate's row says it; and the clean-up is repeated.
        known = (IGNORED_CERTIFICATE, *child.attempt.left_behind)
        for note in child.attempt.run.notes:
            if note not in known:
                run.note(note)
    rows = [row_of(child, run.args) for child in there if not child.need]
    verdict = Verdict(rows, view.untrusted)
    for note in (*verdict.explained(), *lacking(children), *seen_from_here(run.args, verdict, view.skew)):
        run.note(note)
    seconds = {child.name: child.seconds for child in children}
    ordered = verdict.ordered()
    for row in ordered:
        yield outcome(round(seconds[row.name], 3), label=row.name, row=row)
    return summary(run, ordered, verdict, sum(view.reports(child.name) for child in children))


def row_of(child: Child, args: argparse.Namespace) -> Row:
    """The row of a probe that has run. Without --canary-authfile, permissions of the canary robot are not missing."""
    row = Row.of(child.name, child.attempt.report(), child.attempt.failure)
    if args.canary or not args.login or row.finding.id not in CANARY_LACKS:
        return row
    return advised(row, f"pass --canary-authfile FILE: login, pull and push used {args.login.username}")


def read_accounts(args: argparse.Namespace) -> None:
    """Verify that the given files are usable: an error in them is reported by triage itself; raises Unusable."""
    tls.context(args.ca_file, args.client_cert, args.client_key, not args.insecure)
    path = args.canary_authfile
    args.canary = credentials.read_credentials(path, args.authfile_any_mode) if path else None
    if args.canary:
        credentials.need_tls(args.harbor)


def planned(run: Run) -> Iterator[Child]:
    """Every installed probe, run like its service; the component probe once per component that can have a service."""
    image, project = run.args.image, run.args.push_project
    given = {
        "--delegate": ",".join((*isolation.COMPONENTS, "portal")),  # components that health leaves to other probes
        "--last-state": "",  # there is no engine
        "--every-address": "",  # -I asks one address
        "--image": str(image or ""),
        "--artifact": str(image or ""),
        "--repository": image.repository if image else "",
        "--project": project or "",
    }
    for probe in installed(but="triage"):
        for service in probe.services:
            if "--reminder" not in service.options:
                yield Child(probe, service, run, given)


def go_all(run: Run, going: list[Child], glimpses: list[View]) -> View:
    """Run the probes in parallel and look at Harbor meanwhile; each result of that is added to `glimpses` at once."""
    args = argparse.Namespace(**{**vars(run.args), "isolate": OWNERS})
    eyes = Run(run.client, args, run)
    with terminal.progress(run.args, [child.name for child in going]) as watched:
        pace = min(PACE, deadline.remaining() / 100)
        calls = [partial(watched, child.name, partial(child.go, turn * pace)) for turn, child in enumerate(going)]
        seen, *ends = deadline.side_by_side(
            [partial(look, eyes, glimpses), *calls], deadline.remaining() * PROBES_SHARE
        )
    for child, end in zip(going, ends):
        if isinstance(end, Exception):
            child.attempt.add(end)
    if isinstance(seen, Exception) and not isinstance(seen, Failure):
        raise seen  # without a look at Harbor there is no basis for judging the probes
    return View(isolation.Snapshot(seen)) if isinstance(seen, Failure) else seen


def look(eyes: Run, glimpses: list[View]) -> View:
    """The questions of isolation, and what else is seen with them."""
    before = int(clock.time())
    ask = logged_in if eyes.client.account else None
    snapshot = isolation.look(eyes, ask, deadline.remaining(), ask_volumes=True)
    if snapshot.systeminfo and snapshot.systeminfo.kind is LOGIN_REFUSED:  # of the one robot, not of the other account
        snapshot = snapshot._replace(systeminfo=None)
    moment, after = eyes.slowest.date if eyes.slowest else before, clock.time()
    snapshot = snapshot._replace(one_account=not eyes.args.canary)
    view = View(snapshot, moment - min(max(moment, before), after), IGNORED_CERTIFICATE in eyes.notes)
    glimpses.append(view)
    return view


def lacking(children: list[Child]) -> list[str]:
    """A note for each option that probes lack."""
    needs: dict[str, list[str]] = {}
    for child in children:
        if child.need:
            needs.setdefault(child.need, []).append(child.name)
    return [
        f"not run: {', '.join(names)} ({for_many(need) if len(names) > 1 else need})" for need, names in needs.items()
    ]


def for_many(need: str) -> str:
    """What one probe needs, said of many."""
    return f"need{need.removeprefix('needs')}" if need.startswith("needs ") else need


def summary(run: Run, rows: list[Row], verdict: Verdict, known: int) -> Summary:
    """The first line: the verdict. `known`: how many probes there are for this Harbor, with those that did not run."""
    health = verdict.rows.get("health")
    ran = f"{len(rows)} of {known}" if len(rows) < known else f"{known}"
    fine = f"{run.client.origin.where}: {ran} probes have run, and all are OK"
    if health and health.failure:
        fine = health.finding.text
    return Summary(fine, instead=verdict.sentence(), of=frozenset(row.finding.id for row in rows))


def declare(parser: options.Parser) -> None:
    """Declare its own options."""
    parser.add_argument("--canary-authfile", metavar="FILE", help="credentials for check_harbor_login, _pull, _push")
    parser.add_argument("--image", metavar="P/R:TAG", type=values.image, help="canary image, for login, pull, artifact")
    parser.add_argument("--push-project", metavar="P", type=values.part, help="canary project to write to, for push")
    parser.add_argument("--plain", action="store_true", help="no colors and no progress on a terminal")


def show(report: Report, args: argparse.Namespace) -> str:
    """The report for a user, with the runbook section of each service."""
    return terminal.show(report, args, lambda name: runbook.place(isolation.service_of(name)))


main = plugin.main(Probe(__name__, measure, [time, outcome], declare=declare, account="what these need"), show)
