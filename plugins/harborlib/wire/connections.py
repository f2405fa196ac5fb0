"""How `requests` connects: pools that connect to one origin only, and answers with a bounded head."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harborlib.text.cleaning import redacted

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import deadline, tls
from .dial import Route, ask_proxy, through
from .failure import ANSWER, ROUTE, Failure, starve
from .origin import Origin

HEAD_LIMIT = 32768  # bytes of status line and headers; Harbor sends 500, and nginx forwards at most 8 KiB
UNLIMITED = 0  # connections that are kept open


class Adapter(HTTPAdapter):
    """Makes requests connect by our Route and verify only by our context (requests would add certifi's CAs)."""

    def __init__(self, origin: Origin, route: Route, context: ssl.SSLContext, proxy: Origin | None) -> None:
        self.origin = origin
        self.context = context
        self.poolmanager = PoolManager() if proxy is None else ProxyManager(proxy.url)
        self.poolmanager.connection_pool_kw.update(maxsize=UNLIMITED, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = {origin.scheme: POOLS[origin.scheme](origin, route, proxy)}
        self.pool = self.poolmanager.connection_from_host(origin.host, origin.port, origin.scheme)
        super().__init__()

    def init_poolmanager(self, *_args: Any, **_kwargs: Any) -> None:
        """It was made for the only origin, with the only pool."""

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> HTTPConnectionPool:
        """The pool, whatever requests reads in the URL."""
        return self.pool

    get_connection = get_connection_with_tls_context  # its name before requests 2.32

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send a request to the origin; raises Failure for any other destination."""
        if not request.url.startswith(f"{self.origin.url}/"):
            raise astray(self.origin)
        kwargs["verify"] = self.context.verify_mode is ssl.CERT_REQUIRED
        return super().send(request, **kwargs)

    def request_url(self, request: Any, proxies: Any) -> str:
        """What is in the request line, unchanged: the path, or the whole URL for a proxy that fetches it over HTTP."""
        url: str = request.url
        return url if proxies and self.origin.scheme == "http" else url[len(self.origin.url) :]

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify only by our context."""
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = None  # Debian's urllib3 would add the system's CAs to our context on each connection

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """The response as requests makes it, but for cookies, which we have no use for."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.url = req.url
        response.raw = resp
        return response


def plain(origin: Origin, route: Route, proxy: Origin | None) -> type[HTTPConnectionPool]:
    """The pool for http."""

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

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    return PlainPool


def secure(origin: Origin, route: Route, proxy: Origin | None) -> type[HTTPSConnectionPool]:
    """The pool for https."""

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
                starve(error)
                stage, doing = deadline.stage()
                raise through(proxy, Failure(stage, f"connection lost while {doing}: {cause(error)}")) from None
            # If unverified, that is intended and the output says so: no warning (warning filters are not thread-safe).
            self.is_verified = True
            deadline.enter(ANSWER, f"waiting for the answer to {deadline.task()}")

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return SecurePool


#: Connection pools that connect to one origin by the route and record each stage, by scheme. `_new_conn` is the hook
#: that urllib3's own SOCKS support uses, unchanged from 1.26 to 2.x.
POOLS = {"http": plain, "https": secure}


class Kept:
    """A connection that has `answered` may be closed by the server before its next use: then it raises Stale."""

    answered = False

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request; raises Stale."""
        with self._stale():
            super().request(*args, **kwargs)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Wait for the answer; raises Stale."""
        with self._stale():
            response = super().getresponse()  # type: ignore[misc]
        self.answered = True
        return response

    @contextmanager
    def _stale(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:  # urllib3 then looks for an answer that arrived earlier
            raise
        except OSError as error:
            if self.answered:
                raise Stale(cause(error)) from None
            raise


def same(origin: Origin, host: str | None, port: int | None) -> bool:
    """Whether host and port, in urllib3's notation, are the origin's."""
    return ((host or "").strip("[]").rstrip("."), port) == (origin.host.rstrip("."), origin.port)


def astray(origin: Origin) -> Failure:
    """The Failure for what must not happen: a request to a different server. It is not sent."""
    return Failure(ROUTE, f"{deadline.task()} is not sent: it would not go to {origin.where}")


class Reply(http.client.HTTPResponse):
    """An answer with a bounded head. Interim answers (100 to 103) before it are skipped."""

    def begin(self) -> None:
        """Read status and headers; raises LineTooLong."""
        stream = self.fp
        self.fp = Head(stream)  # type: ignore[assignment]
        try:
            super().begin()
            while 100 <= self.status < 200 and self.status != http.client.SWITCHING_PROTOCOLS:
                self.headers = self.msg = None  # type: ignore[assignment]
                super().begin()
        finally:
            self.fp = stream if self.fp else None  # type: ignore[assignment]  # closed if it is not HTTP

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]
        if size < 0:  # the standard library would then read until the memory is full
            raise ValueError("a chunk of negative size")
        return size


class Head:
    """The lines before a body, bounded in total (the standard library would accept 6 MiB)."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.left = HEAD_LIMIT

    def readline(self, size: int) -> bytes:
        """The next line; raises LineTooLong."""
        line: bytes = self.stream.readline(min(size, self.left + 1))
        self.left -= len(line)
        if self.left < 0:
            raise http.client.LineTooLong("headers")
        return line

    def close(self) -> None:
        """Close the underlying stream."""
        self.stream.close()


class Stale(ConnectionError):
    """The server has closed a connection that was kept for another request."""


def cause(error: BaseException) -> str:
    """The innermost reason in a few words, without object reprs and addresses."""
    root = innermost(error)
    if isinstance(root, (http.client.RemoteDisconnected, http.client.IncompleteRead)):
        return "connection closed early"
    if isinstance(root, http.client.LineTooLong):
        return "a header is too long"
    if isinstance(root, http.client.HTTPException):
        return "not HTTP"
    if isinstance(root, OSError) and root.strerror:
        return root.strerror
    return redacted(str(root)).split(":")[0] or type(root).__name__


def innermost(error: BaseException) -> BaseException:
    """The root error: requests and urllib3 wrap it in `args` or `reason`."""
    for _ in range(8):
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((item for item in error.args if isinstance(item, BaseException)), None)
        if inner is None:
            return error
        error = inner
    return error
