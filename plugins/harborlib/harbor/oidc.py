"""Harbor's login through an OpenID provider, as far as it goes without an account: each step that a browser would take.

Harbor answers 500 for every kind of trouble with the provider, and names the cause only in core's log. So the
provider's discovery document is also read from here. Nothing here sends credentials, and no URL is shown with its
query: `state` and the session belong to a login.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, quote

from harborlib.text import CRITICAL
from harborlib.text.cleaning import begun, conceal
from harborlib.wire import CERTIFICATE, ROUTE, STATUS, Answer, Failure, Kind, Request, deadline
from harborlib.wire.origin import Origin, Target
from harborlib.wire.request import SMALL

from .fields import Fields
from .objectstore import REDIRECTS
from .refusals import good, said
from .run import Run

LOGIN, CALLBACK = "/c/oidc/login", "/c/oidc/callback"
DISCOVERY = "/.well-known/openid-configuration"
INVENTED_CODE = "check-harbor"  # no provider has issued it
MOST_REDIRECTS = 5
SHARE = 0.6  # of the time for Harbor's first answer; the rest is for the provider
SHOWN = 200  # characters of a message of the provider
#: The error codes of OAuth (RFC 6749, 5.2) that a token endpoint answers; the first two mean the client itself.
CLIENT_REFUSED = ("invalid_client", "unauthorized_client")
OAUTH_ERROR = re.compile(
    r"\b(invalid_client|unauthorized_client|invalid_grant|invalid_request|unsupported_grant_type)\b"
)
#: How Go words that Harbor does not reach the provider.
NOT_REACHED = re.compile(r"dial tcp|x509|tls:|timeout|deadline exceeded|EOF|connection re(fused|set)")

LOOK_IN_LOG = "search core's log for oidc: {logs:core}"
PROVIDER_FAILS = Kind("signin.provider-fails", STATUS, CRITICAL, f"{LOOK_IN_LOG}; give --issuer to see the provider")


class Issuer(NamedTuple):
    """The provider's name for itself, which must be the same everywhere, and where it is."""

    name: str
    target: Target


class Begun(NamedTuple):
    """A login that Harbor has begun: where it sends the browser, with which parameters, and its session cookie."""

    target: Target
    query: Mapping[str, str]
    session: str

    @property
    def client(self) -> str:
        """The name under which the provider knows Harbor."""
        return begun(self.query.get("client_id", ""), 100) or "none"

    @property
    def secrets(self) -> list[str]:
        """What belongs to this login, and is not shown."""
        return [self.session, *(self.query.get(name, "") for name in ("state", "nonce", "code_challenge"))]


class Page(NamedTuple):
    """The provider's answer to the browser: its status, the OAuth error that it returns to Harbor, or why none came."""

    where: str
    status: int = 0
    error: str = ""
    failure: Failure | None = None
    elapsed: float = 0.0


def begin(run: Run, provider: str, issuer: Issuer | None) -> tuple[Begun, float]:
    """Harbor's redirect to the provider, and its time; raises Failure, which names the cause if `issuer` is known."""
    limit = deadline.remaining() * SHARE
    try:
        answer = run.send(Request("GET", LOGIN, {"Accept": "*/*"}, limit=limit, size=SMALL, follow=False, once=True))
    except Failure as failure:
        if not failure.hung or failure.late:
            raise
        detail = f"{failure.detail}, where it asks its OIDC provider {provider}{seen_from_here(run, issuer)}"
        raise failure.but(kind=PROVIDER_FAILS, detail=detail, state=CRITICAL, next_step="") from None
    if answer.status in REDIRECTS:
        return _begun(run, answer), answer.elapsed
    if answer.status == 500 and said(answer):
        detail = f"Harbor cannot use its OIDC provider {provider} (500 for {LOGIN}){seen_from_here(run, issuer)}"
        raise answer.fail(PROVIDER_FAILS, detail)
    if answer.status < 400 or (answer.is_html and answer.status == 404):
        raise answer.fail(ROUTE, f"{answer.status} instead of a redirect to the OIDC provider from {LOGIN}")
    good(answer)
    raise answer.fail(ROUTE, f"no redirect from {LOGIN}")


