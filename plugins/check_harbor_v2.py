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
  time  response time in seconds, both requests together

Rights: none; any robot account may log in to /v2/. Harbor: 2.0 or newer.

Does not see: without a login the registry at all (the line says so); missing, unreadable or unwritable data in the
storage, for which /v2/ stays green (check_harbor_pull, check_harbor_push).
"""

from harborlib import judgement, options, plugin, registry, summaries, units
from harborlib.failure import ROUTE, STATUS, Failure
from harborlib.judgement import Finding, ResponseTime

import nagiosplugin


class RegistryProtocol(nagiosplugin.Resource):
    """/v2/ as a client meets it: first as a stranger, then with a login."""

    def __init__(self, harbor):
        self.harbor = harbor
        proven = "the registry answers a login" if harbor.login else "proves core alone (no login given)"
        self.fine = f"{harbor.origin.where}/v2/ speaks the registry protocol, {proven}"

    def probe(self):
        anonymous = self.spoken(registry.ask(self.harbor, registry.BASE), (200, 401))
        challenge = anonymous.headers.get("WWW-Authenticate", "")
        problem = registry.challenge_problem(challenge, self.harbor.origin) if anonymous.status == 401 else ""
        yield nagiosplugin.Metric("challenge", problem)
        if not self.harbor.login:
            yield judgement.seconds(anonymous.elapsed)
            return
        answer = self.logged_in()
        yield judgement.seconds(anonymous.elapsed + answer.elapsed)
        if answer.status == 502:
            raise answer.fail(STATUS, "502 from the registry" if answer.request_id else "502 from the proxy for /v2/")
        self.spoken(answer, (200,))

    def logged_in(self):
        """The answer to a login, which the registry itself gives; raises Failure."""
        try:
            return registry.ask(self.harbor, registry.BASE, login=True)
        except Failure as failure:
            if not failure.hung:
                raise
            detail = f"{failure.detail} with a login (without one it answers)"
            step = "the registry or the database stalls: docker logs --tail 50 registry, and harbor-db"
            raise failure.but(detail=detail, next_step=step) from None

    def spoken(self, answer, statuses):
        """The answer, if it is of the registry protocol; raises Failure."""
        kind = answer.headers.get("Content-Type", "untyped")
        foreign = answer.status == 200 and not registry.spoken(answer)
        if foreign or (answer.status < 500 and answer.status not in (*statuses, 401, 429)):
            raise answer.fail(ROUTE, f"{answer.status} {kind} instead of the registry from /v2/")
        return answer if answer.status in statuses else self.harbor.good(answer)


def declare(parser):
    options.thresholds(parser, "", "response time", "1", "5", units.SECONDS)


def check(args, harbor):
    protocol = RegistryProtocol(harbor)
    return nagiosplugin.Check(
        protocol,
        ResponseTime(args.warning, args.critical),
        Finding("challenge", next_step=registry.REALM),
        summaries.Summary(protocol),
    )


main = plugin.main(__name__, declare, check)
