#!/usr/bin/env python3
"""Is Harbor there, and what does it say of itself?

Asks /api/v2.0/health without credentials. When that fails, /api/v2.0/ping and the front page tell apart: network,
TLS, the proxy in front, core, and a stalled database.

States:
  OK        a health report came in time and every component in it is healthy
  WARNING   a component of --degraded is unhealthy; core has just started and has not checked anything yet (with
            --isolate: OK); the report was slow (-w); with --isolate also an unhealthy component that has no service of
            its own (--delegate), so that CRITICAL means "cannot be reached" and nothing else
  CRITICAL  no health report (name, connection, TLS, proxy, core), a very slow one (-c), a component is unhealthy
  UNKNOWN   usage error; the answer is JSON, but not a health report

Perfdata:
  time         response time in seconds
  <component>  1 healthy, 0 unhealthy

Rights: none. Harbor: 2.0 or newer.

Does not see: a full, read-only or lost registry storage (Harbor calls it healthy: use check_harbor_push and _pull),
a locked table or an exhausted database pool (check_harbor_api). Harbor checks its components every 10 seconds and
repeats the last result; one that hangs shows after up to 66 seconds. "core" is a constant in the report. A core whose
checks never begin looks each time as if it had just started (with --isolate: OK); a probe has no memory of the last.
"""

from functools import partial

from harborlib import api, components, deadline, isolation, judgement, options, plugin, summaries, units
from harborlib.failure import ANSWER, CERTIFICATE, CONNECT, CONTENT, RESOLVE, ROUTE, STATUS, TLS, Failure
from harborlib.judgement import Finding, Judged, ResponseTime
from harborlib.request import SMALL

import nagiosplugin
from nagiosplugin import Critical, Ok, Warn

OWN_SHARE = 0.6  # of the time for the report itself; the rest tells why it did not come
REFUSED = (401, 403, 429)  # somebody in front refuses this host, whoever else may come in
PROMPT = 5  # seconds; a /ping that takes longer waits for Redis


class Health(nagiosplugin.Resource):
    """Harbor's report of itself, or why there is none."""

    report: api.Health

    def __init__(self, harbor):
        self.harbor = harbor

    def probe(self):
        try:
            self.report = self.harbor.health(limit=deadline.remaining() * OWN_SHARE)
        except Failure as failure:
            raise self.diagnosed(failure) from None
        yield judgement.seconds(self.report.elapsed)
        starting = "core has just started: no component is checked yet" if self.report.just_started else ""
        yield nagiosplugin.Metric("start", starting)
        for name in self.report.components:
            yield nagiosplugin.Metric(name, int(name not in self.report.unhealthy), min=0, max=1, context="component")

    def diagnosed(self, failure):
        """The failure with the part of Harbor that explains it."""
        if failure.stage in (RESOLVE, CONNECT, TLS, CERTIFICATE, CONTENT):
            return failure
        ping, page = deadline.side_by_side([partial(self.harbor.ask, path, size=SMALL) for path in (api.PING, "/")])
        why, sick = self.broken_part(failure, ping, page)
        # Whatever the status: without a report from this path there is no Harbor here for anybody.
        stage = ROUTE if failure.stage == STATUS and failure.status < 500 else failure.stage
        detail = (f"{why}: " if why else "") + failure.detail
        return failure.but(
            stage=stage, detail=detail, next_step=components.next_step(sick) if sick else failure.next_step
        )

    @staticmethod
    def broken_part(failure, ping, page):
        """Why there is no report, by what /ping and the front page answer, and the component to look at (or "")."""
        if failure.status in REFUSED:
            return "", ""
        pinged = answered(ping) and not ping.is_html
        has_portal = answered(page) and b"harbor" in page.body.lower()
        stalled = failure.hung or failure.status == 504
        silent = stalled or failure.status >= 500 or failure.stage == ANSWER
        if stalled and pinged and ping.elapsed < PROMPT:
            return "database stalled (core answers /ping)", "database"
        if stalled and (pinged or has_portal):
            return "core or Redis stalled (the proxy answers)", "core"
        if pinged:
            return "core answers /ping, not /health", "core"
        if has_portal:
            return ("core fails", "core") if silent else ("/api/ is routed to the wrong place", "")
        if silent:
            return "neither core nor the web UI answers", ""
        return "" if isinstance(page, Exception) else "no Harbor seen here", ""

    @property
    def fine(self):
        report = self.report
        sick = list(report.unhealthy)
        count = len(report.components)
        text = f"{self.harbor.origin.where} answers, "
        if report.just_started:
            return text + "core has just started: no component is checked yet"
        if sick:
            return text + f"{count - len(sick)} of {count} components healthy; reported elsewhere: {', '.join(sick)}"
        return text + f"all {count} components healthy"


def answered(answer):
    """Whether a request was answered, and with 200."""
    return not isinstance(answer, Exception) and answer.status == 200


class ComponentState(nagiosplugin.Context):
    """One component of the report."""

    def __init__(self, args):
        super().__init__("component")
        self.degraded = args.degraded
        self.delegated = args.delegate
        self.serious = Warn if args.isolate else Critical

    def evaluate(self, metric, resource):
        report = resource.report
        if metric.value:
            return Judged(Ok, f"{metric.name} is healthy", metric)
        if report.just_started:
            return Judged(Ok, f"{metric.name} is not checked yet", metric)
        text = f"{metric.name} is unhealthy: {report.unhealthy[metric.name]}"
        if metric.name in self.delegated:
            return Judged(Ok, f"{text} (reported elsewhere)", metric)
        state = Warn if metric.name in self.degraded else self.serious
        cause = isolation.explained_by(metric.name, report) or metric.name
        return Judged(state, text, metric, components.next_step(cause))

    def performance(self, metric, resource):
        return nagiosplugin.Performance(units.label(metric.name), metric.value, min=0, max=1)


class Summary(summaries.Summary):
    """Several unhealthy components are counted, the cause before what follows from it; each has a line below."""

    def problem(self, results):
        judged = [result for result in results if result.metric and result.metric.context == "component"]
        sick = [result.metric.name for state in (Critical, Warn) for result in judged if result.state == state]
        if len(sick) < 2:
            return super().problem(results)
        report = self.resource.report
        causes = {name: isolation.explained_by(name, report) for name in sick}
        told = [name for name in sick if not causes[name]]
        told += [f"{name} (follows from {causes[name]})" for name in sick if causes[name]]
        text = f"{len(sick)} of {len(report.components)} components unhealthy: {', '.join(told)}"
        worst = judgement.worst(result.state for result in results)
        return "; ".join([text, *(str(result) for result in results if result.state == worst and result not in judged)])


def declare(parser):
    options.thresholds(parser, "", "response time", "1.5", "5", units.SECONDS)
    parser.add_argument("--degraded", metavar="NAMES", type=components.names, default=[],
                        help="components whose failure is a WARNING, e.g. trivy")  # fmt: skip
    parser.add_argument("--delegate", metavar="NAMES", type=components.names, default=[],
                        help="components that have a service of their own: shown, not judged")  # fmt: skip


def check(args, harbor):
    health = Health(harbor)
    return nagiosplugin.Check(
        health,
        ResponseTime(args.warning, args.critical),
        Finding("start", Ok if args.isolate else Warn, "wait half a minute and look again"),
        ComponentState(args),
        Summary(health),
    )


main = plugin.main(__name__, declare, check)
