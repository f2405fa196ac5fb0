#!/usr/bin/env python3
"""Does a login get the rights that it should?

Does what docker login and the first step of a pull do: follows the challenge of /v2/ to the token service, logs in
there, and reads the token: who it is for, which actions it grants on the repository, from when until when.

States:
  OK        the token grants every action of --actions
  WARNING   slow (-w); the token would not be valid by this host's clock; an unknown issuer
  CRITICAL  login refused (wrong secret, or the robot account is expired or disabled: the same on the wire); a token
            that lacks an action, is for another service, or is not valid by the server's own clock; no token; very slow
            (-c); a challenge whose realm is on http or another host (nothing is sent there)
  UNKNOWN   usage error; the answer is not understood; with --isolate: another probe reports the cause, and is named

Perfdata:
  time      seconds from the first request to the token
  lifetime  seconds for which the token is valid

Rights: those of --actions on the repository (repository:pull). Harbor: 2.0 or newer.

Does not see: whether the registry accepts the token (check_harbor_pull): its signature is not checked here. A refused
login is never tried again: Harbor locks an account for 1.5 seconds after a wrong password.
"""

import time

from harborlib.harbor.api import NEEDED
from harborlib.harbor.repository import Repository
from harborlib.harbor.tokens import ISSUER
from harborlib.judge import judgement
from harborlib.judge.judgement import Finding, ResponseTime, Shown
from harborlib.run import options, plugin
from harborlib.text import summaries, units
from harborlib.wire.failure import Unusable

import nagiosplugin
from nagiosplugin import Warn

LEEWAY = 60  # seconds that the registry allows between its clock and a token's times


class Token(nagiosplugin.Resource):
    """The token that the login gets, and what it says."""

    def __init__(self, harbor, repository, actions):
        self.harbor = harbor
        self.repository = Repository(harbor, repository, actions)
        self.fine = f"{harbor.login.username} may {', '.join(actions)} in {repository}"

    def probe(self):
        self.repository.log_in()
        yield judgement.seconds(self.repository.token_seconds)
        claims = self.repository.claims
        if claims is None:
            self.fine = "/v2/ asks for no login"
            return
        yield nagiosplugin.Metric("lifetime", round(claims.expires - claims.issued), "s", min=0)
        yield nagiosplugin.Metric("rights", self.lacking(claims))
        yield nagiosplugin.Metric("validity", self.invalid(claims, self.repository.now, "the server's own clock"))
        yield nagiosplugin.Metric("clock", self.invalid(claims, time.time(), "this host's clock"))
        service = self.repository.service
        wrong = f"the token is for {claims.audience or 'nobody'}, not for {service}"
        yield nagiosplugin.Metric("audience", "" if service in claims.audience.split() else wrong)
        strange = f"the token's issuer is {claims.issuer or 'nobody'}, not {ISSUER}"
        yield nagiosplugin.Metric("issuer", "" if claims.issuer == ISSUER else strange)

    def lacking(self, claims):
        """The actions that the token does not grant, or ""."""
        name = self.repository.name
        missing = claims.missing(name, self.repository.actions)
        granted = ", ".join(sorted(claims.access.get(name, ()))) or "nothing"
        who = self.harbor.login.username
        return f"{who} has no right to {', '.join(missing)} in {name} (granted: {granted})" if missing else ""

    @staticmethod
    def invalid(claims, now, whose):
        """Why a token is not valid at this time, or ""."""
        if claims.expires <= now - LEEWAY:
            return f"the token has expired already by {whose}, {now - claims.expires:.0f} s ago"
        start = max(claims.not_before, claims.issued)
        if start > now + LEEWAY:
            return f"the token is not valid yet by {whose}, only in {start - now:.0f} s"
        return ""


def declare(parser):
    parser.set_defaults(timeout=45)
    parser.add_argument("--repository", metavar="P/R", type=options.repository, required=True,
                        help="the repository, with its project, that the login is for")  # fmt: skip
    parser.add_argument("--actions", metavar="LIST", type=options.names, default=["pull"],
                        help="actions that it must be granted: pull, push, delete (default pull)")  # fmt: skip
    options.thresholds(parser, "", "seconds until the token is there", "2", "10", units.SECONDS)


def check(args, harbor):
    if not harbor.login:
        raise Unusable(NEEDED)
    token = Token(harbor, args.repository, args.actions)
    clocks = "set the clocks right (timedatectl, chronyc tracking): the Harbor host's, and this host's"
    rights = "give the robot account that right in its project, and look whether the project exists"
    return nagiosplugin.Check(
        token,
        ResponseTime(args.warning, args.critical, "the token came after {value}"),
        Shown("lifetime"),
        Finding("rights", next_step=rights),
        Finding("validity", next_step=clocks),
        Finding("clock", Warn, clocks),
        Finding("audience", next_step="look at auth.token in the registry's config.yml and at core's"),
        Finding("issuer", Warn, "look at auth.token.issuer in the registry's config.yml"),
        summaries.Summary(token),
    )


main = plugin.main(__name__, declare, check)
