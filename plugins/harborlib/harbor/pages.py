"""Lists that Harbor splits into pages: how far they were read, and whether Harbor showed what it announced."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harborlib.text import words
from harborlib.wire import deadline
from harborlib.wire.failure import CONTENT, Failure, Kind
from harborlib.wire.request import Answer

from .endpoints import Endpoint
from .fields import Fields
from .refusals import is_of_one

if TYPE_CHECKING:
    from .rest import Rest

PAGE_SIZE = 100  # Harbor refuses larger pages
SMALL_PAGE = 10  # used when a hundred rows hold more values than the endpoint's limit, or when Harbor refuses them
MOST_REFUSED = 10  # rows that Harbor may refuse one by one; beyond that it refuses the list as a whole
MOST_REFUSED_FIRST = 3  # the same limit before any row was shown
MOST_ROWS = 50_000  # in all lists that one probe reads completely; more would fill the memory
ROW_REFUSED = (404, 500)  # Harbor's answers for a page with a row that has a dangling reference or cannot be decrypted
TOLERANCE = 20  # one row in this many announced rows may disappear before its page is read
CUT_SHORT = Kind("harbor.list-cut-short", CONTENT)  # Harbor shows fewer rows than it announces
TIME_RAN_OUT = "time ran out"
RESERVE = 0.5  # seconds of a probe's time that are kept free when a list is long


class Pages:
    """The rows of one list, read during iteration.

    `total` is the number of rows if Harbor reports it, `seen` how many were read. At the end the list is `complete`, or
    its limit was reached, or `cut` says why reading stopped, or Harbor showed fewer rows than it announced (`confirm`).
    Rows are created and deleted meanwhile: one announced row may be missing, or one in TOLERANCE if the list took
    several pages, but not all of them.

    A single row with a dangling reference makes Harbor refuse its whole page. A long list is then read in smaller
    pages, down to the single row, which is recorded in `failed` under its position in the list.
    """

    def __init__(
        self,
        rest: Rest,
        endpoint: Endpoint,
        parts: tuple[object, ...],
        query: dict[str, Any],
        limit: int | None,
        noun: str,
    ) -> None:
        self.total: int | None = None
        self.seen = 0
        self.complete = False
        self.cut = ""
        self._refused: list[tuple[int, Failure]] = []
        self._rest = rest
        self._endpoint = endpoint
        self._parts = parts
        self._noun = noun
        self._query = dict(query)
        self._size: int = self._query.pop("page_size", PAGE_SIZE)
        self._wanted = limit * self._size if limit else math.inf
        self._is_long = limit != 1
        self._more = True
        self._short: tuple[Answer, int] | None = None

    def __iter__(self) -> Iterator[Fields]:
        passed = 0  # rows before this page
        while not self.cut:
            page = passed // self._size + 1
            query = {"page": page, "page_size": self._size, **self._query}
            try:
                answer = self._rest.answer(self._endpoint, *self._parts, **query)
            except Failure as failure:
                passed += self._narrowed(failure, passed)
                continue
            if answer.crowd > self._endpoint.limits.values and self._size > SMALL_PAGE:
                self._size = SMALL_PAGE
                continue
            rows = Fields.rows_of(answer, self._size, self._endpoint.limits.values)
            answer = answer._replace(body=b"")
            self._take(answer, len(rows), page)
            yield from rows
            passed += self._size
            if not self._more or passed >= self._wanted:
                return
            self._widen(passed)
            self.cut = self._reason_to_stop(answer.elapsed)

    def _narrowed(self, failure: Failure, passed: int) -> int:
        """Ask for fewer rows after a refused page; if it was a single row, record it and skip it: returns 1.

        Raises the failure if it is not about single rows.
        """
        if not self._is_long or not is_of_one(failure) or failure.status not in ROW_REFUSED:
            raise failure
        if self._size > 1:
            self._size = SMALL_PAGE if self._size > SMALL_PAGE else 1
            return 0
        self._refused.append((passed, failure))
        if len(self._refused) >= (MOST_REFUSED if self.seen else MOST_REFUSED_FIRST):
            raise failure
        self._widen(passed + 1)
        self.cut = self._reason_to_stop(0)
        return 1

    def _widen(self, passed: int) -> None:
        """Return to larger pages when one can start here."""
        if self._size == 1 and passed % SMALL_PAGE == 0:
            self._size = SMALL_PAGE

    @property
    def failed(self) -> dict[str, Failure]:
        """The rows that Harbor refused, by their position in the list."""
        known = self.total or "more"
        return {f"{self._noun} {place + 1} of {known} in Harbor's list": failure for place, failure in self._refused}

    def _take(self, answer: Answer, rows: int, page: int) -> None:
        """Record how many rows a page had, and what it says about further ones."""
        announced, linked = total(answer), 'rel="next"' in answer.headers.get("Link", "")
        if self._is_long:
            self._rest.count(rows)
        self.seen += rows
        if announced is not None:
            self.total = max(self.total or 0, announced, self.seen)
        self._more = bool(rows) and (linked or self.seen + len(self._refused) < (announced or 0))
        if not self._more or page * self._size >= self._wanted:
            self._judge(answer, several=page > 1, promised=not rows and (linked or (self.total is None and page > 1)))
        self.complete = not (self._more or self._short or self._refused)

    def _judge(self, answer: Answer, several: bool, promised: bool) -> None:
        """Record at the end of the list (or at its limit) whether rows are missing.

        `promised`: a link led to this place or leads on from it, and there is no row.
        """
        announced = min(self.total or 0, self._wanted)
        seen = self.seen + len(self._refused)
        tolerated = max(1, announced // TOLERANCE if several else 0) if seen else 0
        if promised or announced - seen > tolerated:
            self._short = answer, 0 if promised else int(announced)

    def _reason_to_stop(self, elapsed: float) -> str:
        """Why no further page is read after one that took this many seconds; or ""."""
        if deadline.remaining() < RESERVE + 1.5 * elapsed:
            return TIME_RAN_OUT
        if self._is_long and self._rest.rows_read >= MOST_ROWS:
            return f"more than {MOST_ROWS} rows are too many"
        return ""

    @property
    def missing(self) -> bool:
        """Whether Harbor showed fewer rows than it announced."""
        return self._short is not None

    @property
    def unseen(self) -> str:
        """How far the list was read, and why reading stopped; "" if it was not cut."""
        return f"only {self} {words.plural(self._noun)} checked: {self.cut}" if self.cut else ""

    def confirm(self) -> None:
        """Raise a Failure if Harbor showed fewer rows than it announced: unseen rows cannot count as OK."""
        if self._short:
            answer, announced = self._short
            raise cut_short(answer, self._noun, announced, self.seen)

    def __str__(self) -> str:
        """How far the list was read: `100 of 10000`."""
        return f"{self.seen} of {self.total or 'more'}"


def total(answer: Answer) -> int | None:
    """The number of all rows, from X-Total-Count; None if Harbor does not report it."""
    text = answer.headers.get("X-Total-Count", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise answer.unexpected("X-Total-Count is no number")
    return int(text)


def cut_short(answer: Answer, noun: str, announced: int, seen: int) -> Failure:
    """The Failure for a list in which Harbor showed fewer rows than it `announced` (0: it only announced more)."""
    text = f"{words.number(announced, noun)} but shows {seen}"
    more = f"more than the {words.number(seen, noun)} that it showed"
    return answer.fail(CUT_SHORT, f"Harbor announces {text if announced else more} (GET {answer.path})")
