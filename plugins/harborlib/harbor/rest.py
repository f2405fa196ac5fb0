"""Reading Harbor's REST API with a login: every refusal says what is missing, every list says how far it was read."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from harborlib.text import words
from harborlib.wire import deadline
from harborlib.wire.failure import CONTENT, Failure, Unusable
from harborlib.wire.request import Answer, Request

from . import endpoints
from .endpoints import Endpoint
from .fields import Fields
from .refusals import ABSENT, LOGIN_REFUSED, NEEDED, NOT_SET_UP, PERMISSION_MISSING, TOO_OLD, good

if TYPE_CHECKING:
    from .run import Run

PAGE_SIZE = 100  # Harbor refuses more
RESERVE = 0.5  # seconds of a probe's time that stay free when a list is long
A_SANE_CLOCK = 10**9  # 2001: a Date before that is no clock
AT_ONCE = 4  # questions side by side; more would be a load of its own for Harbor
T = TypeVar("T")
#: On which level of a robot account a right is given.
WHERE = {
    endpoints.SYSTEM: "on system level",
    endpoints.PROJECT: "in the project (on Harbor 2.9 a robot of its own: system rights take away those in projects)",
}


class Rest:
    """The API as the monitoring robot reads it.

    `now` is the server's clock at the newest answer, in seconds since 1970: ages are judged by it, whatever the clock
    of the monitoring host says. `elapsed` is the time of all answers together, in seconds.
    """

    def __init__(self, run: Run) -> None:
        """Raises Unusable where there is no login."""
        if not run.client.account:
            raise Unusable(NEEDED)
        self.run = run
        self.account = run.client.account
        self.now = time.time()
        self.elapsed = 0.0
        self._known = False
        self._lock = threading.Lock()

    def get(self, endpoint: Endpoint, *parts: object, **query: object) -> Fields:
        """The object there; raises Failure."""
        return Fields.of(self.answer(endpoint, *parts, **query))

    def find(self, endpoint: Endpoint, *parts: object, **query: object) -> Fields | None:
        """The object there; None for a 200 without a body, which is how Harbor says that nothing is scheduled."""
        answer = self.answer(endpoint, *parts, **query)
        return Fields.of(answer) if answer.body.strip() else None

    def rows(self, endpoint: Endpoint, *parts: object, **query: object) -> list[Fields]:
        """The list of objects there, where Harbor does not cut it into pages."""
        return Fields.rows_of(self.answer(endpoint, *parts, **query))

    def pages(self, endpoint: Endpoint, *parts: object, limit: int | None = None, **query: object) -> Pages:
        """The rows of a long list, read while one iterates; at most `limit` pages, and no longer than there is time."""
        return Pages(self, endpoint, parts, query, limit)

    def answer(self, endpoint: Endpoint, *parts: object, **query: object) -> Answer:
        """The answer with status 200; raises Failure that says what each refusal means."""
        if endpoint.open and not self._known:
            self.systeminfo()
        answer = self._noted(self.run.ask(endpoint.at(*parts, **query), login=True))
        return self._good(endpoint, answer._replace(path=endpoint.at(*parts)))

    def post(self, endpoint: Endpoint, value: object, limit: float | None = None) -> Answer:
        """POST a JSON value: the answer, whatever its status; raises Failure where the login may not do that.

        `limit` are the seconds that it may take.
        """
        sent = {"Accept": "application/json", "Content-Type": "application/json"}
        sent["Authorization"] = self.account.header
        request = Request("POST", endpoint.at(), sent, json.dumps(value).encode(), limit=limit)
        answer = self._noted(self.run.send(request))
        refused = answer.status in (401, 403) and not in_read_only_mode(answer)
        return self._good(endpoint, answer) if refused else answer

    def systeminfo(self) -> Fields:
        """What Harbor says of itself to whom it knows; raises Failure where the login is not taken."""
        answer = self._noted(logged_in(self.run))
        self._known = True
        return Fields.of(answer)

    def _noted(self, answer: Answer) -> Answer:
        """The answer, its time and its clock taken down."""
        with self._lock:
            self.elapsed += answer.elapsed
            self.now = answer.date if answer.date > A_SANE_CLOCK else time.time()
        return answer

    def _good(self, endpoint: Endpoint, answer: Answer) -> Answer:
        """The answer, if its status is 200; raises Failure that says what a refusal of this endpoint means."""
        if answer.status == 200:
            return answer
        told, where = said(answer), f"({answer.status} for {answer.path})"
        if answer.status == 403:
            step = f"give its robot account {endpoint.right} {WHERE[endpoint.level]}; "
            step += f"robots can hold it from Harbor {endpoint.robots} on"
            raise answer.fail(PERMISSION_MISSING, f"the login lacks the right {endpoint.right} {where}", next_step=step)
        if answer.status == 404 and told and not told.startswith("path "):
            step = "compare the names in the command with Harbor's; projects of others are hidden from a robot"
            raise answer.fail(ABSENT, f"{told} {where}", next_step=step)
        if answer.status == 404:
            step = "is this Harbor older? update it, or take this service off the host"
            detail = f"404 for {answer.path}, which came with Harbor {endpoint.since}"
            raise answer.fail(TOO_OLD, detail, next_step=step)
        if answer.status == 412:
            step = "set it up, or take this service off the host"
            detail = f"not set up in this Harbor: {told or 'no reason given'} {where}"
            raise answer.fail(NOT_SET_UP, detail, next_step=step)
        return good(answer)


class Pages:
    """The rows of one list. `total` is how many there are, as far as Harbor tells; `seen` is how many were read.

    `late`: time ran out before the end.
    """

    def __init__(
        self, rest: Rest, endpoint: Endpoint, parts: tuple[object, ...], query: dict[str, Any], limit: int | None
    ) -> None:
        self.total: int | None = None
        self.seen = 0
        self.late = False
        self.complete = False
        self._rest = rest
        self._endpoint = endpoint
        self._parts = parts
        self._query = {"page_size": PAGE_SIZE, **query}
        self._limit = limit or math.inf

    def __iter__(self) -> Iterator[Fields]:
        page = 1
        while page <= self._limit and not self.complete:
            answer = self._rest.answer(self._endpoint, *self._parts, page=page, **self._query)
            rows = Fields.rows_of(answer)
            self.seen += len(rows)
            self.total = total(answer, self.seen)
            more = 'rel="next"' in answer.headers.get("Link", "") if self.total is None else self.seen < self.total
            self.complete = not rows or not more
            yield from rows
            page += 1
            self.late = not self.complete and deadline.remaining() < RESERVE + 1.5 * answer.elapsed
            if self.late:
                return

    def __str__(self) -> str:
        """How far the list was read: `100 of 10000`."""
        return f"{self.seen} of {self.total or 'more'}"


class Each(Iterable[tuple[T, Any]]):
    """One question for each of many things, a few side by side, as long as there is time: pairs of thing and answer.

    `ask` is called with a thing; what it raises is raised. `unseen` says how far it came when time ran out, else "".
    """

    def __init__(self, things: Sequence[T], ask: Callable[[T], Any], noun: str) -> None:
        self.unseen = ""
        self._things = things
        self._ask = ask
        self._noun = noun

    def __iter__(self) -> Iterator[tuple[T, Any]]:
        for start in range(0, len(self._things), AT_ONCE):
            begun = time.monotonic()
            few = self._things[start : start + AT_ONCE]
            for thing, answer in zip(few, deadline.side_by_side([partial(self._ask, thing) for thing in few])):
                if isinstance(answer, Exception):
                    raise answer
                yield thing, answer
            seen = start + len(few)
            if seen < len(self._things) and deadline.remaining() < RESERVE + 1.5 * (time.monotonic() - begun):
                self.unseen = f"only {seen} of {words.number(len(self._things), self._noun)} looked at: time ran out"
                return


def total(answer: Answer, seen: int) -> int | None:
    """How many rows there are in all, by X-Total-Count; None where Harbor does not tell."""
    text = answer.headers.get("X-Total-Count", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise answer.fail(CONTENT, f"the answer to GET {answer.path} is not understood: X-Total-Count is no number")
    return max(int(text), seen)


def in_read_only_mode(answer: Answer) -> bool:
    """Whether a change is refused because of Harbor's read-only mode, and not for want of a right."""
    return answer.status == 403 and "read only mode" in said(answer)


def said(answer: Answer) -> str:
    """What Harbor says in an error: `{"errors":[{"code","message"}]}`; "" where it is not Harbor's."""
    try:
        errors = Fields.of(answer).rows("errors")
        return errors[0].text("message") if errors else ""
    except Failure:
        return ""


def logged_in(run: Run) -> Answer:
    """/systeminfo as answered to an account; raises Failure where Harbor silently makes a stranger of us instead."""
    answer = good(run.ask(endpoints.SYSTEMINFO.at(), login=True))
    info = answer.json()
    if not isinstance(info, dict) or "current_time" not in info:
        raise answer.fail(LOGIN_REFUSED, "login refused (/systeminfo answers as if anonymous)")
    return answer
