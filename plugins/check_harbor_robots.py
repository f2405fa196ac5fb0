#!/usr/bin/env python3
"""Which robot account expires, our own among them?

Reads the robot accounts of the system from /api/v2.0/robots, or with --project those of projects. A client whose robot
account has expired is refused like one with a wrong password.

States:
  OK        no account expires soon
  WARNING   an account expires within 7 days or a quarter of its life, whichever is shorter (or -w); one has expired or
            was disabled in the last 30 days
  CRITICAL  the account that this probe logs in with expires as soon as that; any account expires very soon (-c)
  UNKNOWN   usage error, no login, a right is missing, no such account or project, no answer that can be judged; not
            all accounts were seen: time ran out, or Harbor announces more than it shows; with --isolate: another
            probe reports the cause, named in the line (database, the login)

-w and -c are times left, as 14d: for two weeks; -c is off by default. Accounts that expired or were disabled longer
than 30 days ago are counted, not judged. Harbor lists the accounts of one project at a time: with thousands of projects
raise -t, or divide them among services. A monitoring robot of Harbor 2.9 with rights on system level has none in
projects: --project needs another one there.

Perfdata:
  robots     accounts looked at
  expired    those that have expired
  disabled   those that are disabled
  left       seconds until the first of them expires, negative if it has in the last 30 days; left out if none does
  left_NAME  the same for each account that --perfdata-for names
  time       seconds that the answers took, all together

Rights: robot:list, on system level; with --project in each project instead. Harbor: 2.0 or newer; robot accounts can
hold this right on 2.9, and from 2.12 on.

Does not see: accounts of projects, unless --project names them, and vice versa; passwords of people; secrets that were
refreshed without telling whoever uses them (check_harbor_login).
"""

from argparse import Namespace
from typing import NamedTuple, Optional

from harborlib import endpoints, isolation, judgement, options, plugin, summaries, things, units, words
from harborlib.judgement import Finding, Judged, Shown, Threshold, named, thing
from harborlib.pages import Pages
from harborlib.projects import Projects
from harborlib.rest import Rest
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Critical, Ok, Unknown, Warn

DAY = 86400
RECENTLY = 30 * DAY  # what is over for longer hurts nobody any more
NEXT = "give it more time in the UI (Robot Accounts > Edit, or the API's duration); its secret stays; or delete it"
ENABLE = "enable it in the UI (Robot Accounts), or delete it"
MORE = "raise -t, or divide the projects among services with --project"


class Account(NamedTuple):
    """A robot account: seconds left (None: it never expires), seconds of its life, seconds for which it is disabled."""

    name: str
    left: Optional[float]
    life: float
    disabled: Optional[float]

    @property
    def gone(self):
        """Whether it is over since long."""
        return max(self.disabled or 0, -(self.left or 0)) > RECENTLY


