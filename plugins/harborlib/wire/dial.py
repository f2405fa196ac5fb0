"""From a host name to a connected socket. Every step records its stage."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from . import deadline, sockets
from .clients import is_address
from .failure import CERTIFICATE, CONNECT, RESOLVE, TLS, Failure, starve
from .origin import where

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from .origin import Origin

#: As `getaddrinfo` returns it: family, kind, protocol, name, and the address to connect to.
Address = tuple[int, int, int, str, tuple[Any, ...]]
TLS_ALERT = "\x15\x03"  # the beginning of a TLS server's answer to plain text
FAMILIES: dict[int, str] = {
    socket.AF_INET: " to an IPv4 address (-4)",
    socket.AF_INET6: " to an IPv6 address (-6)",
}


class Route(NamedTuple):
    """How to reach a server: `--connect-to`, `-4`/`-6`, or one address of `--every-address`.

    `instead` is the host and port to connect to in place of those in the URL (None: as in the URL). `option` names the
    option that the address comes from, if it is not from the URL. `replica` is the only address to connect to; failures
    name the host of the URL, and the report names the address.
    """

    instead: tuple[str, int] | None = None
    family: int = socket.AF_UNSPEC
    option: str = ""
    replica: str = ""

    @classmethod
    def of(cls, args: argparse.Namespace) -> Route:
        """The route that the command line asks for."""
        option = "--connect-to" if args.connect_to else "--proxy" if args.proxy else ""
        return cls(args.connect_to, args.family, option, args.replica)

    def dial(self, host: str, port: int) -> socket.socket:
        """A TCP connection to host and port; raises Failure (resolve, connect)."""
        if self.replica:
            return connect(resolve(self.replica, port, socket.AF_UNSPEC), host, port)
        if self.instead:
            host, port = self.instead[0], self.instead[1] or port
        try:
            return connect(resolve(host, port, self.family), host, port)
        except Failure as failure:
            if not self.option:
                raise
            detail = f"{failure.detail} (given with {self.option})"
            step = f"check that {where(host, port)} ({self.option}) is correct and up"
            raise failure.but(detail=detail, next_step=step) from None


def resolve(host: str, port: int, family: int) -> Sequence[Address]:
    """The socket addresses of a host, in the order of `getaddrinfo`; raises Failure (resolve)."""

    def look_up() -> Sequence[Address]:
        deadline.enter(RESOLVE, f"resolving {host}")
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)

    try:
        return look_up() if is_address(host) else deadline.supervised(look_up)  # nothing ends a look-up but an answer
    except socket.gaierror as error:
        wanted = FAMILIES.get(family, "")
        raise Failure(RESOLVE, f"cannot resolve {host}{wanted}: {error.strerror}") from None
    except UnicodeError:
        raise Failure(RESOLVE, f"cannot resolve {host}: not a valid host name") from None


def connect(addresses: Sequence[Address], host: str, port: int) -> socket.socket:
    """A connection to the first address that accepts one; each gets its share of the remaining time."""
    problem = "no address"
    for position, (family, kind, protocol, _, address) in enumerate(addresses):
        deadline.enter(CONNECT, f"connecting to {where(address[0], port)}")
        left = len(addresses) - position
        try:
            sock = sockets.Plain(family, kind, protocol)
        except OSError as error:  # IPv6 is disabled
            starve(error)
            problem = error.strerror or problem
            continue
        try:
            deadline.in_time(partial(sock.connect, address), deadline.remaining() / left)
        except Failure:
            if left == 1:
                raise
            problem = "timed out"
        except OSError as error:
            sock.close()
            problem = error.strerror or str(error)
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # otherwise a body waits 40 ms behind its head
            deadline.enter(TLS, f"in the TLS handshake with {where(host, port)}")
            return sock
    raise Failure(CONNECT, f"cannot connect to {where(host, port)}: {problem}")


def tunnel(route: Route, proxy: tuple[str, int], host: str, port: int) -> socket.socket:
    """A connection to host and port through an HTTP proxy (CONNECT); raises Failure (resolve, connect)."""
    from http.client import HTTPConnection

    connection = HTTPConnection(*proxy)
    connection.set_tunnel(host, port)
    connection.sock = route.dial(*proxy)
    ask_proxy(connection, connection._tunnel, host, port)  # type: ignore[attr-defined]
    return connection.sock


def dial_harbor(args: argparse.Namespace) -> socket.socket:
    """A TCP connection to Harbor's port, through the proxy if one is given; raises Failure (resolve, connect)."""
    host, port = args.harbor.host, args.harbor.port
    if args.proxy:
        return tunnel(Route.of(args), (args.proxy.host, args.proxy.port), host, port)
    return Route.of(args).dial(host, port)


def ask_proxy(connection: HTTPConnection, ask: Callable[[], None], host: str, port: int) -> None:
    """Have `ask` request a tunnel from a connected proxy, and record the stage; raises Failure (connect)."""
    from http.client import HTTPException

    proxy, sock = where(connection.host, connection.port), connection.sock
    deadline.enter(CONNECT, f"asking the proxy {proxy} for {where(host, port)}")
    try:
        ask()
    except (OSError, HTTPException) as error:
        # Closing is not enough: up to Python 3.11 the answer of http.client keeps it open.
        with contextlib.suppress(OSError):
            os.close(sock.detach())
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if why.startswith(TLS_ALERT):
            why = "it speaks TLS, and --proxy needs plain HTTP"
        step = f"check that the proxy {proxy} (--proxy) is up and allows {where(host, port)}"
        raise Failure(CONNECT, f"the proxy {proxy} refuses the connection: {why}", next_step=step) from None
    deadline.enter(TLS, f"in the TLS handshake with {where(host, port)} through the proxy {proxy}")


def through(proxy: Origin | None, failure: Failure) -> Failure:
    """Adds the proxy to a handshake failure: the proxy could have ended or answered the handshake itself."""
    if not proxy or failure.stage not in (TLS, CERTIFICATE):
        return failure
    detail = failure.detail if proxy.where in failure.detail else f"{failure.detail} (through the proxy {proxy.where})"
    step = f"check that the proxy {proxy.where} (--proxy) passes TLS on unchanged, then Harbor's reverse proxy"
    return failure.but(detail=detail, next_step=step if failure.stage == TLS else "")
