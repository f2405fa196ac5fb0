#!/usr/bin/env python3
"""Which robot accounts expire soon, and is the account of this probe one of them?

Reads the robot accounts at the system level from /api/v2.0/robots, or those of projects with --project. Harbor refuses
a client with an expired robot account as it refuses one with a wrong password.

States:
  OK        no account expires soon
  WARNING   an account expires within 7 days or a quarter of its lifetime, whichever is shorter (or -w); one has expired
            or was disabled in the last 30 days
  CRITICAL  the account that this probe uses expires that soon; any account expires very soon (-c)
  UNKNOWN   usage error, no credentials, a missing permission, no such account or project, an unexpected answer; not all
            accounts were seen: time ran out, or Harbor lists fewer than it counts; with --isolate: another probe
            reports the cause, named in the line (database, the credentials)

-w and -c are times left, such as 14d: for two weeks; -c is off by default. Accounts that expired or were disabled more
than 30 days ago are counted, not judged. Harbor lists the accounts of one project at a time: with thousands of projects
raise -t, or split them across services. On Harbor 2.9 a robot account with permissions at the system level has none in
projects: --project needs another account there.

Perfdata:
  robots     accounts that were checked
  expired    those that have expired
  disabled   those that are disabled
  left       seconds until the first of them expires, negative if it expired in the last 30 days; left out if none
             expires
  left_NAME  the same for each account that --perfdata-for names
  time       seconds that all answers took together

Permissions: robot:list, at the system level; with --project in each project instead. Harbor: 2.2 or newer; robot
accounts can hold this permission on 2.9, and from 2.12 on.

Does not see: accounts of projects unless --project selects them, and vice versa; passwords of people; secrets that were
refreshed while a client still uses the old one (check_harbor_login).
"""

import harbor_preloaded

import argparse
from collections.abc import Iterable, Mapping, MutableMapping
from functools import partial
from typing import NamedTuple, Optional, Union

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.pages import Pages
from harborlib.judge import SLOW, Limit, NotRead, Problem, Reading, Readings, Selectable, Shown, each_row
from harborlib.judge.projects import Projects
from harborlib.judge.readings import Options, Range
from harborlib.judge.selection import Selection, patterns
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, SECONDS, UNKNOWN, WARNING, words
from harborlib.text.finding import Finding
from harborlib.text.units import LOW
from harborlib.wire import Failure

import nagiosplugin

DAY = 86400
RECENTLY = 30 * DAY  # an account that ended longer ago affects nobody any more
PROLONG = "extend it in the web UI (Robot Accounts > Edit, its secret stays the same), or delete it"
ENABLE = "enable it in the web UI (Robot Accounts), or delete it"
MORE = "raise -t, or split the projects across services with --project"


class Expiry(Limit):
    """The time left of an account, negative after its expiry; without -w the limit depends on its `life`."""

    def limits(self, reading: Reading, args: Options) -> tuple[Range, Range]:
        """The ranges of the options; else a week or a quarter of the account's life, whichever is shorter."""
        by_life = max(0, min(7 * DAY, reading.words["life"] / 4))
        return args.warning or nagiosplugin.Range(f"{by_life:.0f}:"), args.critical

    def say(self, reading: Reading) -> str:
        """When it expires or expired."""
        left = reading.value or 0
        return f"expires in {words.span(left)}" if left > 0 else f"expired {words.span(-left)} ago"

    def judge(self, reading: Reading, args: Options) -> Finding:
        """A problem shows the date instead of the limit."""
        finding = super().judge(reading, args)
        day = words.moment(reading.words["ends"])
        return finding._replace(text=f"{finding.text}, {day}", limit="") if finding.is_problem else finding


class OwnExpiry(Expiry):
    """The time left of the account that this probe uses: any violated limit is critical."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Nothing: it uses the options for all accounts."""

    def judge(self, reading: Reading, args: Options) -> Finding:
        """Critical, or OK."""
        finding = super().judge(reading, args)
        finding = finding._replace(subject=f"{reading.of} (used by this probe)")
        return finding._replace(state=CRITICAL) if finding.is_problem else finding


robots = Selectable("robot account", "robot accounts", "--robot")
expiry = Expiry("robots.expiring", "left", SECONDS, "", low=None, bad=LOW, next_step=PROLONG,
                help="time left, such as 14d", computed=("7d, or a quarter of a shorter lifetime", ""))  # fmt: skip
own_expiry = OwnExpiry("robots.own-expiring", "left", SECONDS, "", low=None, next_step=PROLONG)
disabled = Problem("robots.disabled", WARNING, ENABLE)
not_read = NotRead("robots.not-read")
not_all_seen = Problem("robots.not-all-seen", UNKNOWN, MORE, SLOW)
all_accounts = Shown("robots")
expired_accounts = Shown("expired")
disabled_accounts = Shown("disabled")


