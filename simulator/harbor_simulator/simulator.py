"""The Simulator: holds the state, answers requests, and is the interface for tests."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Any, TypeVar, Union

from . import edge, tls
from .accounts import Account, Authenticator, as_in, default_accounts
from .certificates import ca_file
from .content import Content, lived_in
from .faults import State
from .issuing import Identity
from .messages import Request, Response
from .server import Server
from .world import Registry, World

Body = Union[bytes, str, dict[str, Any], list[Any]]
Self = TypeVar("Self", bound="Simulator")


class Simulator:
    """A Harbor on this host, used as a context manager.

    `switches`: what is broken, by the names of faults.py and hostile.py.
    `certificate`: a kind of certificates.py, or an Identity. `host`: the name in URL and certificate.
    `address`: where it listens, such as 127.0.0.2 or ::1 for a replica on the same port.
    `version`: Harbor's. `users`: the accounts by name, by default only the monitoring robot.
    `gateway_timeout`: the seconds after which nginx gives up on a hang (on /v2/ 15 times as many).
    `upstream`: a real registry, to which core forwards requests instead of the one in memory.
    """

    def __init__(
        self,
        *switches: str,
        scheme: str = "https",
        certificate: str | Identity = "good",
        host: str = "localhost",
        port: int = 0,
        address: str = "127.0.0.1",
        version: str = "2.10.3",
        users: Mapping[str, Account] | None = None,
        gateway_timeout: float = 60.0,
        upstream: Registry | None = None,
    ) -> None:
        numbers = tuple(int(number) for number in version.split("."))
        self.scheme = scheme
        self.host = host
        self.port = port
        self.address = address
        self.requests: list[Request] = []
        self._accounts = as_in(numbers, default_accounts() if users is None else users)
        self.world = World(
            numbers,
            State(*switches),
            lived_in(),
            Authenticator(self._accounts),
            self.url,
            gateway_timeout=gateway_timeout,
            upstream=upstream,
        )
        self._answers: dict[str, Response] = {}
        self._delays: dict[str, float] = {}
        self._certificate = certificate
        self._context = self._make_context()

    def __enter__(self: Self) -> Self:
        self._server = Server(self._respond, lambda: self._context, self.port, self.address)
        self.port = self._server.port
        self.world.url = self.url
        self._obey()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def external_url(self) -> str:
        """Harbor's own idea of its URL; can be set at any time, for a reverse proxy."""
        return self.world.external_url

    @external_url.setter
    def external_url(self, url: str) -> None:
        self.world.configured_url = url

    @property
    def ca_file(self) -> str:
        """The PEM file of the CA that all certificates except the self-signed one depend on."""
        return ca_file()

    @property
    def certificate(self) -> str | Identity:
        """What new connections receive; can be set at any time."""
        return self._certificate

    @certificate.setter
    def certificate(self, certificate: str | Identity) -> None:
        self._certificate = certificate
        self._obey()

    @property
    def state(self) -> State:
        """What is currently broken."""
        return self.world.state

    @property
    def content(self) -> Content:
        """What this Harbor contains; can be changed at any time."""
        return self.world.content

    @property
    def authenticator(self) -> Authenticator:
        """The accounts that may log in; can be replaced at any time."""
        return self.world.authenticator

    @authenticator.setter
    def authenticator(self, authenticator: Authenticator) -> None:
        self.world.authenticator = authenticator

    def switch(self, *switches: str) -> None:
        """Replace what is broken; open idle connections survive, unless nginx dies."""
        self.world.state = State(*switches)
        self._obey()

    def reset(self) -> None:
        """Return to the initial state, but healthy: a good certificate, no answers, delays, locks or requests."""
        self._answers.clear()
        self._delays.clear()
        self.requests.clear()
        self.world.authenticator = Authenticator(self._accounts)
        self.world.content = lived_in()
        self.world.configured_url = ""
        self._certificate = "good"
        self.switch()

    def answer(self, path: str, status: int = 200, headers: Mapping[str, str] | None = None, body: Body = b"") -> None:
        """Answer this path (with any query) like this, whatever is broken; a dict or list is sent as JSON."""
        kind = "text/plain"
        if isinstance(body, (dict, list)):
            kind, body = "application/json", json.dumps(body)
        content = body.encode() if isinstance(body, str) else body
        self._answers[path] = Response(status, {"Content-Type": kind, **(headers or {})}, content)

    def delay(self, prefix: str, seconds: float) -> None:
        """Delay every answer below this path by this many seconds."""
        self._delays[prefix] = seconds

    def _obey(self) -> None:
        self._context = self._make_context()
        changes = {"down": self._server.close, "frozen": self._server.freeze, "silent": self._server.drop}
        changes.get(self.world.state.part("nginx"), self._server.open)()

    def _make_context(self) -> ssl.SSLContext | None:
        if not self.world.expects_tls:
            return None
        return tls.context(self.certificate, self.host, self.world.state.part("tls"))

    def _respond(self, request: Request) -> Response:
        self.requests.append(request)
        planted = self._answers.get(request.path)
        response = planted.copy() if planted else edge.answer(self.world, request)
        for prefixes, distortion in self.world.state.distortions:
            if request.path.startswith(prefixes):
                response = distortion(request, response)
        response.after += sum(time for prefix, time in self._delays.items() if request.path.startswith(prefix))
        return response