class Robots(nagiosplugin.Resource):
    """The robot accounts, the next to expire first. `lives` are the seconds of their lives by name."""

    source: "Pages | Projects"  # where they come from; it knows at the end whether Harbor showed them all

    def __init__(self, rest, selection, projects):
        self.rest = rest
        self.selection = selection
        self.projects = projects
        self.unseen = ""
        self.scope = "on system level, those of projects not looked at"
        self.lives = {}
        self.fine = ""

    def probe(self):
        accounts = list(self.of_projects() if self.projects else self.of_system())
        if not self.unseen and not self.source.missing:
            self.selection.confirm()
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", self.unseen)
        ending = [account for account in accounts if account.left is not None]
        off = [account for account in accounts if account.disabled is not None]
        lately = [account for account in off if not account.gone]
        for account in self.selection.told(lately, name_of):
            text = f"disabled {words.span(account.disabled)} ago"
            yield nagiosplugin.Metric(named("off", account.name), text, context="off")
        lasting = [account for account in ending if account.disabled is None and not account.gone]
        judged = sorted(lasting, key=lambda account: (account.left, account.name))
        for account in self.selection.told(judged, name_of):
            self.lives[account.name] = account.life
            yield nagiosplugin.Metric(named("left", account.name), round(account.left), "s", context="left")
        expired = [account for account in ending if account.left <= 0]
        counts = {"robots": len(accounts), "expired": len(expired), "disabled": len(off)}
        for name, count in counts.items():
            yield nagiosplugin.Metric(name, count, min=0, context="sum")
        self.fine = f"{words.number(len(accounts), 'robot account')} {self.scope}"
        if judged:
            yield nagiosplugin.Metric("left", round(judged[0].left), "s", context="sum")
            self.fine += f"; {judged[0].name} expires first, in {words.span(judged[0].left)}"
        self.fine += "".join(f", {counts[what]} {what}" for what in ("expired", "disabled") if counts[what])
        self.source.confirm()

    def of_system(self):
        self.source = pages = self.rest.pages(endpoints.ROBOTS, noun="robot account")
        for row in pages:
            yield from self.taken(row)
        self.unseen = pages.unseen

    def of_projects(self):
        self.source = projects = Projects(self.rest, self.projects)
        found = list(projects.each(self.of_project))
        self.scope = f"in {words.number(len(found), 'project')}"
        self.unseen = projects.unseen
        return [account for _, accounts in found for account in accounts]

    def of_project(self, _, number):
        rows = self.rest.whole(endpoints.ROBOTS_OF_PROJECT, noun="robot account", q=f"Level=project,ProjectID={number}")
        return [account for row in rows for account in self.taken(row)]

    def taken(self, row):
        """The account of a row, if it is one of those asked for."""
        name, end = row.name("name"), row.end("expires_at")
        if self.selection.takes(name):
            now, created = self.rest.now, row.moment("creation_time") or 0.0
            off = max(0.0, now - (row.moment("update_time") or 0.0)) if row.flag("disable") else None
            yield Account(name, None if end is None else end - now, (end or 0) - created, off)


def name_of(account):
    return account.name


class Expiry(Threshold):
    """The time left of an account; without -w the limit follows from its life. For `own` any limit is critical."""

    def __init__(self, args, selection, own):
        critical = args.critical or nagiosplugin.Range("~:")
        super().__init__("left", args.warning, critical, "", words.span, NEXT, selection=selection)
        self.own = own
        self.given = args.warning

    def evaluate(self, metric, resource):
        name = thing(metric, "left")
        self.warning = self.given or nagiosplugin.Range(f"{max(0, min(7 * DAY, resource.lives[name] / 4)):.0f}:")
        left = metric.value
        when = f"expires in {words.span(left)}" if left > 0 else f"expired {words.span(-left)} ago"
        text = f"{name}{' (used by this probe)' if name == self.own else ''}: {when}"
        for state, limit in ((Critical, self.critical), (Warn, self.warning)):
            if not limit.match(left):
                text += f", {words.moment(resource.rest.now + left)}"
                return Judged(Critical if name == self.own else state, text, metric, self.next_step)
        return Judged(Ok, text, metric)


def declare(parser):
    options.thresholds(parser, "", "time left, as 14d: (-w: by the account's life)", None, None, units.SECONDS)
    parser.add_argument("--project", metavar="NAMES", type=things.patterns, default=[],
                        help="the accounts of these projects, not the system's: names or patterns, as *")  # fmt: skip
    things.declare(parser, "robot accounts", "--robot")


def check(args, harbor):
    rest, selection = Rest(harbor), Selection(args, "robot account")
    chosen = Namespace(include=args.project, exclude=[], perfdata_for=[])
    robots = Robots(rest, selection, Selection(chosen, "project") if args.project else None)
    return nagiosplugin.Check(
        robots,
        Expiry(args, selection, harbor.login.username),
        Finding("off", Warn, ENABLE, selection=selection),
        Finding("unseen", Unknown, MORE, kind=isolation.SLOW),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(robots),
    )


main = plugin.main(__name__, declare, check)
