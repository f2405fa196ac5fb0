#!/usr/bin/env python3
"""Can people log in?

Robot accounts do not use LDAP or OIDC, and Harbor's health report does not include them: without this probe, a Harbor
that no person can log in to looks healthy. /api/v2.0/systeminfo says whether Harbor uses OIDC, LDAP or its own
database; each step of a login is tried only once.

OIDC, without an account: follows /c/oidc/login to the provider, asks for the login page there, and lets Harbor redeem a
fake code: the answer shows whether the provider accepts Harbor's client ID and secret. With --issuer the provider's
discovery document is read from here too, which shows whether Harbor or the provider is at fault. LDAP: logs in with the
account of --authfile, or with a name that no directory has (check-harbor-nobody). Only the response time shows whether
the directory works: Harbor refuses an unknown name after 1.5 s, and every name at once if it cannot search. Database:
logs in with the account of --authfile; without one, or with a robot account, check_harbor_api covers the same.

States:
  OK        people can log in, as far as a probe can see
  WARNING   slow (-w); this host cannot reach the provider, although Harbor can; the redirect URI is on another address
            than -H; an unexpected answer to the fake code
  CRITICAL  Harbor cannot use the provider (down, hanging, wrong issuer, untrusted certificate); the provider refuses
            the client ID, its secret, the redirect URI or the scope, or its login page fails; the directory is down,
            hangs or refuses Harbor's search; the account of --authfile is refused; very slow (-c)
  UNKNOWN   usage error; a robot account in --authfile (LDAP); an unexpected answer; with --isolate: another probe
            reports the cause, named in the line

Perfdata:
  time  seconds that the steps took together, without Harbor's delay of 1.5 s for a refused login

Permissions: none. The account must be a user made for this, never a person's: after a wrong password Harbor locks it
for 1.5 s, and many directories lock it permanently. Harbor: 2.0 or newer.

Does not see: what only a browser does (a page in the provider's login, two factors), a search filter that matches
nobody (give an account), the other ways of auth_mode (uaa_auth, http_auth) without an account.
"""

import harbor_preloaded

import argparse

from harborlib.harbor import Run, account, endpoints, good, oidc
from harborlib.harbor.fields import Fields
from harborlib.harbor.refusals import in_front, refused_in_front
from harborlib.judge import Problem, Readings, ResponseTime
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, WARNING
from harborlib.wire import CERTIFICATE, Answer, Failure, Request, Unusable
from harborlib.wire.credentials import Credentials
from harborlib.wire.origin import Target
from harborlib.wire.request import SMALL

LDAP, OIDC, DATABASE = "ldap_auth", "oidc_auth", "db_auth"
NOBODY = Credentials("check-harbor-nobody", "check-harbor")
PENALTY = 1.5  # seconds after which Harbor refuses a login that the directory refuses
AT_ONCE = 1.2  # seconds; a faster refusal means that Harbor could not search
LDAP_TIMEOUT = 4.9  # seconds; Harbor gives up on a directory after 5
CLIENT = "compare client ID, secret and redirect URI of Harbor (Administration > Configuration) with the provider's"

time = ResponseTime("signin.slow", "3s", "10s", "logging in takes {value}", help="seconds for all steps")
redirect_uri = Problem("signin.wrong-redirect", WARNING,
                       "set external_url (chart: externalURL) to the URL that people use, then {apply}")  # fmt: skip
scope = Problem("signin.wrong-scope", CRITICAL, "add openid to the scope: Administration > Configuration > OIDC Scope")
refused = Problem("signin.client-refused", CRITICAL, CLIENT)
page_fails = Problem(
    "signin.login-page-fails", CRITICAL, "ask who runs the provider: its login page fails for everyone"
)
not_reached = Problem("signin.token-endpoint", CRITICAL, oidc.LOOK_IN_LOG)
from_here = Problem("signin.provider-unseen", WARNING,
                    "try the provider from another host; for a CA of your own give --ca-file")  # fmt: skip
odd = Problem("signin.unexpected-callback", WARNING, oidc.LOOK_IN_LOG)


def measure(run: Run) -> Readings:
    """One login in the way that this Harbor offers to people."""
    answer = account.anonymous(run)
    info = Fields.of(answer)
    mode = info.name("auth_mode") or DATABASE
    if mode == OIDC:
        return (yield from by_provider(run, info.name("oidc_provider_name") or "(no name)"))
    person = run.client.account
    robot = person and account.is_robot(person.username)
    if mode == LDAP and robot:
        raise Unusable("--authfile holds a robot account: give a user of the directory, made for this")
    if mode != LDAP and (robot or not person):
        yield time(answer.elapsed)
        seen = "users log in with Harbor's own database" if mode == DATABASE else f"users log in by {mode}"
        return f"{seen}, not tested without a user account"
    seconds = by_password(run, mode, person or NOBODY)
    yield time(seconds)
    if not person:
        return "the LDAP directory answers: it knows no check-harbor-nobody"
    where = {LDAP: "the LDAP directory", DATABASE: "Harbor's own database"}.get(mode, mode)
    return f"{person.username} can log in by {where}"


