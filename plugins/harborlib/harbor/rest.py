"""Reads Harbor's REST API with an account: a refusal names what is missing, a list says how far it was read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harborlib.wire.failure import CONTENT, STATUS, Failure, Unusable
from harborlib.wire.request import SMALL, Answer, Request

from . import endpoints
from .each import named
from .endpoints import EVERY, Endpoint
from .fields import Fields
from .pages import TIME_RAN_OUT, Pages, cut_short, total
from .refusals import (
    ABSENT,
    LOGIN_REFUSED,
    NEEDED,
    NOT_SET_UP,
    PERMISSION_MISSING,
    TOO_OLD,
    first_error,
    good,
    in_front,
    refused_in_front,
    said,
)

if TYPE_CHECKING:
    from .run import Run

SANE_CLOCK = (10**9, 10**10)  # seconds since 1970: a Date before 2001 or after 2286 is no clock
WHOLE_LIST = "find the rows that refer to it in Harbor's database, and repair or delete them"
#: What /systeminfo shows only to a logged-in account: the clock since Harbor 2.5, the address since 2.0.
ONLY_FOR_LOGINS = ("current_time", "registry_url")
#: The level of a robot account on which a permission is given.
WHERE = {
    endpoints.SYSTEM: "at the system level",
    endpoints.PROJECT: "in the project (on Harbor 2.9 with a robot of its own: system permissions override them)",
}


class Rest:
    """The API as the monitoring robot reads it.

    `now` is the server's clock at the most recent answer, in seconds since 1970. Ages are judged by it, whatever the
    clock of the monitoring host says. `elapsed` is the time of all answers together, in seconds; `rows_read` counts
    those of long lists.
    """

    def __init__(self, run: Run) -> None:
        """Raises Unusable if there are no credentials."""
        if not run.client.account:
            raise Unusable(NEEDED)
        self.run = run
        self.account = run.client.account
        self.now = time.time()
        self.elapsed = 0.0
        self.rows_read = 0
        self._known = False
        self._lock = threading.Lock()

    def get(self, endpoint: Endpoint, *parts: object, **query: object) -> Fields:
        """The object at this endpoint; raises Failure."""
        return Fields.of(self.answer(endpoint, *parts, **query), endpoint.limits.values)

    def find(self, endpoint: Endpoint, *parts: object, **query: object) -> Fields | None:
        """The object at this endpoint; None for a 200 without a body, Harbor's answer if nothing is scheduled."""
        answer = self.answer(endpoint, *parts, **query)
        return Fields.of(answer, endpoint.limits.values) if answer.body.strip() else None

    def rows(self, endpoint: Endpoint, *parts: object, noun: str = "row", **query: object) -> list[Fields]:
        """The list of objects there, if Harbor does not split it into pages; `noun` is the word for one of them."""
        answer = self.answer(endpoint, *parts, **query)
        rows = Fields.rows_of(answer, endpoint.limits.rows, endpoint.limits.values)
        if len(rows) < (total(answer) or 0):
            raise cut_short(answer, noun, total(answer) or 0, len(rows))
        return rows

    def pages(
        self, endpoint: Endpoint, *parts: object, limit: int | None = None, noun: str = "row", **query: object
    ) -> Pages:
        """The rows of a long list, read during iteration; at most `limit` pages, and only while time is left."""
        return Pages(self, endpoint, parts, query, limit, noun)

    def first_page(self, endpoint: Endpoint, *parts: object, **query: Any) -> list[Fields]:
        """The first page of a long list; raises Failure if it shows fewer rows than are announced."""
        pages = self.pages(endpoint, *parts, limit=1, **query)
        rows = list(pages)
        pages.confirm()
        return rows

    def whole(self, endpoint: Endpoint, *parts: object, **query: Any) -> Iterator[Fields]:
        """Every row of a long list that is useless in part; raises Failure at the end if some were not seen."""
        pages = self.pages(endpoint, *parts, **query)
        yield from pages
        pages.confirm()
        for name, failure in pages.failed.items():
            raise named(name, failure)
        if pages.cut:
            path, hung = endpoint.at(*parts), pages.cut == TIME_RAN_OUT
            step = "raise -t, or split the selection across several services"
            raise Failure(CONTENT, f"{pages.unseen} (GET {path})", hung=hung, path=path, login=True, next_step=step)

    def answer(self, endpoint: Endpoint, *parts: object, **query: object) -> Answer:
        """The answer with status 200; else raises Failure that explains the refusal."""
        if endpoint.open and not self._known:
            self.systeminfo()
        answer = self._noted(self.run.ask(endpoint.at(*parts, **query), login=True, size=endpoint.limits.size))
        return self._good(endpoint, answer._replace(path=endpoint.at(*parts)))

    def post(self, endpoint: Endpoint, value: object, limit: float | None = None) -> Answer:
        """POST a JSON value in `limit` seconds: Harbor's answer of any status; Failure if the account may not."""
        sent = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": self.account.header}
        data = json.dumps(value).encode()
        request = Request("POST", endpoint.at(), sent, data, limit=limit, size=endpoint.limits.size)
        answer = self._noted(self.run.send(request))
        refused = answer.status in (401, 403) and not in_read_only_mode(answer)
        return self._good(endpoint, answer) if refused or not (answer.status < 400 or first_error(answer)) else answer

    def systeminfo(self) -> Fields:
        """Harbor's information about itself for a known account; raises Failure if the credentials are refused."""
        answer = self._noted(logged_in(self.run))
        self._known = True
        return Fields.of(answer)

    def count(self, rows: int) -> None:
        """Count rows of long lists that were read."""
        with self._lock:
            self.rows_read += rows

    def _noted(self, answer: Answer) -> Answer:
        """The answer, after its time and its clock were recorded."""
        with self._lock:
            self.elapsed += answer.elapsed
            date, (first, last) = answer.date, SANE_CLOCK
            self.now = date if first < date < last else time.time()
        return answer

    def _good(self, endpoint: Endpoint, answer: Answer) -> Answer:
        """The answer, if its status is 200; else raises Failure that explains the refusal for this endpoint."""
        if answer.status == 200:
            return answer
        message, where = said(answer), f"({answer.status} for {answer.path})"
        if in_front(answer) and (answer.status == 403 or (answer.status == 404 and endpoint.since == EVERY)):
            raise refused_in_front(answer, answer.path)
        if answer.status == 403:
            step = f"grant the robot account {endpoint.permission} {WHERE[endpoint.level]}, "
            step += f"possible since Harbor {endpoint.robots}"
            text = f"the account lacks the permission {endpoint.permission} {where}"
            raise answer.fail(PERMISSION_MISSING, text, next_step=step)
        if answer.status == 400 and message:
            raise answer.fail(STATUS, f"{message} {where}")
        if answer.status == 404 and message and not message.startswith("path ") and "{}" not in endpoint.path:
            detail = f"Harbor refuses the whole list because of one row: {message} {where}"
            raise answer.fail(ABSENT, detail, next_step=WHOLE_LIST)
        if answer.status == 404 and message and not message.startswith("path "):
            step = "compare the names in the command with Harbor's: a robot account does not see other projects"
            raise answer.fail(ABSENT, f"{message} {where}", next_step=step)
        if answer.status == 404:
            step = "update Harbor if it is older, or remove this service from the host"
            step += "; if it is not older, check the routes of the ingress" if in_front(answer) else ""
            detail = f"404 for {answer.path}, which needs Harbor {endpoint.since} or newer"
            raise answer.fail(TOO_OLD, detail, next_step=step)
        if answer.status == 412:
            step = "set it up, or remove this service from the host"
            detail = f"not set up in this Harbor: {message or 'no reason given'} {where}"
            raise answer.fail(NOT_SET_UP, detail, next_step=step)
        return good(answer)


def in_read_only_mode(answer: Answer) -> bool:
    """Whether a change is refused because of Harbor's read-only mode, and not because of a missing permission."""
    return answer.status == 403 and "read only mode" in said(answer)


def logged_in(run: Run) -> Answer:
    """/systeminfo as answered to an account; raises Failure if Harbor silently treats us as anonymous instead."""
    answer = good(run.ask(endpoints.SYSTEMINFO.at(), login=True, size=SMALL))
    info = answer.json()
    if not isinstance(info, dict) or not any(name in info for name in ONLY_FOR_LOGINS):
        raise answer.fail(LOGIN_REFUSED, "login refused (/systeminfo treats it as anonymous)")
    return answer
