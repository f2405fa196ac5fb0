"""HTTP: one adapter of `requests` whose every error becomes a Failure with its stage.

No session of `requests` around it: it would do, and cost, what we do not want. So: no cookies (with Harbor's session
cookie a POST would need a CSRF token), no netrc, no proxy from the environment, no compression. Heads and bodies are
bounded, redirects stay within the origin, credentials go only to the origin and only over TLS. The host that `requests`
and urllib3 connect to is compared with the origin, whatever they parsed.
"""

from __future__ import annotations

import http.client
import ssl
import time

from harborlib import __version__

import requests
import urllib3

from . import deadline, tls
from .connections import Adapter, Stale, cause, innermost
from .dial import TLS_ALERT, Route
from .failure import ANSWER, BODY, CONTENT, PLAIN_TO_TLS, ROUTE, Failure, starve
from .origin import Origin, Target
from .request import Answer, Request

REDIRECTS = 3
HEADERS = {"User-Agent": f"check_harbor/{__version__}", "Accept-Encoding": "identity"}
REPEATABLE = ("GET", "HEAD")
CHUNK = 65536
#: How servers refuse plain HTTP on a TLS port: nginx, Go (Traefik, Caddy), Apache, Tomcat.
PLAIN_REFUSED = (
    b"plain http request was sent to https port",
    b"sent an http request to an https server",
    b"speaking plain http to an ssl-enabled server port",
    b"combination of host and port requires tls",
)
BACKEND = "set the backend protocol of the reverse proxy to HTTPS, or point it at Harbor's port for plain HTTP"
EXTERNAL_URL = "set external_url (chart: externalURL) to https://..., and pass X-Forwarded-Proto on"
IN_FRONT = "ask the owner of the reverse proxy or ingress: it sends requests for Harbor elsewhere"


class Transport:
    """Requests to one origin, through one TLS context."""

    def __init__(self, origin: Origin, route: Route, context: tls.Context, proxy: str | None) -> None:
        self.origin = origin
        self.route = route
        self.context = context
        self.context.host = origin.host
        self.proxy = Origin.parse(proxy) if proxy else None
        self.proxies = {"http": self.proxy.url, "https": self.proxy.url} if self.proxy else {}
        self.adapter = self._new_adapter()
        self.spare: list[Adapter] = []  # used once; kept because Python warns about unclosed connections

    def _new_adapter(self) -> Adapter:
        return Adapter(self.origin, self.route, self.context, self.proxy)

    def send(self, request: Request) -> Answer:
        """One request with its redirects; raises Failure if no complete answer arrived in time."""
        try:
            return deadline.in_time(lambda: self._follow(request), request.limit)
        except Failure as failure:
            raise failure.but(path=request.path, login=request.login) from None

    def _follow(self, request: Request) -> Answer:
        started = time.monotonic()
        deadline.begin(str(request), request.path, request.login)
        target = Target(self.origin, request.path)
        for _ in range(REDIRECTS + 1):
            response = self._send(request, target.path)
            with response:
                location = response.headers.get("Location") if response.is_redirect and request.follow else None
                if not location:
                    body = read(response, request)
                    self._refuse_plain(response.status_code, body)
                    elapsed = time.monotonic() - started
                    return Answer(request.path, request.login, response.status_code, response.headers, body, elapsed)
                target = self._within(target, location)
        raise Failure(ROUTE, f"{request} is redirected in a loop")

    def _within(self, here: Target, location: str) -> Target:
        """Where a redirect leads; raises Failure (route) if it leaves our origin."""
        try:
            target = here.follow(location)
        except ValueError:
            raise Failure(ROUTE, f"{deadline.task()} is redirected to something that is not a URL") from None
        if target.origin != self.origin:
            detail = f"{deadline.task()} is redirected to {target.origin.url}"
            raise Failure(ROUTE, detail, next_step=redirected(here, target))
        return target

    def _refuse_plain(self, status: int, body: bytes) -> None:
        """Raise Failure (tls) if plain HTTP reached a TLS port, from us or from a reverse proxy."""
        if status != 400 or not any(words in body.lower() for words in PLAIN_REFUSED):
            return
        if self.origin.scheme == "http":
            raise spoken_plainly(self.origin)
        detail = f"the reverse proxy of {self.origin.where} speaks plain HTTP to a port where Harbor speaks TLS"
        raise Failure(PLAIN_TO_TLS, detail, status=status, next_step=BACKEND)

    def _send(self, request: Request, path: str) -> requests.Response:
        if request.once:
            return self._ask(self._fresh(), request, path)
        try:
            return self._ask(self.adapter, request, path)
        except Stale:
            return self._ask(self._fresh(), request, path)

    def _fresh(self) -> Adapter:
        fresh = self._new_adapter()
        self.spare.append(fresh)
        return fresh

    def _ask(self, adapter: Adapter, request: Request, path: str) -> requests.Response:
        """One request; raises Failure, or Stale if it may be repeated because it had no effect."""
        deadline.enter(ANSWER, f"waiting for the answer to {request}")
        try:
            prepared = requests.PreparedRequest()
            prepared.prepare_method(request.method)
            prepared.url = self.origin.url + path  # `prepare_url` would only parse what we have checked
            prepared.prepare_headers({**HEADERS, **dict(request.headers)})
            prepared.prepare_body(request.data, None)
            return adapter.send(prepared, stream=True, proxies=self.proxies)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            root = innermost(error)
            if isinstance(root, Stale) and request.method in REPEATABLE:
                raise root from None
            raise explained(error, self.origin) from None


