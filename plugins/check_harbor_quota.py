#!/usr/bin/env python3
"""Which project is near its storage quota?

Reads /api/v2.0/quotas, the most used first. A push into a project whose quota is used up is refused.

States:
  OK        no project has used too much of its quota
  WARNING   a project has used much of it (-w)
  CRITICAL  a project has used (nearly) all of it (-c): its next push is refused
  UNKNOWN   usage error, no login, a right is missing, no such project, no answer that can be judged; not all projects
            were seen: time ran out, Harbor announces more than it shows, or does not sort them (below); with
            --isolate: another probe reports the cause, named in the line (database, the login)

-w and -c are percent of the quota used. A project without a limit is counted, not judged. With several thousand
projects Harbor needs minutes for the whole list (18 ms for each project): raise -t, or name the projects that matter
(--project: one quick request each), or be content with the most used ones (--page-limit 3: the first 300). What was
looked at stands in the line. Some Harbors (2.9.5 is one) do not sort by use; there --page-limit is not enough to be OK.

Perfdata:
  used        percent of its quota that the fullest project has used
  projects    projects looked at
  unlimited   how many of these have no limit
  used_NAME   percent, for each project that --perfdata-for names
  time        seconds that the answers took

Rights: quota:list, on system level; with --project also project:list. Harbor: 2.0 or newer; robot accounts can hold
these rights from 2.9 on.

Does not see: a full volume (check_harbor_storage); uploads that have just begun.
"""

from harborlib import endpoints, judgement, options, plugin, summaries, things, units, words
from harborlib.fields import UNLIMITED
from harborlib.judgement import Finding, Shown, Threshold, named
from harborlib.pages import Pages
from harborlib.projects import Projects
from harborlib.rest import Rest
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Unknown

NEXT = "delete what is not needed in the project (tag retention, then garbage collection), or raise its quota"
MORE = "raise -t, name projects with --project, or be content with the most used ones (--page-limit)"


class Quotas(nagiosplugin.Resource):
    """Quotas and what is used of them. `unseen` and `scope` say how far Harbor's list was read."""

    source: "Pages | Projects"  # where they come from; it knows at the end whether Harbor showed them all

    def __init__(self, rest, selection, page_limit):
        self.rest = rest
        self.selection = selection
        self.page_limit = page_limit
        self.unseen = ""
        self.scope = ""
        self.fine = ""

    def probe(self):
        quotas = list(self.by_name() if self.selection.exact else self.listed())
        shares = [(round(used * 100 / hard, 2) if hard else 100, name) for name, hard, used in quotas if hard >= 0]
        shares.sort(key=lambda share: -share[0])
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", self.unseen)
        for share, name in self.selection.told(shares, lambda share: share[1]):
            yield nagiosplugin.Metric(named("used", name), share, "%", min=0, context="share")
        fullest = shares[0] if shares else (0, "")
        yield nagiosplugin.Metric("used", fullest[0], "%", min=0)
        yield nagiosplugin.Metric("projects", len(quotas), min=0, context="sum")
        yield nagiosplugin.Metric("unlimited", len(quotas) - len(shares), min=0, context="sum")
        self.fine = f"{words.number(len(quotas), 'project')}{self.scope}, {len(quotas) - len(shares)} of them unlimited"
        self.fine += f"; the fullest is {fullest[1]} with {words.percent(fullest[0])} of its quota" if shares else ""
        self.source.confirm()

    def listed(self):
        """All projects that are chosen, from the list of all, as far as it can be read."""
        query = {"limit": self.page_limit, "noun": "project", "sort": "-used.storage"}
        self.source = pages = self.rest.pages(endpoints.QUOTAS, **query)
        first, least, falling = None, None, True
        for row in pages:
            quota = quota_of(row)
            first = first or quota
            falling = falling and (least is None or quota[2] <= least)
            least = quota[2]
            if self.selection.takes(quota[0]):
                yield quota
        self.unseen = pages.unseen
        if pages.complete:
            self.selection.confirm()
        elif self.unseen or pages.missing:
            return
        elif falling and self.least_used() != first:
            self.scope = f" (the most used, {pages})"
        else:
            self.unseen = f"only {pages} projects looked at: this Harbor does not list the most used first"

    def least_used(self):
        """The first of the list in the other order: a Harbor that does not sort gives the same one."""
        return next(map(quota_of, self.rest.pages(endpoints.QUOTAS, limit=1, page_size=1, sort="used.storage")), None)

    def by_name(self):
        """The projects that are chosen by name, each asked for by its number."""
        self.source = projects = Projects(self.rest, self.selection)
        for project in projects:
            number = project.number("project_id")
            query = {"noun": "quota", "reference": "project", "reference_id": number}
            yield from map(quota_of, self.rest.rows(endpoints.QUOTAS, **query))
        self.unseen = projects.unseen


def quota_of(row):
    """Name of the project, hard limit (-1: none) and use in bytes."""
    hard = row.inner("hard")
    limit = hard.number("storage", least=UNLIMITED) if "storage" in hard else UNLIMITED
    return row.inner("ref").name("name"), limit, row.inner("used").count("storage")


def declare(parser):
    options.thresholds(parser, "", "percent of a quota used", "85", "99", units.PERCENT)
    things.declare(parser, "projects", "--project")
    things.declare_page_limit(parser, "the most used projects first")


def check(args, harbor):
    selection = Selection(args, "project")
    quotas = Quotas(Rest(harbor), selection, args.page_limit)
    limits = (args.warning, args.critical)
    return nagiosplugin.Check(
        quotas,
        Threshold(
            "share", *limits, "{value} of its quota used", words.percent, NEXT, selection=selection, measure="used"
        ),
        Finding("unseen", Unknown, MORE),
        Shown("used", *limits),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(quotas),
    )


main = plugin.main(__name__, declare, check)
