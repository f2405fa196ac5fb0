"""One Harbor as one account sees it: its address, the account, and the connections."""

from __future__ import annotations

import argparse
import threading
from typing import TYPE_CHECKING

from harborlib.wire import tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import ROUTE, Failure
from harborlib.wire.origin import Origin
from harborlib.wire.request import Answer, Request

if TYPE_CHECKING:
    from harborlib.wire.credentials import Credentials
    from harborlib.wire.transport import Transport


class Client:
    """Sends requests and returns answers; does not know the probe that uses it.

    `requests` is imported at the first request, so that a plugin that makes none is not slowed down.
    """

    def __init__(self, args: argparse.Namespace, account: Credentials | None = None) -> None:
        """`args` are the options that say where Harbor is and how it is verified; `account` None: anonymous."""
        self.origin: Origin = args.harbor
        self.account = account
        self._args = args
        self._transports: dict[tuple[Origin, bool], Transport] = {}
        self._lock = threading.Lock()

    def with_account(self, account: Credentials | None) -> Client:
        """A client for another account of the same Harbor, over the same connections."""
        other = Client(self._args, account)
        other._transports, other._lock = self._transports, self._lock
        return other

    def send(self, request: Request, verify: bool = True) -> Answer:
        """Send any request and return any status; raises Failure if no complete answer arrives.

        `verify=False` ignores an invalid certificate, like --insecure.
        """
        origin = request.origin or self.origin
        if request.login and origin != self.origin:
            raise Failure(ROUTE, f"{request} is not sent: credentials do not go to {origin.where}")
        return self._transport(origin, verify and not self._args.insecure).send(request)

    def _transport(self, origin: Origin, verify: bool) -> Transport:
        from harborlib.wire import transport

        args = self._args
        with self._lock:
            if (origin, verify) not in self._transports:
                ours = origin == self.origin
                certificate = args.client_cert if ours else None  # an object store does not need to know who we are
                context = tls.context(args.ca_file, certificate, args.client_key, verify, also_system=not ours)
                route = Route.of(args) if ours else Route(None, args.family)
                self._transports[origin, verify] = transport.Transport(
                    origin, route, context, args.proxy and args.proxy.url
                )
            return self._transports[origin, verify]
