"""What can go wrong between a probe and a server: one exception, with a kind."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any


class Kind:
    """A kind of failure, compared by identity. `id` is what users see; it never changes without notice.

    `stage` is the kind that stands for the step at which a request fails: this kind itself, or the one that it refines.
    `state` and `next_step` override those that follow from the stage.
    """

    def __init__(self, id: str, stage: Kind | None = None, state: str = "", next_step: str = "") -> None:  # noqa: A002
        self.id = id
        self.stage = stage or self
        self.state = state
        self.next_step = next_step

    def __repr__(self) -> str:
        return f"Kind({self.id!r})"


#: The steps at which a request can fail, in the order in which they happen.
RESOLVE = Kind("harbor.name-unresolved")  # the name has no address
CONNECT = Kind("harbor.unreachable")  # no TCP connection, or the proxy refuses it
TLS = Kind("harbor.tls-failed")  # the handshake fails
CERTIFICATE = Kind("harbor.certificate-refused")  # the certificate does not verify
ANSWER = Kind("harbor.no-answer")  # no answer, or not HTTP
BODY = Kind("harbor.answer-cut-off")  # the answer does not end, or is cut off
ROUTE = Kind("harbor.misrouted")  # another server answers: the portal's page, another host
STATUS = Kind("harbor.error-status")  # an answer with an error status
CONTENT = Kind("harbor.unexpected-answer")  # an unexpected answer
NO_TLS = Kind("harbor.no-tls", TLS)  # https to a port without TLS
PLAIN_TO_TLS = Kind("harbor.plain-to-tls", TLS)  # plain HTTP to a TLS port
STAGES = (RESOLVE, CONNECT, TLS, CERTIFICATE, ANSWER, BODY, ROUTE, STATUS, CONTENT)


class Interrupted(BaseException):
    """The engine or a user stops us. While this propagates, changes that were made are undone; `notes` report that.

    `known` are the readings so far, if there are any.
    """

    def __init__(self, number: int, doing: str) -> None:
        super().__init__(number)
        self.number = number
        self.doing = doing
        self.notes: Sequence[str] = ()
        self.known: Any = None


#: Resources that this host can run out of, which says nothing about Harbor.
SCARCE = {errno.EMFILE: "file descriptors", errno.ENFILE: "file descriptors", errno.ENOMEM: "memory"}
#: How libraries report that memory is short.
NO_MEMORY = ("malloc failure", "failed to map segment", "cannot allocate memory")
#: How OpenSSL reports an internal failure, from lack of memory or from malformed data. has_memory() decides which.
NO_MEMORY_OR_ODD = (" lib", "unspecified certificate verification error")
SPARE = 8 << 20  # bytes


class Starved(Exception):
    """The monitoring host lacks a resource that a probe needs; the text names the resource."""


def lack(error: BaseException) -> str:
    """What this host has run out of, judging by an error of the interpreter or the system; "" if nothing."""
    if isinstance(error, Starved):
        return str(error)
    said = str(error).lower()
    if isinstance(error, MemoryError) or any(words in said for words in NO_MEMORY):
        return "memory"
    if any(words in said for words in NO_MEMORY_OR_ODD) and not has_memory():
        return "memory"
    return SCARCE.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def has_memory() -> bool:
    """Whether this process can allocate some more memory."""
    try:
        bytearray(SPARE)
    except MemoryError:
        return False
    return True


def starve(error: BaseException) -> None:
    """Raise Starved if an error is about this host; do nothing for any other error."""
    if lack(error):
        raise Starved(lack(error)) from None


class Unusable(Exception):
    """A file or value given to a plugin is unusable; the text says which one and why, and holds no secret.

    `next_step`: what to do, if --help does not say it.
    """

    def __init__(self, text: str, next_step: str = "") -> None:
        super().__init__(text)
        self.next_step = next_step


class Failure(Exception):
    """A failed request. It is never changed; `but` makes a modified copy.

    `detail` is one line for the person on call (no reprs, no secrets); `aside` can be left out if the line is too long.
    `path` and `login` say what was requested and whether it carried credentials. `status` is the HTTP status (0: none).
    `hung`: time ran out, after `waited` seconds; `late`: others had used most of it. `step` is the probe that owns this
    step of the registry protocol ("": none in particular). Isolation uses these to find the owner. `by_core`: core sent
    the answer, as its X-Request-Id says; that affects only the wording. `state` and `next_step` override the kind's.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        aside: str = "",
        status: int = 0,
        hung: bool = False,
        waited: float = 0.0,
        late: bool = False,
        path: str = "",
        login: bool = False,
        step: str = "",
        by_core: bool = False,
        state: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.aside = aside
        self.status = status
        self.hung = hung
        self.waited = waited
        self.late = late
        self.path = path
        self.login = login
        self.step = step
        self.by_core = by_core
        self.state = state or kind.state
        self.next_step = next_step or kind.next_step

    def but(self, **changes: Any) -> Failure:
        """A copy with these attributes changed."""
        return Failure(**{**vars(self), **changes}).with_traceback(self.__traceback__)

    @property
    def stage(self) -> Kind:
        """The step at which it failed, as one of STAGES."""
        return self.kind.stage

    @property
    def unreachable(self) -> bool:
        """Whether Harbor did not answer as a server should, as opposed to an answer that could not be judged."""
        return self.status >= 500 if self.stage is STATUS else self.stage is not CONTENT
