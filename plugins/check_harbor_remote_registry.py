#!/usr/bin/env python3
"""Do the remote registries that Harbor replicates with or caches answer?

Reads /api/v2.0/registries and lets Harbor ping each of them now (POST /api/v2.0/registries/ping). Harbor refreshes the
status that it shows every five minutes, and not at all when it cannot create a client for the remote: that status can
stay "healthy" forever.

States:
  OK        every remote registry answers, or there is none
  WARNING   a registry that nothing uses does not answer; a ping takes long (-w)
  CRITICAL  a registry that an enabled replication policy or a proxy-cache project uses does not answer; a ping takes
            very long (-c)
  UNKNOWN   usage error, no credentials, a missing permission, no such registry, an unexpected answer; not all
            registries were asked: time ran out, or Harbor lists fewer than it counts; with --isolate: another probe
            reports the cause, named in the line (redis, registry, database, the credentials, Harbor as a whole: a ping
            goes through core, so it proves nothing while core itself has a problem)

A remote that is this Harbor itself is not judged when it does not answer: a note says so, and other probes judge
Harbor. A remote counts as not answering after 5 seconds. In read-only mode Harbor pings nothing: then the status that
Harbor shows is judged, and the line says so. -c is off by default.

Perfdata:
  registries  remote registries that were checked
  failed      those that do not answer
  ping        seconds of the slowest ping that was answered
  ping_NAME   seconds, for each registry that --perfdata-for names
  time        seconds that all answers took together

Permissions: registry:list, registry:read and replication-policy:list, at the system level; project:list to see
proxy-cache projects that are not public. Harbor: 2.0 or newer; robot accounts can hold these permissions from 2.9 on.

Does not see: whether an image can be pulled through a proxy cache (check_harbor_pull with a tag), or the rate limits of
the remote; whether replication succeeds (check_harbor_replication).
"""

import harbor_preloaded

import time
from collections.abc import MutableMapping
from functools import partial
from typing import NamedTuple, Optional

from harborlib.harbor import Each, Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.refusals import said
from harborlib.harbor.rest import in_read_only_mode
from harborlib.judge import REMOTE, SLOW, Limit, NotRead, Problem, Reading, Readings, Selectable, Shown, each_row
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, SECONDS, UNKNOWN, WARNING, words
from harborlib.wire import Failure
from harborlib.wire.origin import Origin, Target

HEALTHY = "healthy"
ENDS = ("src_registry", "dest_registry")  # the two registries of a policy
PATIENCE = 5.0  # seconds for one ping; Harbor itself would wait longer for a silent remote registry
READ_ONLY = "read-only mode: remote registries not pinged, Harbor's status may be 5 minutes old"
TEST_IT = "test it in the web UI (Administration > Registries), then with curl from the core container"
REPAIR = "check Harbor's tables registry and replication_policy for a missing row or a secret that cannot be decrypted"
MORE = "raise -t, or split the registries across services with --registry"

registries = Selectable("registry", "registries", "--registry")
used = Problem("remote_registry.down", CRITICAL, TEST_IT, REMOTE)
unused = Problem("remote_registry.unused-down", WARNING, TEST_IT, REMOTE)
ping = Limit("remote_registry.ping-slow", "ping", SECONDS, "a ping took {value}", "3s",
             help="time of a ping", next_step=TEST_IT, symptom=REMOTE)  # fmt: skip
not_read = NotRead("remote_registry.not-read", REPAIR)
not_all_seen = Problem("remote_registry.not-all-seen", UNKNOWN, MORE, SLOW)
pinged_registries = Shown("registries")
failed_registries = Shown("failed")


class Remote(NamedTuple):
    """A remote registry; `status` is the one that Harbor shows, `url` its address."""

    name: str
    number: int
    status: str
    url: str = ""

    @classmethod
    def of(cls, row: Fields) -> "Remote":
        """From a row of Harbor's list."""
        return cls(row.name("name"), row.number("id"), row.name("status"), row.text("url"))


class Users(NamedTuple):
    """The users of a remote registry: the name of one, and their number."""

    first: str = ""
    number: int = 0


