#!/usr/bin/env python3
"""Do the remote registries answer, with which Harbor replicates and for which it is a proxy cache?

Reads /api/v2.0/registries and lets Harbor ask each of them now (POST /api/v2.0/registries/ping). The status that Harbor
shows is refreshed every five minutes, and not at all when it fails to make a client for the remote: it can stay
"healthy" for ever.

States:
  OK        every remote registry answers; there is none
  WARNING   one that nothing uses does not answer; a ping takes long (-w)
  CRITICAL  one that an enabled replication policy or a proxy-cache project uses does not answer; a ping takes very long
            (-c)
  UNKNOWN   usage error, no login, a right is missing, no such registry, no answer that can be judged; not all
            registries were asked: time ran out, or Harbor announces more than it shows; with --isolate: another probe
            reports the cause, named in the line (database, redis, the login)

A remote that has not answered Harbor within 5 seconds does not answer. In read-only mode Harbor pings nothing: its own
status is judged instead, and the line says so. -c is off by default.

Perfdata:
  registries  remote registries looked at
  failed      those that do not answer
  ping        seconds of the slowest ping, where one was answered
  ping_NAME   seconds, for each registry that --perfdata-for names
  time        seconds that the answers took, all together

Rights: registry:list, registry:read and replication-policy:list, on system level; project:list to know of proxy-cache
projects that are not public. Harbor: 2.0 or newer; robot accounts can hold these rights from 2.9 on.

Does not see: whether an image can be pulled through a proxy cache (check_harbor_pull with a tag), the rate limits of
the remote; whether replication succeeds (check_harbor_replication).
"""

import time
from typing import NamedTuple

from harborlib import endpoints, isolation, judgement, options, plugin, summaries, things, units, words
from harborlib.failure import Failure
from harborlib.judgement import Finding, Shown, Threshold, named
from harborlib.rest import Each, Rest, in_read_only_mode, said
from harborlib.things import Selection

import nagiosplugin
from nagiosplugin import Critical, Unknown, Warn

HEALTHY = "healthy"
ENDS = ("src_registry", "dest_registry")  # of a policy: between which it replicates
PATIENCE = 5.0  # seconds for one ping; Harbor itself would wait longer for a remote that is silent
READ_ONLY = "read-only mode: no live ping, but Harbor's own status, up to 5 minutes old"
NEXT = "test it in the UI (Administration > Registries): its address, credentials and certificate; curl it from core"
MORE = "raise -t, or divide the registries among services with --registry"


class Remote(NamedTuple):
    """A remote registry; `status` is what Harbor shows."""

    name: str
    number: int
    status: str

    @classmethod
    def of(cls, row):
        return cls(row.name("name"), row.number("id"), row.name("status"))


class RemoteRegistries(nagiosplugin.Resource):
    """The remote registries, those that fail first."""

    def __init__(self, rest, selection):
        self.rest = rest
        self.selection = selection
        self.fine = ""

    def probe(self):
        pages = self.rest.pages(endpoints.REGISTRIES, noun="registry")
        chosen = [remote for remote in map(Remote.of, pages) if self.selection.takes(remote.name)]
        if pages.complete:
            self.selection.confirm()
        users = self.policies()
        questions = Each(chosen, self.ping, "remote registry")
        pings = [(remote, *answer) for remote, answer in questions]
        failed = [(remote, problem) for remote, problem, _ in pings if problem]
        for remote, problem in failed:
            yield self.failure(remote, problem, users.get(remote.number))
        yield judgement.seconds(self.rest.elapsed)
        yield nagiosplugin.Metric("unseen", pages.unseen or questions.unseen)
        answered = [(seconds, remote.name) for remote, _, seconds in pings if seconds is not None]
        for seconds, name in sorted(answered, reverse=True):
            yield nagiosplugin.Metric(named("ping", name), round(seconds, 3), "s", min=0, context="ping")
        yield nagiosplugin.Metric("registries", len(pings), min=0, context="sum")
        yield nagiosplugin.Metric("failed", len(failed), min=0, context="sum")
        if answered:
            yield nagiosplugin.Metric("ping", round(max(answered)[0], 3), "s", min=0, context="slowest")
        stale = [remote.name for remote, _, _ in pings if remote.status != HEALTHY]
        self.fine = words.number(len(pings), "remote registry") if pings else "no remote registry"
        self.fine += f", Harbor still shows {', '.join(stale)} as unhealthy" if stale else ""
        pages.confirm()

    def policies(self):
        """Of each remote registry by its number: an enabled policy that uses it, and how many do."""
        users: dict[int, tuple[str, int]] = {}
        for row in self.rest.whole(endpoints.REPLICATION_POLICIES, noun="policy"):
            for end in {row.inner(side).number("id") for side in ENDS} if row.flag("enabled") else ():
                name, count = users.get(end, (row.name("name"), 0))
                users[end] = name, count + 1
        return users

    def ping(self, remote):
        """Why a remote does not answer, or "", and the seconds of a live ping."""
        status = remote.status
        started = time.monotonic()
        try:
            answer = self.rest.post(endpoints.REGISTRY_PING, {"id": remote.number}, limit=PATIENCE)
        except Failure as failure:
            if not failure.hung:
                raise
            if (
                time.monotonic() - started < 0.9 * PATIENCE
            ):  # our own time has run out, which says nothing of the remote
                raise failure.but(state="unknown", next_step=MORE) from None
            return f"no answer to a live ping within {PATIENCE:g} s", None
        if in_read_only_mode(answer):
            if READ_ONLY not in self.rest.harbor.notes:
                self.rest.harbor.notes.append(READ_ONLY)
            return "" if status == HEALTHY else f"Harbor shows it as {status or 'not known'}", None
        if answer.status == 200:
            return "", answer.elapsed
        still = ", shown as healthy" if status == HEALTHY else ""
        return f"live ping fails ({said(answer) or answer.status}){still}", None

    def failure(self, remote, problem, policies):
        """What fails, and who suffers from it: the policies, or else projects."""
        name, count = policies or self.projects(remote.number)
        more = f" (+{count - 1})" if count > 1 else ""
        text = f"{problem}; used by {name}{more}" if count else f"{problem}; nothing uses it"
        context = "used" if count else "unused"
        return nagiosplugin.Metric(named(context, remote.name), text, context=context)

    def projects(self, number):
        """A proxy-cache project of a remote, and how many there are."""
        name, count = "", 0
        for row in self.rest.whole(endpoints.PROJECTS, noun="project", q=f"registry_id={number}"):
            if row.number("registry_id") == number:
                name, count = name or row.name("name"), count + 1
        return name, count


def declare(parser):
    options.thresholds(parser, "", "time of a ping", "3s", None, units.SECONDS)
    things.declare(parser, "registries", "--registry")


def check(args, harbor):
    selection = Selection(args, "registry")
    remotes = RemoteRegistries(Rest(harbor), selection)
    limits = (args.warning, args.critical)
    return nagiosplugin.Check(
        remotes,
        Finding("used", Critical, NEXT, selection=selection),
        Finding("unused", Warn, NEXT, selection=selection),
        Threshold("ping", *limits, "a ping takes {value}", words.span, NEXT, selection=selection),
        Finding("unseen", Unknown, MORE, kind=isolation.SLOW),
        Shown("slowest", *limits),
        Shown("sum"),
        Shown("time"),
        summaries.OfMany(remotes),
    )


main = plugin.main(__name__, declare, check)
