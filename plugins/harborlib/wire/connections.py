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
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import deadline, tls
from .dial import Route, ask_proxy, through
from .failure import ANSWER, ROUTE, Failure, starve
from .origin import Origin

HEAD_LIMIT = 32768  # bytes of status line and headers; Harbor sends 500, and nginx forwards at most 8 KiB
CONNECTIONS = 50  # the most that are kept open: as many as all probes use at the same time


class Adapter(HTTPAdapter):
    """Makes requests connect by our Route and verify only by our context (requests would add certifi's CAs)."""

    def __init__(self, origin: Origin, route: Route, context: ssl.SSLContext, proxy: Origin | None) -> None:
        self.origin = origin
        self.context = context
        self.pools = pools(origin, route, proxy)
        super().__init__(pool_maxsize=CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools use our context and our connections."""
        super().init_poolmanager(*args, ssl_context=self.context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The same for connections through a proxy."""
        manager = super().proxy_manager_for(proxy, ssl_context=self.context, **kwargs)
        manager.pool_classes_by_scheme = self.pools
        return manager

    def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send a request to the origin; raises Failure for any other destination."""
        if not request.url.startswith(f"{self.origin.url}/"):
            raise astray(self.origin)
        kwargs["verify"] = self.context.verify_mode is ssl.CERT_REQUIRED
        return super().send(request, **kwargs)

    def request_url(self, request: Any, proxies: Any) -> str:
        """The path in the request line, unchanged. requests 2.32 removes all but one of its leading slashes."""
        found = super().request_url(request, proxies)
        return request.path_url if found.startswith("/") else found

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify only by our context."""
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = None  # Debian's urllib3 would add the system's CAs to our context on each connection


def pools(origin: Origin, route: Route, proxy: Origin | None) -> dict[str, type]:
    """Connection pools that connect to one origin by the route and record each stage.

    `_new_conn` is the hook that urllib3's own SOCKS support uses, unchanged from 1.26 to 2.x.
    """
    return {"http": plain(origin, route, proxy), "https": secure(origin, route, proxy)}


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
