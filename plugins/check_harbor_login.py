#!/usr/bin/env python3
"""Can a client log in, and does its token grant the permissions it should?

Does what docker login and the first step of a pull do: follows the challenge of /v2/ to the token service, logs in
there, and reads the token: for whom, which actions on the repository, valid from when until when.

States:
  OK        the token grants every action of --actions
  WARNING   slow (-w); a rate limit is reached (429); the token is not valid by this host's clock; an unknown issuer
  CRITICAL  login refused (wrong secret, or the robot account is expired or disabled: Harbor answers the same); an
            anonymous token, although Harbor accepts the credentials; a token that lacks an action, is for another
            service, or is not valid by the server's own clock; no token, for example because a reverse proxy refuses
            /service/token or routes it wrongly (then no client can log in); very slow (-c); a challenge whose realm is
            on http or another host (nothing is sent to it)
  UNKNOWN   usage error; an unexpected answer; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time      seconds from the first request to the token
  lifetime  seconds for which the token is valid

Permissions: those of --actions on the repository (repository:pull). Harbor: 2.0 or newer.

Does not see: whether the registry accepts the token (check_harbor_pull): its signature is not checked here. A person's
account is never tried again after a refusal: Harbor locks it for 1.5 seconds after a wrong password. With a robot
account the probe asks /api/v2.0/users/current once, to find out whether only the token service fails.
"""

import harbor_preloaded

import argparse
import time as clock

from harborlib.harbor import Run, account
from harborlib.harbor.refusals import NEEDED
from harborlib.harbor.repository import Repository
from harborlib.harbor.tokens import ISSUER, Claims
from harborlib.judge import Problem, Readings, ResponseTime, Shown
from harborlib.run import Probe, Service, plugin, values
from harborlib.text import CRITICAL, SECONDS, WARNING
from harborlib.wire import Unusable

LEEWAY = 60  # the difference in seconds that the registry allows between its clock and a token's times
SAME_HARBOR = "check the routes of the reverse proxy: /service/ and /v2/ must lead to core of the same Harbor"
CLOCKS = "compare date -u here with {clock}, and correct the wrong clock"

time = ResponseTime("login.slow", "2s", "10s", "the token took {value}", help="seconds until the token arrives")
lifetime = Shown("lifetime", SECONDS, clamped=True)
lacking = Problem("login.grants-too-little", CRITICAL,
                  "grant the robot account that permission in the project, or create the project")  # fmt: skip
invalid = Problem("login.token-not-valid", CRITICAL, CLOCKS)
other_clock = Problem("login.clocks-differ", WARNING, CLOCKS)
audience = Problem("login.wrong-audience", CRITICAL, SAME_HARBOR)
issuer = Problem("login.unknown-issuer", WARNING, SAME_HARBOR)


def measure(run: Run) -> Readings:
    """The token that the account receives, and its content."""
    if not run.client.account:
        raise Unusable(NEEDED)
    name = run.client.account.username
    repository = Repository(run, run.args.repository, run.args.actions)
    repository.log_in()
    yield time(repository.token_seconds)
    claims = repository.claims
    if claims is None:
        account.prove(run)
        return f"Harbor takes the credentials of {name}, /v2/ asks for no login, so what they grant was not seen"
    yield lifetime(round(claims.expires - claims.issued))
    missing = claims.missing(repository.name, repository.actions)
    if missing:
        granted = ", ".join(sorted(claims.access.get(repository.name, ()))) or "nothing"
        lack = f"no permission to {', '.join(missing)} in {repository.name} (granted: {granted})"
        yield lacking(f"{name} has {lack}")
    for problem, now, whose in (
        (invalid, repository.now, "the server's own clock"),
        (other_clock, clock.time(), "this host's clock"),
    ):
        text = not_valid(claims, now, whose)
        if text:
            yield problem(text)
    if repository.service not in claims.audience.split():
        yield audience(f"the token is for {claims.audience or 'nobody'}, not for {repository.service}")
    if claims.issuer != ISSUER:
        yield issuer(f"the token's issuer is {claims.issuer or 'nobody'}, not {ISSUER}")
    return f"{name} can {' and '.join(run.args.actions)} {repository.name}"


def not_valid(claims: Claims, now: float, whose: str) -> str:
    """Why a token is not valid at this time, or ""."""
    if claims.expires <= now - LEEWAY:
        return f"the token expired {now - claims.expires:.0f} s ago by {whose}"
    start = max(claims.not_before, claims.issued)
    if start > now + LEEWAY:
        return f"the token is not valid for another {start - now:.0f} s by {whose}"
    return ""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.set_defaults(timeout=45)
    parser.add_argument("--repository", metavar="P/R", type=values.repository, required=True,
                        help="the repository, with its project, that the token is for")  # fmt: skip
    parser.add_argument("--actions", metavar="LIST", type=values.names, default=["pull"],
                        help="actions that it must be granted: pull, push, delete (default pull)")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [time, lifetime, lacking, invalid, other_clock, audience, issuer],
    declare=declare,
    example=["--repository", "pub/img"],
    account="yes",
    services=[
        Service(every="5min", attempts=3, retry="40s", login="canary", hosts=("canary_authfile", "canary_project"),
                options={"--repository": "{canary_project}/canary"},
                notes="A client's login is refused or grants too little: CI jobs fail. "
                "Check the canary robot's secret, expiry and permissions, then core's log for the token service.")
    ],
))  # fmt: skip