def measure(run: Run) -> Readings:
    """The remote registries, the failing ones first."""
    chosen = registries.chosen(run.args)
    pages = run.rest.pages(endpoints.REGISTRIES, noun="registry")
    unread: dict[str, Failure] = {}
    every = each_row(pages, Remote.of, unread, "registry", chosen.takes)
    remotes = [remote for remote in every if chosen.takes(remote.name)]
    if pages.complete:
        chosen.confirm()
    unread.update(pages.failed)
    policies = users_among_policies(run, unread)
    questions = Each(remotes, partial(live_ping, run), "remote registry", lambda remote: remote.name)
    pings = [(remote, *answer) for remote, answer in questions]
    failed = [(remote, problem) for remote, problem, _ in pings if problem]
    itself = own_addresses(run) if failed else []
    for remote, problem in failed:
        if origin_of(remote.url) in itself:
            run.note(f"{remote.name} is this Harbor itself, which other probes judge: {problem}")
            continue
        yield failure_of(remote, problem, policies.get(remote.number) or proxy_caches(run, remote.number))
    yield from not_read.readings({**unread, **questions.failed})
    unseen = pages.unseen or questions.unseen
    if unseen:
        yield not_all_seen(unseen)
    answered = sorted(((seconds, remote.name) for remote, _, seconds in pings if seconds is not None), reverse=True)
    for seconds, name in answered:
        yield ping(round(seconds, 3), of=name)
    yield pinged_registries(len(pings))
    yield failed_registries(len(failed))
    if answered:
        yield ping.worst(round(answered[0][0], 3))
    pages.confirm()
    stale = [remote.name for remote, _, _ in pings if remote.status != HEALTHY]
    text = words.number(len(pings), "remote registry") if pings else "no remote registry"
    return text + (f", Harbor still shows {', '.join(stale)} as unhealthy" if stale else "")


def users_among_policies(run: Run, unread: MutableMapping[str, Failure]) -> dict[int, Users]:
    """The enabled replication policies that use a remote registry, by its number."""

    def used_by(row: Fields) -> tuple[str, set[int]]:
        return row.name("name"), {row.inner(end).number("id") for end in ENDS} if row.flag("enabled") else set()

    users: dict[int, Users] = {}
    pages = run.rest.pages(endpoints.REPLICATION_POLICIES, noun="policy")
    for name, numbers in each_row(pages, used_by, unread, "policy"):
        for number in numbers:
            first, count = users.get(number, Users(name))
            users[number] = Users(first, count + 1)
    pages.confirm()
    unread.update(pages.failed)
    return users


def live_ping(run: Run, remote: Remote) -> tuple[str, Optional[float]]:
    """Why a remote registry does not answer, or "", and the seconds of a live ping."""
    status = remote.status
    started = time.monotonic()
    try:
        answer = run.rest.post(endpoints.REGISTRY_PING, {"id": remote.number}, limit=PATIENCE)
    except Failure as failure:
        if not failure.hung:
            raise
        if time.monotonic() - started < 0.9 * PATIENCE:  # our own time ran out, which says nothing about the remote
            raise failure.but(state=UNKNOWN, next_step=MORE) from None
        return f"no answer to a live ping within {PATIENCE:g} s", None
    if in_read_only_mode(answer):
        run.note(READ_ONLY)
        return "" if status == HEALTHY else f"Harbor reports it as {status or 'not known'}", None
    if answer.status == 200:
        return "", answer.elapsed
    still = ", shown as healthy" if status == HEALTHY else ""
    return f"live ping fails ({said(answer) or answer.status}){still}", None


def own_addresses(run: Run) -> list[Origin]:
    """The addresses of this Harbor, for us and for its clients."""
    external = origin_of(run.rest.systeminfo().text("external_url"))
    return [run.client.origin, *([external] if external else [])]


def origin_of(url: str) -> Optional[Origin]:
    """The scheme, host and port of a URL, if it is valid."""
    try:
        return Target.parse(url).origin
    except ValueError:
        return None


def failure_of(remote: Remote, problem: str, users: Users) -> Reading:
    """What fails, and who is affected."""
    if not users.number:
        return unused(f"{problem}, not in use", of=remote.name)
    more = f" (+{users.number - 1})" if users.number > 1 else ""
    return used(f"{problem}, used by {users.first}{more}", of=remote.name)


def proxy_caches(run: Run, number: int) -> Users:
    """The projects that are a proxy cache of a remote registry."""
    rows = run.rest.whole(endpoints.PROJECTS, noun="project", q={"registry_id": number})
    names = [row.name("name") for row in rows if row.number("registry_id") == number]
    return Users(names[0], len(names)) if names else Users()


main = plugin.main(Probe(
    __name__,
    measure,
    [used, unused, ping, not_read, not_all_seen, pinged_registries, failed_registries],
    selects=registries,
    asks=[endpoints.REGISTRIES, endpoints.REGISTRY_PING, endpoints.REPLICATION_POLICIES, endpoints.PROJECTS],
    services=[
        Service(every="10min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="A remote registry does not answer: replication or a proxy cache fails. "
                "Test its connection under Administration > Registries, then its credentials and certificate.")
    ],
))  # fmt: skip
