#!/usr/bin/env python3
"""Is this one component of Harbor healthy?

Reads one component from /api/v2.0/health, so that each component can have a service of its own: registry, database,
redis, jobservice, registryctl, trivy.

States:
  OK        Harbor reports the component as healthy
  WARNING   core has just started and has not checked the component yet; the report was slow (-w)
  CRITICAL  Harbor reports the component as unhealthy; no health report, or a very slow one (-c)
  UNKNOWN   usage error; Harbor does not report this component; with --isolate: another component (redis for
            jobservice), a core that has just started or the whole of Harbor (check_harbor_health) is the cause, named
            in the line

Perfdata:
  time         response time in seconds
  <component>  1 healthy, 0 unhealthy

Rights: none. Harbor: 2.0 or newer.

Does not see: storage trouble behind a registry that Harbor calls healthy (check_harbor_push, check_harbor_pull).
Harbor checks its components every 10 seconds and repeats the last result; one that hangs shows after up to 66
seconds. "core" is a constant in the report and is always healthy.
"""

from harborlib.harbor import components
from harborlib.judge import judgement
from harborlib.judge.judgement import Finding, ResponseTime, Shown
from harborlib.run import options, plugin
from harborlib.text import summaries, units
from harborlib.wire.failure import CONTENT, Failure

import nagiosplugin
from nagiosplugin import Warn

HERE = "trivy is reported only where it is installed: choose a --component that is reported, or drop this service"


class Component(nagiosplugin.Resource):
    """One entry of Harbor's health report."""

    def __init__(self, harbor, component):
        self.harbor = harbor
        self.component = component
        self.fine = f"{component} is healthy"

    def probe(self):
        report = self.harbor.health()
        yield judgement.seconds(report.elapsed)
        if self.component not in report.components:
            known = ", ".join(report.components)
            raise Failure(CONTENT, f"{self.component} is not reported, only {known}", next_step=HERE)
        error = report.components[self.component]
        if error and report.just_started:
            yield nagiosplugin.Metric("start", f"{self.component} is not checked yet: core has just started")
        else:
            yield nagiosplugin.Metric("health", f"{self.component} is unhealthy: {error}" if error else "")
        yield nagiosplugin.Metric(self.component, int(not error), min=0, max=1, context="value")


def declare(parser):
    parser.add_argument("--component", metavar="NAME", type=options.name, required=True, help="as in Harbor's report")
    options.thresholds(parser, "", "response time", "1.5", "5", units.SECONDS)


def check(args, harbor):
    component = Component(harbor, args.component)
    return nagiosplugin.Check(
        component,
        ResponseTime(args.warning, args.critical),
        Finding("start", Warn, "wait half a minute and look again"),
        Finding("health", next_step=components.next_step(args.component)),
        Shown("value"),
        summaries.Summary(component),
    )


main = plugin.main(__name__, declare, check)
