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
  UNKNOWN   usage error, no login, a right is missing, no such registry, no answer that can be judged; time ran out
            before all registries were asked; with --isolate: another probe reports the cause, named in the line
            (database, redis, the login)

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
from collections.abc import Sequence
from functools import partial
from typing import Optional

from harborlib.harbor import Each, Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.harbor.rest import in_read_only_mode, said
from harborlib.judge import SLOW, Limit, Problem, Reading, Readings, Selectable, Shown
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, SECONDS, UNKNOWN, WARNING, words
from harborlib.wire import Failure

HEALTHY = "healthy"
PATIENCE = 5.0  # seconds for one ping; Harbor itself would wait longer for a remote that is silent
READ_ONLY = "read-only mode: no live ping, but Harbor's own status, up to 5 minutes old"
TEST_IT = "test it in the UI (Administration > Registries): its address, credentials and certificate; curl it from core"
MORE = "raise -t, or divide the registries among services with --registry"

registries = Selectable("registry", "registries", "--registry")
used = Problem("remote_registry.down", CRITICAL, TEST_IT)
unused = Problem("remote_registry.unused-down", WARNING, TEST_IT)
ping = Limit("remote_registry.ping-slow", "ping", SECONDS, "a ping takes {value}", "3s",
             help="time of a ping", next_step=TEST_IT)  # fmt: skip
not_all_seen = Problem("remote_registry.not-all-seen", UNKNOWN, MORE, SLOW)
pinged_registries = Shown("registries")
failed_registries = Shown("failed")


def measure(run: Run) -> Readings:
    """The remote registries, those that fail first."""
    chosen = registries.chosen(run.args)
    pages = run.rest.pages(endpoints.REGISTRIES)
    rows = [row for row in pages if chosen.takes(row.text("name"))]
    if pages.complete:
        chosen.confirm()
    policies = list(run.rest.pages(endpoints.REPLICATION_POLICIES))
    questions = Each(rows, partial(live_ping, run), "remote registry")
    pings = [(row, *answer) for row, answer in questions]
    failed = [(row, problem) for row, problem, _ in pings if problem]
    for row, problem in failed:
        yield failure_of(run, row, problem, policies)
    unseen = f"only {pages} registries looked at: time ran out" if pages.late else questions.unseen
    if unseen:
        yield not_all_seen(unseen)
    answered = sorted(((seconds, row.text("name")) for row, _, seconds in pings if seconds is not None), reverse=True)
    for seconds, name in answered:
        yield ping(round(seconds, 3), of=name)
    yield pinged_registries(len(pings))
    yield failed_registries(len(failed))
    if answered:
        yield ping.worst(round(answered[0][0], 3))
    stale = [row.text("name") for row, _, _ in pings if row.text("status") != HEALTHY]
    text = words.number(len(pings), "remote registry") if pings else "no remote registry"
    return text + (f", Harbor still shows {', '.join(stale)} as unhealthy" if stale else "")


def live_ping(run: Run, row: Fields) -> tuple[str, Optional[float]]:
    """Why a remote does not answer, or "", and the seconds of a live ping."""
    status = row.text("status")
    started = time.monotonic()
    try:
        answer = run.rest.post(endpoints.REGISTRY_PING, {"id": int(row.number("id"))}, limit=PATIENCE)
    except Failure as failure:
        if not failure.hung:
            raise
        if time.monotonic() - started < 0.9 * PATIENCE:  # our own time ran out, which says nothing of the remote
            raise failure.but(state=UNKNOWN, next_step=MORE) from None
        return f"no answer to a live ping within {PATIENCE:g} s", None
    if in_read_only_mode(answer):
        run.note(READ_ONLY)
        return "" if status == HEALTHY else f"Harbor shows it as {status or 'not known'}", None
    if answer.status == 200:
        return "", answer.elapsed
    still = ", shown as healthy" if status == HEALTHY else ""
    return f"live ping fails ({said(answer) or answer.status}){still}", None


def failure_of(run: Run, row: Fields, problem: str, policies: Sequence[Fields]) -> Reading:
    """What fails, and who suffers from it."""
    name, number = row.text("name"), row.number("id")
    users = [policy.text("name") for policy in policies if policy.flag("enabled") and number in ends_of(policy)]
    users = users or proxy_caches(run, number)
    if not users:
        return unused(f"{problem}; nothing uses it", of=name)
    more = f" (+{len(users) - 1})" if len(users) > 1 else ""
    return used(f"{problem}; used by {users[0]}{more}", of=name)


def ends_of(policy: Fields) -> list[float]:
    """The numbers of the registries between which a policy replicates."""
    return [policy.inner(end).number("id") for end in ("src_registry", "dest_registry")]


def proxy_caches(run: Run, number: float) -> list[str]:
    """The names of the projects that are a proxy cache of a remote."""
    rows = run.rest.pages(endpoints.PROJECTS, q={"registry_id": int(number)})
    return [row.text("name") for row in rows if row.number("registry_id") == number]


main = plugin.main(Probe(
    __name__,
    measure,
    [used, unused, ping, not_all_seen, pinged_registries, failed_registries],
    selects=registries,
    asks=[endpoints.REGISTRIES, endpoints.REGISTRY_PING, endpoints.REPLICATION_POLICIES, endpoints.PROJECTS],
    services=[
        Service(every="10min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile",),
                notes="A remote registry does not answer: replication or a proxy cache fails. "
                "Test its connection under Administration > Registries, then its credentials and certificate.")
    ],
))  # fmt: skip
