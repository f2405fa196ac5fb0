"""HTTP: one `requests` session that turns everything that can go wrong into a Failure with its stage.

No cookies (with Harbor's session cookie a POST would need a CSRF token), no netrc, no proxy from the environment, no
compression, bounded bodies, redirects only within the origin, credentials only to the origin and only over TLS.
"""

from __future__ import annotations

import http.client
import ssl
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

from harborlib import __version__

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import deadline, tls
from .dial import Route, ask_proxy
from .failure import ANSWER, BODY, CONTENT, ROUTE, Failure
from .origin import PORTS, Origin
from .request import Answer, Request

REDIRECTS = 3
CHUNK = 65536
CONNECTIONS = 50  # kept at most: as many as all probes use side by side


class Transport:
    """Requests to one origin, through one TLS context."""

    def __init__(self, origin: Origin, route: Route, context: tls.Context, proxy: str | None) -> None:
        self.origin = origin
        context.host = origin.host
        self.session = Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers = {"User-Agent": f"check_harbor/{__version__}", "Accept-Encoding": "identity"}  # type: ignore[assignment]
        self.session.proxies = {"http": proxy, "https": proxy} if proxy else {}
        self.session.mount(f"{origin.scheme}://", Adapter(route, context))

    def send(self, request: Request) -> Answer:
        """One request with its redirects; raises Failure when no whole answer came in time."""
        try:
            return deadline.supervised(lambda: self._follow(request), request.limit)
        except Failure as failure:
            raise failure.but(path=request.path, login=request.login) from None

    def _follow(self, request: Request) -> Answer:
        started = time.monotonic()
        deadline.begin(str(request), request.path, request.login)
        url = self.origin.url + request.path
        for _ in range(REDIRECTS + 1):
            response = self._send(request, url)
            with response:
                location = response.headers.get("Location") if response.is_redirect and request.follow else None
                if not location:
                    body = read(response, request)
                    elapsed = time.monotonic() - started
                    return Answer(request.path, request.login, response.status_code, response.headers, body, elapsed)
                url = self._within(url, location)
        raise Failure(ROUTE, f"{request} is redirected in a loop")

    def _within(self, url: str, location: str) -> str:
        """Where a redirect leads; raises Failure (route) if that is not our origin."""
        try:
            target = urljoin(url, location)
            parts = urlsplit(target)
            origin = Origin(parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))
        except ValueError:
            raise Failure(ROUTE, f"{deadline.task()} is redirected to something that is not a URL") from None
        if origin != self.origin:
            where = f"{parts.scheme}://{parts.netloc}"
            raise Failure(ROUTE, f"{deadline.task()} is redirected to {where}; give -H the final address")
        return target

    def _send(self, request: Request, url: str) -> requests.Response:
        deadline.enter(ANSWER, f"waiting for the answer to {request}")
        wait = deadline.remaining() + 1  # the supervisor ends it sooner, and names the stage
        try:
            return self.session.request(
                request.method,
                url,
                headers=dict(request.headers),
                data=request.data,
                timeout=wait,
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise explained(error, self.origin) from None


def read(response: requests.Response, request: Request) -> bytes:
    """The body, at most `size` bytes of it; raises Failure (body, content)."""
    deadline.enter(BODY, f"reading the answer to {request}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Failure(CONTENT, f"{request} is answered compressed, which was not asked for")
    body = bytearray()
    sink = request.sink if response.status_code == 200 else None
    try:
        # Not stream(), which before urllib3 2.6 reads a line of any length for the size of a chunk.
        while chunk := response.raw.read(CHUNK, decode_content=False):
            if sink:
                if not sink(chunk):
                    return b""
                continue
            body += chunk
            if len(body) > request.size:
                raise Failure(BODY, f"the answer to {request} is larger than {request.size} bytes")
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        raise Failure(BODY, f"the answer to {request} breaks off: {cause(error)}") from None
    if response.raw.length_remaining:  # urllib3 before 2 does not mind
        raise Failure(BODY, f"the answer to {request} breaks off: connection closed early")
    return bytes(body)


class Session(requests.Session):
    """Leaves redirects to us: requests reads the whole body of one, however long, even when told not to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Reply(http.client.HTTPResponse):
    """Refuses chunks of a negative size, for which the standard library reads until the memory is full."""

    def _read_next_chunk_size(self) -> int:
        size = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:
            raise ValueError("a chunk of negative size")
        return size


class Adapter(HTTPAdapter):
    """Makes requests dial by our Route and verify by our context alone (requests would add certifi's CAs)."""

    def __init__(self, route: Route, context: ssl.SSLContext) -> None:
        self.context = context
        self.pools = pools(route)
        super().__init__(pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self.context, **kwargs)
        manager.pool_classes_by_scheme = self.pools
        return manager

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        kwargs["verify"] = self.context.verify_mode is ssl.CERT_REQUIRED
        return super().send(request, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = None  # Debian's urllib3 would add the system's CAs to our context, with each connection


def pools(route: Route) -> dict[str, type]:
    """Connection pools that dial by the route and note each stage.

    `_new_conn` is the seam that urllib3's own SOCKS support uses, the same from 1.26 to 2.x.
    """

    class Plain(HTTPConnection):
        response_class = Reply

        def _new_conn(self) -> Any:
            return route.dial(self.host, self.port)

        def connect(self) -> None:
            super().connect()
            deadline.enter(ANSWER, f"waiting for the answer to {deadline.task()}")

    class Secure(HTTPSConnection):
        response_class = Reply

        def _new_conn(self) -> Any:
            return route.dial(self.host, self.port)

        def _tunnel(self) -> None:
            ask_proxy(self, super()._tunnel, self._tunnel_host or "", self._tunnel_port or 0)

        def connect(self) -> None:
            try:
                super().connect()
            except ssl.SSLError as error:
                raise tls.failure(error, self.host) from None
            except OSError as error:
                stage, doing = deadline.stage()
                raise Failure(stage, f"connection lost while {doing}: {cause(error)}") from None
            self.is_verified = (
                True  # or not on purpose, and said in the output: no warning (filters are not for threads)
            )
            deadline.enter(ANSWER, f"waiting for the answer to {deadline.task()}")

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def explained(error: Exception, origin: Origin) -> Failure:
    """What an error of requests or urllib3 means for the person on call."""
    root = innermost(error)
    if isinstance(root, ssl.SSLError):
        return tls.failure(root, origin.host)
    return Failure(ANSWER, f"{origin.where} gives no answer: {cause(error)}")


def cause(error: BaseException) -> str:
    """The innermost reason in a few words, without reprs of objects and addresses."""
    root = innermost(error)
    if isinstance(root, (http.client.RemoteDisconnected, http.client.IncompleteRead)):
        return "connection closed early"
    if isinstance(root, http.client.LineTooLong):
        return "a header is too long"
    if isinstance(root, http.client.HTTPException):
        return "not HTTP"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    return str(root).split(":")[0] or type(root).__name__


def innermost(error: BaseException) -> BaseException:
    """The error at the bottom: requests and urllib3 wrap it in `args`, `reason` or `__context__`."""
    for _ in range(8):
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in error.args if isinstance(item, BaseException)), None)
        if inner is None:
            return error
        error = inner
    return error
