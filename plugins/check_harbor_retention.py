#!/usr/bin/env python3
"""Does tag retention run in the projects, and does it succeed?

Reads the projects, and for each that has a retention policy with rules its schedule (/api/v2.0/retentions/ID) and its
newest 100 runs (/api/v2.0/retentions/ID/executions). Where retention stands still, old images pile up until a quota or
the volume is full.

States:
  OK        in every project the last run succeeded, lately enough; never ran, but the schedule is not due yet; no
            project has a retention policy
  WARNING   in some project: the last finished run failed or was stopped; rules without a schedule; the schedule did
            not fire, although it was due longer than --schedule-grace ago; the last success is long ago (-w), or a run
            takes long (--running-warning)
  CRITICAL  in some project: the last success is very long ago (-c), or a run takes very long (--running-critical)
  UNKNOWN   usage error, no login, a right is missing, no such project, no answer that can be judged; not all projects
            were seen: time ran out (raise -t, or divide them among services with --project), or Harbor announces more
            than it shows; with --isolate: another probe reports the cause, named in the line (jobservice, database,
            the login)

Dry runs do not count. Where no success is among the runs read, the age is the one of the oldest of them, at least.
Schedules that fire less than once a week need other thresholds: -w 35d -c 65d for monthly ones.

Perfdata:
  policies       retention policies looked at
  age            seconds since the last success ended, in the project where that is longest ago
  running        seconds that the longest present run takes already, 0 without one
  age_NAME       the same for each project that --perfdata-for names
  running_NAME   the same for each project that --perfdata-for names
  time           seconds that the answers took, all together

Rights: tag-retention:read and tag-retention:list, in each project (namespace * for all of them). Harbor: 2.0 or newer;
robot accounts can hold these rights from 2.9 on, there one that has no right on system level besides. What such a robot
does not cover it does not see.

Does not see: since when a schedule stands, so that one in a project without any run is only counted as "without a run";
whether the rules keep what they should (Dry Run in the UI tells); the space, which only garbage
collection frees (check_harbor_gc).
"""

from harborlib import endpoints, isolation, judgement, plugin, runs, summaries, things, words
from harborlib.failure import Failure
from harborlib.judgement import Finding, Shown
from harborlib.projects import Projects
from harborlib.rest import Each, Rest
from harborlib.runs import History, Run, Schedule
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Unknown

MORE = "raise -t, or divide the projects among services with --project"
NEXT = "read the run's log in the UI (project > Policy > Tag Retention)"


class Retention(nagiosplugin.Resource):
    """The runs of every project's retention policy, the longest without success first."""

    def __init__(self, rest, selection, grace):
        self.rest = rest
        self.selection = selection
        self.grace = grace
        self.fine = "no project has a tag retention policy"

    def probe(self):
        projects = Projects(self.rest, self.selection)
        found = [(row.name("name"), row.inner("metadata").key("retention_id")) for row in projects]
        questions = Each([policy for policy in found if policy[1]], self.history, "retention policy")
        policies = [(name, history) for (name, _), history in questions if history]
        policies.sort(key=lambda policy: -(policy[1].age or policy[1].fruitless or 0))
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", projects.unseen or questions.unseen)
        for name, history in policies:
            yield from history.metrics(name, unscheduled="its rules have no schedule")
        yield nagiosplugin.Metric("policies", len(policies), min=0)
        yield from runs.totals(history for _, history in policies)
        if policies:
            self.fine = self.told([history for _, history in policies])
        projects.confirm()

    def history(self, policy):
        """The runs of one policy; None where it has no rules, so that there is nothing to run."""
        name, number = policy
        try:
            rules = self.rest.get(endpoints.RETENTION, number)
            rows = self.rest.first_page(endpoints.RETENTION_EXECUTIONS, number, noun="run")
        except Failure as failure:
            raise failure.but(detail=f"{name}: {failure.detail}") from None
        cron = rules.inner("trigger").inner("settings").name("cron")
        found = [Run.of(row, counts=not row.flag("dry_run")) for row in rows]
        return (
            History(found, self.rest.now, Schedule(cron) if cron else None, self.grace) if rules.rows("rules") else None
        )

    @staticmethod
    def told(histories):
        ages = [history.age for history in histories if history.age is not None]
        text = f"{words.number(len(histories), 'retention policy')}"
        text += f", the last success at most {words.span(max(ages))} ago" if ages else ""
        never = len(histories) - len(ages)
        return text + (f", {never} without a run yet" if never else "")


def declare(parser):
    runs.declare(parser)
    things.declare(parser, "projects", "--project")


def check(args, harbor):
    selection = Selection(args, "project")
    retention = Retention(Rest(harbor), selection, args.schedule_grace)
    return nagiosplugin.Check(
        retention,
        *runs.contexts(args, NEXT, selection),
        Finding("unseen", Unknown, MORE, kind=isolation.SLOW),
        Shown("policies"),
        Shown("time"),
        summaries.OfMany(retention),
    )


main = plugin.main(__name__, declare, check)
