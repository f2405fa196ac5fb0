"""One run of one probe: its requests and notes so far, and what it must clean up."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from harborlib.text.words import number
from harborlib.wire import deadline
from harborlib.wire.failure import CERTIFICATE, CONTENT, Failure
from harborlib.wire.request import ANSWER_LIMIT, Answer, Request

from .client import Client
from .rest import Rest

LITTLE = 2.0  # seconds; a request that had more than this and got no answer counts as hung
SHARE = 1 / 6  # of the time limit: the same, if the limit is short
SLOWNESS = "check the load of the Harbor host and its database, or raise -t"
IGNORED_CERTIFICATE = "ignored an invalid certificate (harbor-certificate reports it)"


class Run:
    """What a probe measures with: `client` sends requests, `args` are the options, `rest` reads the API.

    `notes` are remarks for the output. `asked`: a request was made, `asked_once`: one that must never be repeated;
    `answers` is their number, `spent` the seconds that they took together; `slowest` is the one that took longest,
    without its body. `undo` is what must still be cleaned up, however the run ends: what it is, and how. `so_far` makes
    the readings known so far when the run is stopped, or is None.
    """

    def __init__(self, client: Client, args: argparse.Namespace, whole: Run | None = None) -> None:
        """`whole` is the run that this one belongs to: it ends with it."""
        self.client = client
        self.args = args
        self.whole = whole
        self.notes: list[str] = ["certificate not verified (--insecure)"] if args.insecure else []
        self.undo: MutableMapping[str, Callable[[], object]] = {}
        self.so_far: Callable[[], Any] = lambda: None
        self.asked = False
        self.asked_once = False
        self.answers = 0
        self.spent = 0.0
        self.slowest: Answer | None = None
        self._over = False
        self._rest: Rest | None = None

    @property
    def rest(self) -> Rest:
        """The API, read with the account; raises Unusable if there is none."""
        self._rest = self._rest or Rest(self)
        return self._rest

    @property
    def elapsed(self) -> float | None:
        """Seconds that all answers of `rest` took together; None if it was not used."""
        return self._rest.elapsed if self._rest else None

    @property
    def over(self) -> bool:
        """Whether nothing new is started."""
        return self._over or bool(self.whole and self.whole.over)

    def end(self) -> None:
        """From now on nothing new is started."""
        self._over = True

    def note(self, remark: str) -> None:
        """Add a note to the output, once."""
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
        """GET a path, whatever the status; raises Failure if no complete answer of at most `size` bytes arrives."""
        sent = {"Accept": "application/json", **(headers or {})}
        if login and self.client.account:
            sent["Authorization"] = self.client.account.header
        return self.send(Request("GET", path, sent, limit=limit, size=size))

    def send(self, request: Request) -> Answer:
        """Send any request, whatever the status; raises Failure if no complete answer arrives.

        With --isolate an invalid certificate belongs to the certificate probe: a request without credentials then
        ignores it, so that a second cause is not hidden, and a note says so.
        """
        self.asked = True
        self.asked_once = self.asked_once or request.once
        try:
            answer = self.client.send(request)
        except Failure as failure:
            if failure.hung:
                raise self.in_time(failure) from None
            ours = request.origin in (None, self.client.origin) and not failure.login
            if failure.stage is not CERTIFICATE or not ours or "certificate" not in (self.args.isolate or ()):
                raise
            self.note(IGNORED_CERTIFICATE)
            answer = self.client.send(request, verify=False)
        self.answers += 1
        self.spent += answer.elapsed
        if self.slowest is None or answer.elapsed > self.slowest.elapsed:
            self.slowest = answer._replace(body=b"")
        return answer

    def in_time(self, failure: Failure) -> Failure:
        """The failure; a hang that had only the rest of our own time is marked as late: it proves nothing about Harbor.

        Other answers have used the time, or this host has.
        """
        enough = min(LITTLE, max(self.spent, self.args.timeout * SHARE))
        known = failure.late or failure.stage is CONTENT  # nothing was asked yet
        if not failure.hung or known or failure.waited > enough:
            return failure
        path = failure.path.partition("?")[0] or "the connection"
        left = f"{failure.waited:.1f} s were left for {path}"
        if not self.answers:
            return failure.but(detail=f"time ran out on this host: only {left}", late=True, next_step=deadline.BUSY)
        detail = f"time ran out: {number(self.answers, 'answer')} took {self.spent:.2g} s, {left}"
        return failure.but(detail=detail, late=True, next_step=SLOWNESS)