def _begun(run: Run, answer: Answer) -> Begun:
    try:
        target = Target(run.client.origin, answer.path).follow(answer.headers.get("Location", ""))
    except ValueError:
        raise answer.fail(ROUTE, f"{LOGIN} redirects to something that is not a URL") from None
    query = dict(parse_qsl(target.path.partition("?")[2], max_num_fields=100))
    cookie = re.search(r"\bsid=([\w.%-]{1,500})", answer.headers.get("Set-Cookie", ""))
    return Begun(target, query, cookie[1] if cookie else "")


def seen_from_here(run: Run, issuer: Issuer | None) -> str:
    """What the provider's discovery document shows, as the end of a sentence; "" if no issuer is known."""
    if not issuer:
        return ""
    return f", from here: {discovery_problem(run, issuer) or 'the provider answers, as the same issuer'}"


def discovery_problem(run: Run, issuer: Issuer) -> str:
    """What is wrong with the provider's discovery document, as read from here; "" if nothing."""
    origin, path = issuer.target.origin, issuer.target.path.rstrip("/") + DISCOVERY
    try:
        answer = run.send(Request("GET", path, {"Accept": "application/json"}, origin=origin, size=SMALL))
        if answer.status != 200:
            return f"{answer.status} for the discovery document of {origin.where}"
        name = Fields.of(answer).name("issuer")
    except Failure as failure:
        whose = f"{origin.where}: " if failure.stage is CERTIFICATE else ""
        return f"{whose}{failure.detail}"
    return "" if name == issuer.name else f"wrong issuer, the provider calls itself {name or 'nothing'}"


def login_page(run: Run, login: Begun) -> Page:
    """What a browser is shown, after at most MOST_REDIRECTS redirects.

    No cookies are kept, so a provider may redirect for ever: its last redirect counts as an answer.
    """
    target, elapsed, answer = login.target, 0.0, None
    for _ in range(MOST_REDIRECTS + 1):
        try:
            sent = {"Accept": "text/html, */*"}
            answer = run.send(Request("GET", target.path, sent, origin=target.origin, size=SMALL, follow=False))
        except Failure as failure:
            return Page(target.origin.where, failure=failure, elapsed=elapsed)
        elapsed += answer.elapsed
        if answer.status not in REDIRECTS:
            break
        try:
            target = target.follow(answer.headers.get("Location", ""))
        except ValueError:
            break
        if is_callback(target, run.client.origin) or is_callback(target, redirect_origin(login)):
            error = dict(parse_qsl(target.path.partition("?")[2], max_num_fields=100)).get("error", "none")
            return Page(login.target.origin.where, answer.status, begun(error, 60), elapsed=elapsed)
    status = answer.status if answer else 0
    return Page(target.origin.where, status, elapsed=elapsed)


def is_callback(target: Target, origin: Origin | None) -> bool:
    """Whether this is Harbor's end of a login."""
    return target.origin == origin and target.path.partition("?")[0] == CALLBACK


def redirect_origin(login: Begun) -> Origin | None:
    """The Harbor to which the provider sends the browser back; None if that is not Harbor's callback."""
    try:
        target = Target.parse(login.query.get("redirect_uri", ""))
    except ValueError:
        return None
    return target.origin if target.path == CALLBACK else None


def redeem(run: Run, login: Begun) -> tuple[str, str, float]:
    """Let Harbor redeem an invented code: the provider's OAuth error code, Harbor's message, and the time.

    The provider must know the client and its secret before it looks at the code: `invalid_grant` proves both.
    """
    path = f"{CALLBACK}?code={INVENTED_CODE}&state={quote(login.query.get('state', ''), safe='')}"
    sent = {"Accept": "application/json", "Cookie": f"sid={login.session}"}
    answer = run.send(Request("GET", path, sent, size=SMALL, follow=False))
    message = said(answer)
    found = OAUTH_ERROR.search(message)
    return found[1] if found else "", begun(message, SHOWN) or f"{answer.status} for {CALLBACK}", answer.elapsed


def forget(login: Begun) -> None:
    """From now on no output shows what belongs to this login."""
    conceal(*filter(None, login.secrets))
