"""HTTP: one `requests` session that turns everything that can go wrong into a Failure with its stage.

No cookies (with Harbor's session cookie a POST would need a CSRF token), no netrc, no proxy from the environment, no
compression, bounded heads and bodies, redirects only within the origin, credentials only to the origin and only over
TLS. What `requests` and urllib3 dial in the end is compared with the origin, whatever they made of the URL.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from harborlib import __version__

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import deadline, tls
from .dial import Route, ask_proxy, through
from .failure import ANSWER, BODY, CONTENT, ROUTE, Failure
from .origin import Origin, Target
from .request import Answer, Request

REDIRECTS = 3
REPEATABLE = ("GET", "HEAD")
CHUNK = 65536
HEAD_LIMIT = 32768  # bytes of status line and headers; Harbor sends 500, and nginx passes on no more than 8 KiB
CONNECTIONS = 50  # kept at most: as many as all probes use side by side


class Transport:
    """Requests to one origin, through one TLS context."""

    def __init__(self, origin: Origin, route: Route, context: tls.Context, proxy: str | None) -> None:
        self.origin = origin
        self.route = route
        self.context = context
        self.context.host = origin.host
        self.proxy = Origin.parse(proxy) if proxy else None
        self.session = self._new_session()

    def _new_session(self) -> Session:
        session = Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers = {"User-Agent": f"check_harbor/{__version__}", "Accept-Encoding": "identity"}  # type: ignore[assignment]
        session.proxies = {"http": self.proxy.url, "https": self.proxy.url} if self.proxy else {}
        session.mount(f"{self.origin.scheme}://", Adapter(self.origin, self.route, self.context, self.proxy))
        return session

    def send(self, request: Request) -> Answer:
        """One request with its redirects; raises Failure when no whole answer came in time."""
        try:
            return deadline.supervised(lambda: self._follow(request), request.limit)
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
                    elapsed = time.monotonic() - started
                    return Answer(request.path, request.login, response.status_code, response.headers, body, elapsed)
                target = self._within(target, location)
        raise Failure(ROUTE, f"{request} is redirected in a loop")

    def _within(self, here: Target, location: str) -> Target:
        """Where a redirect leads; raises Failure (route) if that is not our origin."""
        try:
            target = here.follow(location)
        except ValueError:
            raise Failure(ROUTE, f"{deadline.task()} is redirected to something that is not a URL") from None
        if target.origin != self.origin:
            where = target.origin.url
            raise Failure(ROUTE, f"{deadline.task()} is redirected to {where}; give -H the final address")
        return target

    def _send(self, request: Request, path: str) -> requests.Response:
        try:
            return self._ask(self.session, request, path)
        except Stale:
            return self._ask(self._new_session(), request, path)

    def _ask(self, session: Session, request: Request, path: str) -> requests.Response:
        """Raises Failure, and Stale where it may be asked once more: nothing came of it."""
        deadline.enter(ANSWER, f"waiting for the answer to {request}")
        wait = deadline.remaining() + 1  # the supervisor ends it sooner, and names the stage
        try:
            return session.request(
                request.method,
                self.origin.url + path,
                headers=dict(request.headers),
                data=request.data,
                timeout=wait,
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            root = innermost(error)
            if isinstance(root, Stale) and request.method in REPEATABLE:
                raise root from None
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
    """An answer that is no larger than it should be, after whatever interim answers (100 to 103) come before it."""

    def begin(self) -> None:
        stream = self.fp
        self.fp = Head(stream)  # type: ignore[assignment]
        try:
            super().begin()
            while 100 <= self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
                self.headers = self.msg = None  # type: ignore[assignment]
                super().begin()
        finally:
            self.fp = stream if self.fp else None  # type: ignore[assignment]  # closed where it is no HTTP

    def _read_next_chunk_size(self) -> int:
        size = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:  # for which the standard library reads until the memory is full
            raise ValueError("a chunk of negative size")
        return size


class Head:
    """What comes before a body, line by line and not without end (the standard library takes 6 MiB)."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.left = HEAD_LIMIT

    def readline(self, size: int) -> bytes:
        line: bytes = self.stream.readline(min(size, self.left + 1))
        self.left -= len(line)
        if self.left < 0:
            raise http.client.LineTooLong("headers")
        return line

    def close(self) -> None:
        self.stream.close()


