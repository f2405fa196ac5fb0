#!/usr/bin/env python3
"""Is this one component of Harbor healthy?

Reads one component from /api/v2.0/health, so that each component can have a service of its own: registry, database,
redis, jobservice, registryctl, trivy.

States:
  OK        Harbor reports the component as healthy
  WARNING   core has just started and has not checked the component yet; the report was slow (-w)
  CRITICAL  Harbor reports the component as unhealthy; no health report, or a very slow one (-c)
  UNKNOWN   usage error; Harbor does not report this component; with --isolate: another component (redis for
            jobservice), a core that has just started or Harbor as a whole (check_harbor_health) is the cause, named in
            the line

Perfdata:
  time         response time in seconds
  COMPONENT    1 healthy, 0 unhealthy

Permissions: none. Harbor: 2.0 or newer.

Does not see: storage trouble behind a registry that Harbor calls healthy (check_harbor_push, check_harbor_pull). Harbor
checks its components every 10 seconds and repeats the last result; one that hangs shows after up to 66 seconds. "core"
is a constant in the report and is always healthy.
"""

import harbor_preloaded

import argparse

from harborlib.harbor import HealthReport, Run, components
from harborlib.judge import Problem, Readings, ResponseTime, Shown
from harborlib.run import Probe, Service, plugin, values
from harborlib.text import CRITICAL, WARNING
from harborlib.wire import CONTENT, Failure, Kind

NOT_REPORTED = Kind(
    "component.not-reported",
    CONTENT,
    next_step="choose a --component that Harbor reports, or remove this service (trivy is optional)",
)

time = ResponseTime("component.slow", "1.5s", "5s")
starting = Problem("component.core-just-started", WARNING, "wait half a minute, then check again")
unhealthy = Problem("component.unhealthy", CRITICAL)
health = Shown("health")


def measure(run: Run) -> Readings:
    """One entry of Harbor's health report."""
    name = run.args.component
    report = HealthReport.ask(run)
    yield time(report.elapsed)
    if name not in report.components:
        known = ", ".join(report.components)
        raise Failure(NOT_REPORTED, f"Harbor does not report {name}, only {known}")
    error = report.components[name]
    if error and report.just_started:
        yield starting(f"{name} is not checked yet: core has just started")
    elif error:
        yield unhealthy(f"{name} is unhealthy: {error}", next_step=components.next_step(name))
    yield health(int(not error), label=name, high=1)
    return f"{name} is healthy"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--component", metavar="NAME", type=values.name, required=True, help="as in Harbor's report")


def service(name: str, notes: str, every: str = "1min", attempts: int = 1, retry: str = "1min") -> Service:
    """The service of one component; a component that others depend on is checked often."""
    return Service(every, notes, attempts, retry, options={"--component": name}, name=f"component-{name}")


main = plugin.main(Probe(
    __name__,
    measure,
    [time, starting, unhealthy, health],
    declare=declare,
    example=["--component", "registry"],
    services=[
        service("database", "PostgreSQL is down: logins, the API, pushes and pulls (of public images too) fail. "
                "Look at the disk and the log of the database, in Harbor or external."),
        service("redis", "Redis is down: pushes fail, jobs have stopped, answers are slow. "
                "Look at the log of Redis, in Harbor or external."),
        service("registry", "The registry is down: nobody can pull or push. Look at the log of registry, after an "
                "upgrade at its configuration and storage driver."),
        service("jobservice", "The job service is down: scans, replication and garbage collection have stopped. "
                "Look at the log of jobservice.", "2min", 2, "90s"),
        service("registryctl", "The registry controller is down: garbage collection fails. "
                "Look at the log of registryctl.", "2min", 2, "90s"),
        service("trivy", "Trivy is down: vulnerability scans fail. "
                "Look at the memory and the log of trivy (trivy-adapter).", "2min", 2, "90s"),
    ],
))  # fmt: skip
