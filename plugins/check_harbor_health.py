#!/usr/bin/env python3
"""Does Harbor answer, and does it report itself healthy?

Asks /api/v2.0/health without credentials. If that fails, /api/v2.0/ping and the front page show where: network, TLS,
the reverse proxy, core, or a stalled database.

States:
  OK        a health report came in time and every component in it is healthy
  WARNING   a component of --degraded is unhealthy; core has just started and has not checked anything yet (with
            --isolate: OK); the report was slow (-w); with --isolate also an unhealthy component that has no service of
            its own (not named by --delegate), so that CRITICAL means "cannot be reached" and nothing else
  CRITICAL  no health report (name, connection, TLS, reverse proxy, core), a very slow one (-c), a component is
            unhealthy; with --last-state critical also a slow report, a core that has just started, and a database or
            Redis that is unhealthy, even if another probe reports it
  UNKNOWN   usage error; the answer is JSON, but not a health report

Perfdata:
  time         response time in seconds
  COMPONENT    1 healthy, 0 unhealthy, for each component
  addresses    with --every-address: how many were asked (the values above are those of the worst)
  addresses_ok with --every-address: how many of them are OK

Permissions: none. Harbor: 2.0 or newer.

Does not see: a full, read-only or lost registry storage (Harbor calls it healthy: use check_harbor_push and _pull), a
locked table or an exhausted database pool (check_harbor_api). Harbor checks its components every 10 seconds and repeats
the last result; one that hangs shows after up to 66 seconds. "core" is a constant in the report. A core whose checks
never begin looks each time as if it had just started (with --isolate: OK).

A frozen Redis or database stalls core first and shows in the report later. With --last-state, which the engine fills
in, an open outage stays open and is named until a timely report shows both healthy.

With --every-address and --isolate a problem that only some addresses have is a WARNING: the others serve.
"""

import harbor_preloaded

import argparse
from collections.abc import Iterator
from functools import partial

from harborlib.harbor import HealthReport, Run, components
from harborlib.harbor.health import is_portal
from harborlib.harbor.refusals import HOST_REFUSED, RATE_LIMITED, REFUSED_IN_FRONT
from harborlib.judge import Problem, Reading, Readings, ResponseTime, Shown, isolation
from harborlib.run import Probe, Service, plugin
from harborlib.run.service import DELEGATED, LAST_STATE, REPLICAS
from harborlib.text import CRITICAL, OK, WARNING, Finding, Summary
from harborlib.text.units import LOW
from harborlib.wire import (
    ANSWER,
    CERTIFICATE,
    CONNECT,
    CONTENT,
    RESOLVE,
    ROUTE,
    STATUS,
    TLS,
    Answer,
    Failure,
    deadline,
)  # fmt: skip
from harborlib.wire.request import SMALL

PING = "/api/v2.0/ping"
PLAIN = {"Accept": "*/*"}  # the only type that /ping offers: it answers 422 if JSON is requested
OWN_SHARE = 0.6  # of the time for the report itself; the rest is for finding out why it did not come
LAST_STATES = ("ok", "warning", "critical", "unknown", "pending", "")
SOFT = "soft:"  # begins a state that has not notified anybody yet
#: A reverse proxy, WAF or CDN refuses this host, and perhaps no other.
IN_FRONT = (HOST_REFUSED, RATE_LIMITED, REFUSED_IN_FRONT)
PROMPT = 5  # seconds; a slower /ping waits for Redis
STALLING = ("database", "redis")  # components without which core itself hangs
SAME = " (still the same outage)"

time = ResponseTime("health.slow", "1.5s", "5s")
starting = Problem("health.core-just-started", WARNING, "wait half a minute, then check again")
component = Problem("health.component-unhealthy", CRITICAL)
remains = Problem("health.outage-remains", CRITICAL, "wait half a minute, then check again")
healthy = Shown("healthy", bad=LOW)


def measure(run: Run) -> Readings:
    """Harbor's health report, or why there is none."""
    try:
        report = HealthReport.ask(run, limit=deadline.remaining() * OWN_SHARE)
    except Failure as failure:
        raise diagnosed(run, failure) from None
    yield time(report.elapsed)
    if run.args.last_state == CRITICAL.lower():
        yield from what_remains(report, run.args)
    if report.just_started:
        yield starting("core has just started: no component is checked yet", state=OK if run.args.isolate else "")
    sick = []
    for name in report.components:
        text, state = judged(name, report, run.args)
        cause = isolation.explained_by(name, report) or name
        yield component(text, state=state, next_step=components.next_step(cause))
        yield healthy(int(name not in report.unhealthy), label=name, high=1)
        sick += [(state, name)] if state != OK else []
    sick.sort()  # CRITICAL before WARNING
    names = [name for _, name in sick]
    return Summary(
        fine(run, report), instead=counted(names, report) if len(names) > 1 else (), of=frozenset([component.id])
    )


def what_remains(report: HealthReport, args: argparse.Namespace) -> Iterator[Reading]:
    """Why an ongoing outage is not over: no recovery before the cause is gone."""
    if report.just_started:
        yield remains(f"core has just started, no component is checked yet{SAME}")
        return
    if args.warning and not args.warning.match(report.elapsed):
        yield remains(f"the health report took {report.elapsed:.1f} s{SAME}", next_step=time.next_step)
    for name in (name for name in STALLING if name in report.unhealthy and name in args.delegate):
        text = f"{name} is unhealthy: {report.unhealthy[name]}{SAME}"
        yield remains(text, next_step=components.next_step(name))


