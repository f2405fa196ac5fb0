"""What can go wrong between a probe and a server, as one exception with a kind."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any


class Kind:
    """A kind of failure, told by identity. `id` is the one that people see; it never changes silently.

    `stage` is the kind that stands for where on the way a request fails: itself, or the one that this one refines.
    `state` and `next_step` replace what follows from the stage.
    """

    def __init__(self, id: str, stage: Kind | None = None, state: str = "", next_step: str = "") -> None:  # noqa: A002
        self.id = id
        self.stage = stage or self
        self.state = state
        self.next_step = next_step

    def __repr__(self) -> str:
        return f"Kind({self.id!r})"


#: Where on the way a request can fail, in the order of the wire.
RESOLVE = Kind("harbor.name-unresolved")  # the name has no address
CONNECT = Kind("harbor.unreachable")  # no TCP connection, or the proxy refuses one
TLS = Kind("harbor.tls-failed")  # a handshake that cannot be made
CERTIFICATE = Kind("harbor.certificate-refused")  # a certificate that does not verify
ANSWER = Kind("harbor.no-answer")  # no answer, or one that is not HTTP
BODY = Kind("harbor.answer-cut-off")  # an answer that does not end, or is cut off
ROUTE = Kind("harbor.misrouted")  # answered by somebody else: the portal's page, another host
STATUS = Kind("harbor.error-status")  # answered, with an error status
CONTENT = Kind("harbor.unexpected-answer")  # answered, but not understood
NO_TLS = Kind("harbor.no-tls", TLS)  # asked for https, where no TLS is spoken
PLAIN_TO_TLS = Kind("harbor.plain-to-tls", TLS)  # asked in plain HTTP, where TLS is spoken
STAGES = (RESOLVE, CONNECT, TLS, CERTIFICATE, ANSWER, BODY, ROUTE, STATUS, CONTENT)


class Interrupted(BaseException):
    """The engine, or a person, wants us to stop. What was begun is taken back while this passes; `notes` tell of it.

    `known` are the readings of what is known so far, if anything is.
    """

    def __init__(self, number: int, doing: str) -> None:
        super().__init__(number)
        self.number = number
        self.doing = doing
        self.notes: Sequence[str] = ()
        self.known: Any = None


#: What this host can run out of, which says nothing about Harbor.
SCARCE = {errno.EMFILE: "file descriptors", errno.ENFILE: "file descriptors", errno.ENOMEM: "memory"}
#: How libraries say that memory is short.
NO_MEMORY = ("malloc failure", "failed to map segment", "cannot allocate memory")
#: How OpenSSL says that a part of its own failed: for want of memory, or for odd data. Which one, the memory tells.
NO_MEMORY_OR_ODD = "asn1 lib"
SPARE = 8 << 20  # bytes


class Starved(Exception):
    """The monitoring host lacks something that a probe cannot do without; the text names it."""


def lack(error: BaseException) -> str:
    """What this host has run out of, by an error of the interpreter or the system; "" where it says no such thing."""
    if isinstance(error, Starved):
        return str(error)
    said = str(error).lower()
    if isinstance(error, MemoryError) or any(words in said for words in NO_MEMORY):
        return "memory"
    if NO_MEMORY_OR_ODD in said and not has_memory():
        return "memory"
    return SCARCE.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def has_memory() -> bool:
    """Whether this process can have some more of it."""
    try:
        bytearray(SPARE)
    except MemoryError:
        return False
    return True


def starve(error: BaseException) -> None:
    """Raise Starved where an error is about this host; do nothing for any other."""
    if lack(error):
        raise Starved(lack(error)) from None


class Unusable(Exception):
    """A file or value given to a plugin that cannot be used; the text says which and why, and holds no secret."""


class Failure(Exception):
    """A request that did not end as it should; never changed, `but` makes another one.

    `detail` is one line for the person on call (no reprs, no secrets), `aside` what can be left out where that is too
    long. `path` and `login` say what was asked and whether it carried credentials; `status` is the HTTP status (0: none
    came), `hung` means that time ran out, after `waited` seconds, `late` that others had taken most of it; `step` is
    the probe that owns this step of the registry's wire ("": none in particular). Isolation decides by these whose
    failure it is. `by_core`: core gave the answer, as its X-Request-Id says; that chooses words and decides nothing.
    `state` and `next_step` replace those of the kind.
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
        """The same but for these attributes."""
        return Failure(**{**vars(self), **changes}).with_traceback(self.__traceback__)

    @property
    def stage(self) -> Kind:
        """Where on the way it failed, as one of STAGES."""
        return self.kind.stage

    @property
    def unreachable(self) -> bool:
        """Harbor did not answer as a server should, as opposed to: it answered, and this could not be judged."""
        return self.status >= 500 if self.stage is STATUS else self.stage is not CONTENT
