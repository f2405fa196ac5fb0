#!/usr/bin/env python3
"""Does /v2/ speak the registry protocol, and is the registry behind it?

Asks /v2/ without credentials and judges the challenge that clients follow to log in. Core alone answers that, even
while the registry is dead; with a login (--authfile) /v2/ is asked again, which reaches the registry itself.

States:
  OK        401 with a sane challenge (or 200, for a registry without logins); with a login: 200
  WARNING   slow (-w)
  CRITICAL  no answer, 5xx, not the registry protocol, very slow (-c); a challenge whose realm is on http or on another
            host, or that lacks a realm or service; logins refused because the database is down
  UNKNOWN   usage error; login refused; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time          response time in seconds, both requests together
  addresses     with --every-address: how many were asked (the time is that of the worst)
  addresses_ok  with --every-address: how many of them are OK

Permissions: none; any robot account may log in to /v2/. Harbor: 2.0 or newer.

Does not see: without a login the registry at all (the line says so); missing, unreadable or unwritable data in the
storage, for which /v2/ stays green (check_harbor_pull, check_harbor_push).
"""

import harbor_preloaded

from harborlib.harbor import Run, good, registry
from harborlib.harbor.refusals import in_front, refused_in_front
from harborlib.judge import Problem, Readings, ResponseTime
from harborlib.run import Probe, Service, plugin
from harborlib.run.service import REPLICAS
from harborlib.text import CRITICAL
from harborlib.wire import ROUTE, STATUS, Answer, Failure

time = ResponseTime("v2.slow", "1s", "5s")
challenge = Problem("v2.bad-challenge", CRITICAL, registry.REALM)


def measure(run: Run) -> Readings:
    """/v2/ as a client meets it: first anonymously, then with an account."""
    anonymous = spoken(registry.ask(run, registry.BASE), (200, 401))
    header = anonymous.headers.get("WWW-Authenticate", "")
    problem = registry.challenge_problem(header, run.client.origin) if anonymous.status == 401 else ""
    if problem:
        yield challenge(problem, next_step=registry.challenge_step(anonymous))
    if not run.client.account:
        yield time(anonymous.elapsed)
        return (
            f"{run.client.origin.where}/v2/ speaks the registry protocol, only core was tested (no credentials given)"
        )
    answer = logged_in(run)
    yield time(anonymous.elapsed + answer.elapsed)
    if answer.status == 502:
        raise answer.fail(
            STATUS, "502 from the registry" if answer.request_id else "502 from the reverse proxy for /v2/"
        )
    spoken(answer, (200,))
    return f"{run.client.origin.where}/v2/ speaks the registry protocol, and the registry accepts the credentials"


def logged_in(run: Run) -> Answer:
    """The answer to an account, which the registry itself sends; raises Failure."""
    try:
        return run.ask(registry.BASE, login=True)
    except Failure as failure:
        if not failure.hung:
            raise
        detail = f"{failure.detail} with credentials (it answers without them)"
        raise failure.but(detail=detail) from None


def spoken(answer: Answer, statuses: tuple[int, ...]) -> Answer:
    """The answer, if it follows the registry protocol; raises Failure."""
    kind = answer.headers.get("Content-Type", "untyped")
    foreign = answer.status not in statuses or (answer.status == 200 and not registry.spoken(answer))
    if foreign and (answer.status < 400 or answer.status == 404):
        raise answer.fail(ROUTE, f"/v2/ answers {answer.status} {kind}, not the registry protocol")
    if in_front(answer) and answer.status not in (*statuses, 429):
        raise refused_in_front(answer, "/v2/", CRITICAL)
    return answer if answer.status in statuses else good(answer)


main = plugin.main(Probe(
    __name__,
    measure,
    [time, challenge],
    account="to reach the registry",
    at_some_addresses=CRITICAL,
    services=[
        Service(every="2min", attempts=3, retry="40s", login="robot", options={"--every-address": REPLICAS},
                notes="/v2/ does not speak the registry protocol: docker login, pull and push fail. "
                "Compare external_url with the address that clients use, then look at the route for /v2/.")
    ],
))  # fmt: skip