def judged(name: str, report: HealthReport, args: argparse.Namespace) -> tuple[str, str]:
    """The text about one component, and its state."""
    if name not in report.unhealthy:
        return f"{name} is healthy", OK
    if report.just_started:
        return f"{name} is not checked yet", OK
    text = f"{name} is unhealthy: {report.unhealthy[name]}"
    if name in args.delegate:
        return f"{text} (reported by its own service)", OK
    # Under --isolate CRITICAL means only that Harbor cannot be reached.
    return text, WARNING if args.isolate or name in args.degraded else CRITICAL


def counted(names: list[str], report: HealthReport) -> list[Finding]:
    """Several unhealthy components in one line, a cause before what follows from it."""
    causes = {name: isolation.explained_by(name, report) for name in names}
    clauses = [name for name in names if not causes[name]]
    clauses += [f"{name} (follows from {causes[name]})" for name in names if causes[name]]
    text = f"{len(names)} of {len(report.components)} components unhealthy: {', '.join(clauses)}"
    return [Finding(component.id, CRITICAL, text)]


def fine(run: Run, report: HealthReport) -> str:
    """What was seen, for when all is well."""
    sick, count = list(report.unhealthy), len(report.components)
    text = f"{run.client.origin.where} answers, "
    if report.just_started:
        return text + "core has just started: no component is checked yet"
    if sick:
        elsewhere = ", ".join(sick)
        return f"{text}{count - len(sick)} of {count} components healthy, reported by their own services: {elsewhere}"
    return text + f"all {count} components healthy"


def diagnosed(run: Run, failure: Failure) -> Failure:
    """The failure with the part of Harbor that explains it."""
    if failure.stage in (RESOLVE, CONNECT, TLS, CERTIFICATE, CONTENT):
        return failure
    questions = [partial(run.ask, PING, headers=PLAIN, size=SMALL), partial(run.ask, "/", size=SMALL)]
    ping, page = deadline.side_by_side(questions)
    why, step = broken_part(failure, ping, page)
    # Whatever the status: without a report from this path there is no Harbor here for any client.
    is_elsewhere = failure.stage is STATUS and failure.status < 500
    kind = ROUTE if is_elsewhere and failure.kind not in IN_FRONT else failure.kind
    detail = (f"{why}: " if why else "") + failure.detail
    state = run.args.unreachable.upper() if kind in IN_FRONT else failure.state
    step = step or (failure.next_step if kind is failure.kind else "")
    return failure.but(kind=kind, detail=detail, next_step=step, state=state)


def broken_part(failure: Failure, ping: "Answer | Exception", page: "Answer | Exception") -> tuple[str, str]:
    """Why there is no report, judging by the answers of /ping and the front page, and the next step (or "")."""
    if failure.kind in IN_FRONT:
        return "", ""
    pinged = isinstance(ping, Answer) and ping.status == 200 and not ping.is_html
    has_portal = isinstance(page, Answer) and page.status == 200 and is_portal(page.body.decode(errors="replace"))
    stalled = failure.hung or failure.status == 504
    silent = stalled or failure.status >= 500 or failure.stage is ANSWER
    if stalled and pinged and isinstance(ping, Answer) and ping.elapsed < PROMPT:
        return "database stalled (core answers /ping)", components.next_step("database")
    if stalled and (pinged or has_portal):
        return "core or Redis stalled (the reverse proxy answers)", components.STALLED
    if pinged:
        return "core answers /ping, not /health", components.next_step("core") if silent else ""
    if has_portal:
        wrong = "/api/ is routed to the wrong place", f"check {components.ROUTES}"
        return ("core is failing", components.next_step("core")) if silent else wrong
    if silent:
        return "neither core nor the web UI answers", ""
    return "" if isinstance(page, Exception) else "no Harbor answers here", ""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--degraded", metavar="NAMES", type=components.names, default=[],
                        help="components whose failure is a WARNING, e.g. trivy")  # fmt: skip
    parser.add_argument("--delegate", metavar="NAMES", type=components.names, default=[],
                        help="components that have a service of their own: shown, not judged")  # fmt: skip
    parser.add_argument("--last-state", metavar="[TYPE:]STATE", type=hard_state, default="", choices=LAST_STATES,
                        help="previous state of this service, from the engine; SOFT:STATE is ignored (nobody was "
                        "notified)")  # fmt: skip


def hard_state(text: str) -> str:
    """A state as the engine writes it; "" for one that has not notified anybody."""
    state = text.lower()
    return "" if state.startswith(SOFT) else state.removeprefix("hard:")


main = plugin.main(Probe(
    __name__,
    measure,
    [time, starting, component, remains, healthy],
    declare=declare,
    at_some_addresses=WARNING,  # CRITICAL would silence all other services of this Harbor
    services=[
        Service(every="1min", retry="5s",
                options={"--delegate": DELEGATED, "--last-state": LAST_STATE, "--every-address": REPLICAS},
                notes="Harbor cannot be reached, or core is down: nobody can log in, pull or push. "
                "Is the host up, does the reverse proxy listen, is core running?")
    ],
))  # fmt: skip
