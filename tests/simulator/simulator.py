"""The Simulator: holds the state, answers requests, and is what tests handle."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Union

from . import edge, tls
from .accounts import Account, Doorkeeper, default_accounts
from .certificates import Identity, ca_file
from .faults import State
from .messages import Request, Response
from .server import Server

Body = Union[bytes, str, dict, list]


class Simulator:
    """A Harbor on 127.0.0.1, as a context manager.

    `switches` are names of faults.py and hostile.py; `certificate` a kind of certificates.py; `host` the name in the URL and in
    the certificate; `version` Harbor's; `users` the accounts by name; `gateway_timeout` the seconds after which nginx gives up.
    """

    def __init__(
        self,
        *switches: str,
        scheme: str = "https",
        certificate: str | Identity = "good",
        host: str = "localhost",
        port: int = 0,
        version: str = "2.9.5",
        users: Mapping[str, Account] | None = None,
        gateway_timeout: float = 60.0,
    ) -> None:
        self.scheme = scheme
        self._certificate = certificate
        self.host = host
        self.version: tuple[int, ...] = tuple(int(number) for number in version.split("."))
        self.gateway_timeout = gateway_timeout
        self.doorkeeper = Doorkeeper(default_accounts() if users is None else users)
        self.requests: list[Request] = []
        self.state = State(*switches)
        self._answers: dict[str, Response] = {}
        self._delays: dict[str, float] = {}
        self._tls: ssl.SSLContext | None = None
        self._server = Server(self._respond, lambda: self._tls, port)

    def __enter__(self) -> Simulator:
        self._obey()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def ca_file(self) -> str:
        """The PEM of the CA under which all certificates but the self-signed one stand."""
        return ca_file()

    @property
    def version_text(self) -> str:
        """As /systeminfo words it."""
        numbers = (*self.version, 0, 0)[:3]
        return "v" + ".".join(map(str, numbers)) + "-672ec4ad"

    def switch(self, *switches: str) -> None:
        """Replace the failures by these."""
        self.state = State(*switches)
        self._obey()

    def reset(self) -> None:
        """Healthy again: no failures, a good certificate, no answers and delays of the test's own."""
        self._answers.clear()
        self._delays.clear()
        self.certificate = "good"
        self.switch()

    def answer(
        self, path: str, status: int = 200, headers: Mapping[str, str] | None = None, body: Body = b""
    ) -> None:
        """Answer this path (without query) so, whatever the failures; a dict or list is sent as JSON."""
        kind = "application/json" if isinstance(body, (dict, list)) else "text/plain"
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        content = body.encode() if isinstance(body, str) else body
        self._answers[path] = Response(status, {"Content-Type": kind, **(headers or {})}, content)

    def delay(self, prefix: str, seconds: float) -> None:
        """Let every answer under this path prefix come that much later."""
        self._delays[prefix] = seconds

    @property
    def certificate(self) -> str | Identity:
        """The kind of certificates.py that new connections get to see, or an Identity of the test's own."""
        return self._certificate

    @certificate.setter
    def certificate(self, certificate: str | Identity) -> None:
        self._certificate = certificate
        self._obey()

    @property
    def expects_tls(self) -> bool:
        return self.scheme == "https" and self.state.part("tls") != "none"

    def _obey(self) -> None:
        """Bring the server into line with the state; connections that are open and idle are left alone."""
        self._tls = (
            tls.context(self.certificate, self.host, self.state.part("tls")) if self.expects_tls else None
        )
        if self.state.part("nginx") == "down":
            self._server.close()
        else:
            self._server.open()

    def _respond(self, request: Request) -> Response:
        self.requests.append(request)
        planted = self._answers.get(request.path)
        if planted:
            response = Response(planted.status, dict(planted.headers), planted.body)
        else:
            response = edge.answer(self, request)
        for prefixes, distortion in self.state.distortions:
            if request.path.startswith(prefixes):
                response = distortion(request, response)
        response.after += sum(
            seconds for prefix, seconds in self._delays.items() if request.path.startswith(prefix)
        )
        return response
