#!/usr/bin/env python3
"""Which project is near its storage quota?

Reads /api/v2.0/quotas, the most used first. A push into a project whose quota is used up is refused.

States:
  OK        no project has used too much of its quota
  WARNING   a project has used much of it (-w)
  CRITICAL  a project has used (nearly) all of it (-c): its next push is refused
  UNKNOWN   usage error, no credentials, a missing permission, no such project, an unexpected answer; not all projects
            were seen: time ran out, Harbor lists fewer than it counts, or does not sort them (below); with --isolate:
            another probe reports the cause, named in the line (database, the credentials)

-w and -c are percent of the quota used. A project without a limit is counted, not judged. With several thousand
projects Harbor needs minutes for the whole list (18 ms for each project): raise -t, or name the projects that matter
(--project: one quick request each), or read only the most used ones (--page-limit 3: the first 300). The line says what
was read. Some Harbors (2.9.5 is one) do not sort by use; there the state is never OK with --page-limit.

Perfdata:
  used        percent of its quota that the fullest project has used
  projects    projects that were checked
  unlimited   how many of these have no limit
  used_NAME   percent, for each project that --perfdata-for names
  time        seconds that the answers took

Permissions: quota:list, at the system level; with --project also project:list. Harbor: 2.0 or newer; robot accounts can
hold these permissions from 2.9 on.

Does not see: a full volume (check_harbor_storage); uploads that have just begun.
"""

import harbor_preloaded

import argparse
from collections.abc import MutableMapping
from typing import NamedTuple, Optional, Union

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import UNLIMITED, Fields
from harborlib.harbor.pages import Pages
from harborlib.harbor.refusals import NOTHING_SELECTED
from harborlib.judge import Limit, NotRead, Problem, Readings, Selectable, Shown, each_row
from harborlib.judge.projects import Projects
from harborlib.judge.selection import Selection, declare_page_limit
from harborlib.run import Probe, Service, plugin
from harborlib.text import PERCENT_OF_LIMIT, UNKNOWN, words
from harborlib.wire import Failure

MAKE_ROOM = "delete unused artifacts in the project and run garbage collection, or raise its quota"
NO_QUOTA = "look at Administration > Project Quotas; if none is listed there, this service is not needed"
SEE_MORE = "raise -t, select projects with --project, or read only the most used ones (--page-limit)"

projects = Selectable("project", "projects", "--project")
used_up = Limit("quota.nearly-used-up", "used", PERCENT_OF_LIMIT, "{value} of its quota used", "85%", "99%",
                help="percent of a quota used", next_step=MAKE_ROOM, clamped=True)  # fmt: skip
not_read = NotRead("quota.not-read")
not_all_seen = Problem("quota.not-all-seen", UNKNOWN, SEE_MORE)
projects_seen = Shown("projects")
without_limit = Shown("unlimited")


def measure(run: Run) -> Readings:
    """The quotas and their use, the fullest first."""
    chosen = projects.chosen(run.args)
    failed: dict[str, Failure] = {}
    quotas, source, unseen, scope = by_name(run, chosen, failed) if chosen.exact else listed(run, chosen, failed)
    if not quotas and not (unseen or failed or source.failed or source.missing):
        raise Failure(NOTHING_SELECTED, "Harbor lists no quota, so nothing was judged", next_step=NO_QUOTA)
    shares = [(quota.share, quota.project) for quota in quotas if quota.limit >= 0]
    shares.sort(key=lambda share: -share[0])
    if unseen:
        yield not_all_seen(unseen)
    yield from not_read.readings({**source.failed, **failed})
    for share, project in chosen.judged(shares, lambda share: share[1]):
        yield used_up(share, of=project)
    fullest, project = shares[0] if shares else (0, "")
    unlimited = len(quotas) - len(shares)
    yield used_up.worst(fullest)
    yield projects_seen(len(quotas))
    yield without_limit(unlimited)
    source.confirm()
    text = f"{words.number(len(quotas), 'project')}{scope}, {unlimited} of them unlimited"
    return text + (f", the fullest is {project} at {words.percent(fullest)} of its quota" if shares else "")


class Quota(NamedTuple):
    """The quota of a project: its hard limit (UNLIMITED: none) and its use, in bytes."""

    project: str
    limit: float
    used: float

    @classmethod
    def of(cls, row: Fields) -> "Quota":
        """From a row of Harbor's list."""
        hard = row.inner("hard")
        limit = hard.number("storage", least=UNLIMITED) if "storage" in hard else UNLIMITED
        return cls(row.inner("ref").name("name"), limit, row.inner("used").number("storage"))

    @property
    def share(self) -> float:
        """Percent of the limit that is used; a limit of 0 counts as used up."""
        return words.share(self.used, self.limit) if self.limit else 100


class Seen(NamedTuple):
    """The quotas of the selected projects, as far as they were read.

    `source` knows whether Harbor showed all that it announced. `unseen` says that some are missing, `scope` that only
    those with less use are missing.
    """

    quotas: list[Quota]
    source: Union[Pages, Projects]
    unseen: str = ""
    scope: str = ""


def by_name(run: Run, chosen: Selection, failed: MutableMapping[str, Failure]) -> Seen:
    """The projects that are selected by name; each is requested by its number."""
    found = Projects(run.rest, chosen)
    query = {"noun": "quota", "reference": "project"}
    answers = list(found.each(lambda _, number: run.rest.rows(endpoints.QUOTAS, **query, reference_id=number)))
    rows = [row for _, rows in answers for row in rows]
    return Seen(each_row(rows, Quota.of, failed, "quota"), found, found.unseen)


def listed(run: Run, chosen: Selection, failed: MutableMapping[str, Failure]) -> Seen:
    """All selected projects, from the complete list, as far as it can be read."""
    pages = run.rest.pages(endpoints.QUOTAS, limit=run.args.page_limit, noun="project", sort="-used.storage")
    every = each_row(pages, Quota.of, failed, "quota")
    # A deleted project can leave its quota behind. That quota has no name, and nobody pushes there.
    quotas = [quota for quota in every if quota.project and chosen.takes(quota.project)]
    if pages.complete:
        chosen.confirm()
        return Seen(quotas, pages)
    if pages.unseen or pages.missing:
        return Seen(quotas, pages, pages.unseen)
    falling = all(quota.used >= following.used for quota, following in zip(every, every[1:]))
    if falling and least_used(run) != every[0]:
        return Seen(quotas, pages, scope=f" (the most used, {pages})")
    return Seen(quotas, pages, unseen=f"only {pages} projects checked: this Harbor does not list the most used first")


def least_used(run: Run) -> Optional[Quota]:
    """The first row in reverse order: a Harbor that does not sort returns the same row."""
    pages = run.rest.pages(endpoints.QUOTAS, limit=1, page_size=1, sort="used.storage")
    return next((Quota.of(row) for row in pages), None)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare how much of the list is enough."""
    declare_page_limit(parser, "the most used projects first")


main = plugin.main(Probe(
    __name__,
    measure,
    [used_up, not_read, not_all_seen, projects_seen, without_limit],
    declare=declare,
    selects=projects,
    asks=[endpoints.QUOTAS, endpoints.PROJECTS],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="A project has nearly used its quota, or has: pushes into it are refused. "
                "Delete artifacts, set a retention policy, or raise the quota.")
    ],
))  # fmt: skip