def by_password(run: Run, mode: str, who: Credentials) -> float:
    """One login with a password: the seconds that it took; raises Failure."""
    path = endpoints.CURRENT_USER.at()
    sent = {"Accept": "application/json", "Authorization": who.header}
    try:
        answer = run.send(Request("GET", path, sent, size=SMALL, once=True))
    except Failure as failure:
        if mode != LDAP or not failure.hung or failure.late:
            raise
        detail = f"the LDAP directory hangs: no answer to a login for {failure.waited:.0f} s"
        raise failure.but(kind=account.DIRECTORY_FAILS, detail=detail, state=CRITICAL) from None
    if answer.status == 504 and mode == LDAP:
        raise answer.fail(account.DIRECTORY_FAILS, f"the LDAP directory hangs: 504 after {answer.elapsed:.0f} s")
    if answer.status != 401:
        good(answer)
        return answer.elapsed
    if in_front(answer):
        raise refused_in_front(answer, path, CRITICAL)
    judge_refusal(answer, mode, who)
    return answer.elapsed - PENALTY


def judge_refusal(answer: Answer, mode: str, who: Credentials) -> None:
    """What a 401 means, by the time that it took; raises Failure unless it proves that the directory works."""
    if mode == LDAP and answer.elapsed < AT_ONCE:
        text = f"the LDAP directory cannot be searched: Harbor refuses a login after {answer.elapsed * 1000:.0f} ms"
        raise answer.fail(account.DIRECTORY_FAILS, text)
    if mode == LDAP and answer.elapsed > LDAP_TIMEOUT:
        text = f"the LDAP directory does not answer Harbor in time: a login is refused after {answer.elapsed:.1f} s"
        # Like a hang: a slow database looks the same.
        raise answer.fail(account.DIRECTORY_FAILS, text).but(hung=True, waited=answer.elapsed)
    if who is not NOBODY:
        whom = "the LDAP directory works, but" if mode == LDAP else "Harbor"
        raise answer.fail(account.PERSON_REFUSED, f"{whom} refuses {who.username}: wrong password, or no such user")


def by_provider(run: Run, provider: str) -> Readings:
    """The steps of a browser's login, up to the page that asks for a password."""
    issuer = run.args.issuer
    login, seconds = oidc.begin(run, provider, issuer)
    where = login.target.origin.where
    try:
        yield from request_problems(run, login)
        page = oidc.login_page(run, login)
        yield from page_problems(page, login)
        code, message, redeemed = oidc.redeem(run, login) if login.session else ("", "no session cookie", 0.0)
        yield time(seconds + page.elapsed + redeemed)
        if code in oidc.CLIENT_REFUSED:
            yield refused(f"{where} does not accept the client ID {login.client} with its secret ({code})")
        elif not code and oidc.NOT_REACHED.search(message):
            yield not_reached(f"Harbor does not reach the token endpoint of {where}: {message}")
        elif not code:
            yield odd(f"an invented code is answered with: {message}")
        unseen = oidc.discovery_problem(run, issuer) if issuer and not page.failure else ""
        if unseen:
            yield from_here(f"Harbor uses its OIDC provider {provider}, but from here: {unseen}")
    finally:
        oidc.forget(login)
    return f"{where} ({provider}) shows its login page and accepts Harbor as a client"


def request_problems(run: Run, login: oidc.Begun) -> Readings:
    """What is wrong with Harbor's request to the provider."""
    if oidc.redirect_origin(login) != run.client.origin:
        shown = login.query.get("redirect_uri", "")[:100].partition("?")[0] or "none"
        yield redirect_uri(f"the provider sends people back to {shown}, not to {run.client.origin.url}")
    if "openid" not in login.query.get("scope", "").split():
        yield scope("Harbor's request to the OIDC provider lacks the scope openid")
    return ""


def page_problems(page: oidc.Page, login: oidc.Begun) -> Readings:
    """What is wrong with the provider's login page."""
    if page.failure:
        whose = f"{page.where}: " if page.failure.stage is CERTIFICATE else ""
        yield from_here(f"this host does not get the provider's login page: {whose}{page.failure.detail}")
    elif page.error:
        yield refused(f"{page.where} refuses the login of client {login.client} ({page.error})")
    elif page.status >= 500:
        yield page_fails(f"the login page of {page.where} fails ({page.status})")
    elif page.status >= 400:
        yield refused(f"{page.where} refuses client {login.client} or its redirect URI ({page.status})")
    return ""


def issuer_url(text: str) -> oidc.Issuer:
    """The URL of an issuer; raises ArgumentTypeError."""
    try:
        target = Target.parse(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError("not a URL such as https://login.example.com/realms/people") from None
    if "?" in target.path:
        raise argparse.ArgumentTypeError("an issuer has no query")
    return oidc.Issuer(text.strip(), target)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.add_argument("--issuer", metavar="URL", type=issuer_url,
                        help="with OIDC: the provider's issuer as in Harbor's OIDC Endpoint; its discovery document is "
                        "read from here too")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [time, redirect_uri, scope, refused, page_fails, not_reached, from_here, odd],
    declare=declare,
    account="a user made for this, with LDAP",
    one_login=True,
    services=[
        Service(every="5min", attempts=3, retry="1min", login="signin",
                notes="People cannot log in by LDAP or OIDC, while robot accounts work. "
                "The line names who is at fault: the directory, the provider, or Harbor's settings for it.")
    ],
))  # fmt: skip