class Stale(ConnectionError):
    """A connection that was kept for another request, and that the server has closed meanwhile."""


class Adapter(HTTPAdapter):
    """Makes requests dial by our Route and verify by our context alone (requests would add certifi's CAs)."""

    def __init__(self, origin: Origin, route: Route, context: ssl.SSLContext, proxy: Origin | None) -> None:
        self.origin = origin
        self.context = context
        self.pools = pools(origin, route, proxy)
        super().__init__(pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self.context, **kwargs)
        manager.pool_classes_by_scheme = self.pools
        return manager

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        if not request.url.startswith(f"{self.origin.url}/"):
            raise astray(self.origin)
        kwargs["verify"] = self.context.verify_mode is ssl.CERT_REQUIRED
        return super().send(request, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = None  # Debian's urllib3 would add the system's CAs to our context, with each connection


def pools(origin: Origin, route: Route, proxy: Origin | None) -> dict[str, type]:
    """Connection pools that dial one origin by the route and note each stage.

    `_new_conn` is the seam that urllib3's own SOCKS support uses, the same from 1.26 to 2.x.
    """

    class Plain(Kept, HTTPConnection):
        response_class = Reply

        def _new_conn(self) -> Any:
            self.answered = False
            if not same(proxy or origin, self.host, self.port):
                raise astray(origin)
            return route.dial(self.host, self.port)

        def connect(self) -> None:
            super().connect()
            deadline.enter(ANSWER, f"waiting for the answer to {deadline.task()}")

    class Secure(Kept, HTTPSConnection):
        response_class = Reply

        def _new_conn(self) -> Any:
            self.answered = False
            aim = (self._tunnel_host, self._tunnel_port) if proxy else (self.host, self.port)
            if not same(origin, *aim) or not same(proxy or origin, self.host, self.port):
                raise astray(origin)
            return route.dial(self.host, self.port)

        def _tunnel(self) -> None:
            ask_proxy(self, super()._tunnel, self._tunnel_host or "", self._tunnel_port or 0)

        def connect(self) -> None:
            try:
                super().connect()
            except ssl.SSLError as error:
                raise through(proxy, tls.failure(error, origin.host)) from None
            except OSError as error:
                stage, doing = deadline.stage()
                raise through(proxy, Failure(stage, f"connection lost while {doing}: {cause(error)}")) from None
            self.is_verified = (
                True  # or not on purpose, and said in the output: no warning (filters are not for threads)
            )
            deadline.enter(ANSWER, f"waiting for the answer to {deadline.task()}")

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class Kept:
    """A connection that has `answered` may be closed by the server before it is used again: then it is Stale."""

    answered = False

    def request(self, *args: Any, **kwargs: Any) -> None:
        with self._stale():
            super().request(*args, **kwargs)  # type: ignore[misc]

    def getresponse(self) -> Any:
        with self._stale():
            response = super().getresponse()  # type: ignore[misc]
        self.answered = True
        return response

    @contextmanager
    def _stale(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:  # urllib3 then looks for an answer that came before
            raise
        except OSError as error:
            if self.answered:
                raise Stale(cause(error)) from None
            raise


def same(origin: Origin, host: str | None, port: int | None) -> bool:
    """Whether host and port, as urllib3 writes them, are the origin's."""
    return ((host or "").strip("[]").rstrip("."), port) == (origin.host.rstrip("."), origin.port)


def astray(origin: Origin) -> Failure:
    """What must not happen: a request that is on its way to somebody else. It is not sent."""
    return Failure(ROUTE, f"{deadline.task()} is not sent: it would not go to {origin.where}")


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
