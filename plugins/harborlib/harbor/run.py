"""One run of one probe: what it asked and noted so far, and what it must take back."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from harborlib.text.words import number
from harborlib.wire.failure import CERTIFICATE, Failure
from harborlib.wire.request import ANSWER_LIMIT, Answer, Request

from .client import Client
from .rest import Rest

LITTLE = 2.0  # seconds; who had more of them and did not answer hangs
SLOWNESS = "look at the load of the Harbor host and its database, or raise -t"
LOOKED_PAST = "looked past a certificate that does not verify"


class Run:
    """What a probe measures with: `client` asks, `args` are the options, `rest` reads the API with the account.

    `notes` are remarks for the output. `asked`: a request was made; `answers` came, which took `spent` seconds all
    together; `slowest` is the one that took longest, without its body. `undo` is what must still be taken back, however
    the run ends: what it is, and how. `so_far` makes the readings of what is known where the run is told to stop, or
    None.
    """

    def __init__(self, client: Client, args: argparse.Namespace, whole: Run | None = None) -> None:
        """`whole` is the run that this one is a part of: it ends with it."""
        self.client = client
        self.args = args
        self.whole = whole
        self.notes: list[str] = ["certificate not verified (--insecure)"] if args.insecure else []
        self.undo: MutableMapping[str, Callable[[], object]] = {}
        self.so_far: Callable[[], Any] = lambda: None
        self.asked = False
        self.answers = 0
        self.spent = 0.0
        self.slowest: Answer | None = None
        self._over = False
        self._rest: Rest | None = None

    @property
    def rest(self) -> Rest:
        """The API, read with the account; raises Unusable where there is none."""
        self._rest = self._rest or Rest(self)
        return self._rest

    @property
    def elapsed(self) -> float | None:
        """Seconds that the answers of `rest` took, all together; None where it was not used."""
        return self._rest.elapsed if self._rest else None

    @property
    def over(self) -> bool:
        """Nothing is begun any more."""
        return self._over or bool(self.whole and self.whole.over)

    def end(self) -> None:
        """From now on nothing is begun any more."""
        self._over = True

    def note(self, remark: str) -> None:
        """Add a remark to the output, once."""
        if remark not in self.notes:
            self.notes.append(remark)

    def ask(
        self,
        path: str,
        *,
        login: bool = False,
        headers: Mapping[str, str] | None = None,
        limit: float | None = None,
        size: int = ANSWER_LIMIT,
    ) -> Answer:
        """GET a path, whatever status comes back; raises Failure when no whole answer of at most `size` bytes does."""
        sent = {"Accept": "application/json", **(headers or {})}
        if login and self.client.account:
            sent["Authorization"] = self.client.account.header
        return self.send(Request("GET", path, sent, limit=limit, size=size))

    def send(self, request: Request) -> Answer:
        """Any request, whatever status comes back; raises Failure when no whole answer does.

        With --isolate a certificate that does not verify belongs to the certificate probe: a request without
        credentials then looks past it, so that a second cause is not hidden, and a note says so.
        """
        self.asked = True
        try:
            answer = self.client.send(request)
        except Failure as failure:
            if failure.hung:
                raise self._late(failure) from None
            ours = request.origin in (None, self.client.origin) and not failure.login
            if failure.stage is not CERTIFICATE or not ours or "certificate" not in (self.args.isolate or ()):
                raise
            self.note(LOOKED_PAST)
            answer = self.client.send(request, verify=False)
        self.answers += 1
        self.spent += answer.elapsed
        if self.slowest is None or answer.elapsed > self.slowest.elapsed:
            self.slowest = answer._replace(body=b"")
        return answer

    def _late(self, failure: Failure) -> Failure:
        """A hang, told as what it is where others took the time that it would have needed: nothing is known of it."""
        if failure.waited > min(LITTLE, self.spent):
            return failure
        detail = f"time ran out: {number(self.answers, 'answer')} took {self.spent:.2g} s, "
        detail += f"{failure.waited:.1f} s were left for {failure.path.partition('?')[0]}"
        return failure.but(detail=detail, late=True, next_step=SLOWNESS)
