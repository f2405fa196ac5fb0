"""What can go wrong between a probe and Harbor, as one exception."""

from __future__ import annotations

import errno
from typing import Any

#: Where on the way a request can fail, in the order of the wire.
RESOLVE, CONNECT, TLS, CERTIFICATE, ANSWER, BODY, ROUTE, STATUS, CONTENT = STAGES = (
    "resolve",  # the name has no address
    "connect",  # no TCP connection, or the proxy refuses one
    "tls",  # a handshake that cannot be made
    "certificate",  # a certificate that does not verify
    "answer",  # no answer, or one that is not HTTP
    "body",  # an answer that does not end, or is cut off
    "route",  # answered by somebody else: the portal's page, another host
    "status",  # answered, with an error status
    "content",  # answered, but not understood
)

NEXT_STEPS = {
    RESOLVE: "check the name and the name servers of this monitoring host: getent hosts {host}",
    CONNECT: "check that the Harbor host is up and its proxy (container nginx, or the ingress) listens",
    TLS: "look at the TLS settings of Harbor's proxy or ingress: openssl s_client -connect {host}:{port}",
    CERTIFICATE: "run check_harbor_certificate -v with the same options; renew or complete it, or give --ca-file",
    ANSWER: "look at the containers nginx and harbor-core: docker ps; docker logs harbor-core",
    BODY: "look at the proxies between here and Harbor, then at docker logs nginx",
    ROUTE: "check the routes of the ingress: /api/, /service/ and /v2/ belong to core, / to the portal",
    CONTENT: "compare with curl; if Harbor is right, report a bug of check_harbor with the output of -vvv",
}
#: For a handshake that does not end: whoever took the connection is stuck.
STUCK = "look at the Harbor host and its proxy, which accepts but does not answer: uptime; docker logs nginx"


class Interrupted(BaseException):
    """The engine, or a person, wants us to stop. What was begun is taken back while this passes; `notes` tell of it."""

    def __init__(self, number: int, doing: str) -> None:
        super().__init__(number)
        self.number = number
        self.doing = doing
        self.notes: tuple[str, ...] = ()


#: What this host can run out of, which says nothing about Harbor.
SCARCE = {errno.EMFILE: "file descriptors", errno.ENFILE: "file descriptors", errno.ENOMEM: "memory"}


class Starved(Exception):
    """This monitoring host lacks something that a probe cannot do without; the text names it."""

    @classmethod
    def by(cls, error: BaseException) -> Starved | None:
        """What an error of the interpreter or the system says about this host; None for any other error."""
        if isinstance(error, Starved):
            return error
        lack = "memory" if isinstance(error, MemoryError) else None
        if isinstance(error, OSError):
            lack = SCARCE.get(error.errno or 0)
        return cls(lack) if lack else None


class Unusable(Exception):
    """A file or value given to a plugin that cannot be used; the text says which and why, and holds no secret."""


class Failure(Exception):
    """A request that did not end as it should; never changed, `but` makes another one.

    `stage` is one of STAGES, `detail` one line for the person on call (no reprs, no secrets). `path` and `login` say
    what was asked and whether it carried credentials; `status` is the HTTP status (0: none came), `hung` means that
    time ran out; `step` is the probe that owns this step of the registry's wire ("": none in particular). Isolation
    (isolation.py) decides by these whose failure it is. `state` and `next_step` replace what follows from the stage.
    `absent`: Harbor itself says that what was asked for is not there.
    """

    def __init__(
        self,
        stage: str,
        detail: str,
        *,
        status: int = 0,
        hung: bool = False,
        path: str = "",
        login: bool = False,
        step: str = "",
        state: str = "",
        next_step: str = "",
        absent: bool = False,
    ) -> None:
        super().__init__(detail)
        self.stage = stage
        self.detail = detail
        self.status = status
        self.hung = hung
        self.path = path
        self.login = login
        self.step = step
        self.state = state
        self.next_step = next_step
        self.absent = absent

    def but(self, **changes: Any) -> Failure:
        """The same but for these attributes."""
        return Failure(**{**vars(self), **changes}).with_traceback(self.__traceback__)

    @property
    def unreachable(self) -> bool:
        """Harbor did not answer as a server should, as opposed to: it answered, and this could not be judged."""
        return self.status >= 500 if self.stage == STATUS else self.stage != CONTENT

    @property
    def refused_login(self) -> bool:
        """Harbor did not take the credentials (a token that is not taken is another matter: it was granted)."""
        return self.stage == STATUS and self.status == 401 and self.login and self.step in ("", "login")