def redirected(here: Target, there: Target) -> str:
    """The next step for a redirect to another origin, which may be Harbor's own or another application's page."""
    same_host = here.origin.host == there.origin.host
    if same_host and (here.origin.scheme, there.origin.scheme) == ("https", "http"):
        return EXTERNAL_URL
    return f"point -H at {there.origin.url}" if same_host or here.path == there.path else IN_FRONT


def spoken_plainly(origin: Origin) -> Failure:
    """The Failure for plain HTTP from us to a TLS port."""
    return Failure(PLAIN_TO_TLS, f"{origin.where} speaks TLS on this port, and -H says http")


def read(response: requests.Response, request: Request) -> bytes:
    """The body, at most `size` bytes long; raises Failure (body, content)."""
    deadline.enter(BODY, f"reading the answer to {request}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(CONTENT, f"the answer to {request} is compressed, which was not requested")
    body = bytearray()
    sink = request.sink if response.status_code == 200 else None
    try:
        # Not stream(): before urllib3 2.6 it accepts a line of any length as the size of a chunk.
        while chunk := response.raw.read(CHUNK, decode_content=False):
            if sink:
                if not sink(chunk):
                    return b""
                continue
            body += chunk
            if len(body) > request.size:
                raise Failure(BODY, f"the answer to {request} is larger than {request.size} bytes")
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise Failure(BODY, f"the answer to {request} was cut off: {cause(error)}") from None
    if response.raw.length_remaining:  # urllib3 before 2 ignores it
        raise Failure(BODY, f"the answer to {request} was cut off: connection closed early")
    return bytes(body)


def explained(error: Exception, origin: Origin) -> Failure:
    """An error of requests or urllib3 as a Failure for the person on call; raises Starved."""
    root = innermost(error)
    starve(root)
    if isinstance(root, ssl.SSLError):
        return tls.failure(root, origin.host)
    if isinstance(root, http.client.BadStatusLine) and str(root).startswith(TLS_ALERT):
        return spoken_plainly(origin)
    closed = origin.scheme == "http" and isinstance(root, ConnectionError)  # some servers that speak TLS there do this
    step = f"point -H at https://{origin.where} if that port speaks TLS, otherwise check nginx and core: {{list}}"
    return Failure(ANSWER, f"no answer from {origin.where}: {cause(error)}", next_step=step if closed else "")