class Account(NamedTuple):
    """A robot account: seconds left (None: it never expires), seconds of its life, seconds since it was disabled."""

    name: str
    left: Optional[float]
    life: float
    disabled: Optional[float]

    @property
    def long_over(self) -> bool:
        """Whether it expired or was disabled long ago."""
        return max(self.disabled or 0, -(self.left or 0)) > RECENTLY


class Accounts(NamedTuple):
    """The selected accounts, where they were searched, and how far if the list was not read completely (else "").

    `source` knows whether Harbor showed all that it announced.
    """

    found: list[Account]
    source: Union[Pages, Projects]
    where: str
    unseen: str
    failed: Mapping[str, Failure]


def measure(run: Run) -> Readings:
    """The robot accounts, the next to expire first."""
    chosen = robots.chosen(run.args)
    accounts, source, where, unseen, failed = of_projects(run, chosen) if run.args.project else of_system(run, chosen)
    if unseen:
        yield not_all_seen(unseen)
    elif not source.missing:
        chosen.confirm()
    yield from not_read.readings(failed)
    off = [account for account in accounts if account.disabled is not None]
    for account in chosen.judged([account for account in off if not account.long_over], name_of):
        yield disabled(f"disabled {words.span(account.disabled or 0)} ago", of=account.name)
    lasting = [account for account in accounts
               if account.left is not None and account.disabled is None and not account.long_over]  # fmt: skip
    lasting.sort(key=lambda account: (account.left or 0, account.name))
    for account in chosen.judged(lasting, name_of):
        left = round(account.left or 0)
        limit = own_expiry if account.name == run.rest.account.username else expiry
        yield limit(left, of=account.name, life=account.life, ends=run.rest.now + left)
    expired = sum(account.left is not None and account.left <= 0 for account in accounts)
    yield all_accounts(len(accounts))
    yield expired_accounts(expired)
    yield disabled_accounts(len(off))
    text = f"{words.number(len(accounts), 'robot account')} {where}"
    if lasting:
        first = lasting[0].left or 0
        yield expiry.worst(round(first))._replace(words={"life": lasting[0].life})
        text += f", {lasting[0].name} expires first (in {words.span(first)})"
    source.confirm()
    counts = ((expired, "expired"), (len(off), "disabled"))
    return text + "".join(f", {count} {what}" for count, what in counts if count)


def of_system(run: Run, chosen: Selection) -> Accounts:
    """The accounts on the system level."""
    pages = run.rest.pages(endpoints.ROBOTS, noun="robot account")
    unread: dict[str, Failure] = {}
    found = taken(run, chosen, pages, unread)
    failed = {**pages.failed, **unread}
    return Accounts(found, pages, "at the system level (project ones not checked)", pages.unseen, failed)


def of_projects(run: Run, chosen: Selection) -> Accounts:
    """The accounts of the projects that --project names."""

    def of_project(_: str, number: int) -> list[Account]:
        wanted = {"Level": "project", "ProjectID": number}
        rows = run.rest.whole(endpoints.ROBOTS_OF_PROJECT, noun="robot account", q=wanted)
        return taken(run, chosen, rows, unread)

    unread: dict[str, Failure] = {}
    projects = Projects(run.rest, Selection("project", run.args.project))
    found = list(projects.each(of_project))
    accounts = [account for _, accounts in found for account in accounts]
    failed = {**projects.failed, **unread}
    return Accounts(accounts, projects, f"in {words.number(len(found), 'project')}", projects.unseen, failed)


def taken(run: Run, chosen: Selection, rows: Iterable[Fields], failed: MutableMapping[str, Failure]) -> list[Account]:
    """The selected accounts among these rows."""
    accounts = each_row(rows, partial(account_of, run), failed, "robot account", chosen.takes)
    return [account for account in accounts if chosen.takes(account.name)]


def account_of(run: Run, row: Fields) -> Account:
    """The account of a row."""
    name, end = row.name("name"), row.end("expires_at")
    now, created = run.rest.now, row.moment("creation_time") or 0.0
    off = max(0.0, now - (row.moment("update_time") or now)) if row.flag("disable") else None
    return Account(name, None if end is None else end - now, (end or 0) - created, off)


def name_of(account: Account) -> str:
    """Its name."""
    return account.name


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--project", metavar="NAMES", type=patterns, default=[],
                        help="the accounts of these projects, not the system's: names or patterns, as *")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [expiry, own_expiry, disabled, not_read, not_all_seen, all_accounts, expired_accounts, disabled_accounts],
    declare=declare,
    selects=robots,
    asks=[endpoints.ROBOTS, endpoints.ROBOTS_OF_PROJECT],
    services=[
        Service(every="15min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="A robot account expires soon or has expired, which locks out its users. "
                "Extend it in the web UI (its secret stays), or create a new one.")
    ],
))  # fmt: skip
