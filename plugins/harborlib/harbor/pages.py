"""Lists that Harbor cuts into pages: how far they were read, and whether Harbor showed what it announced."""

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

PAGE_SIZE = 100  # Harbor refuses more
SMALL_PAGE = 10  # where a hundred rows hold more values than the endpoint's limit, or Harbor refuses them
MOST_REFUSED = 10  # rows that Harbor refuses one by one; with more it refuses the list
MOST_REFUSED_FIRST = 3  # the same before any row was shown
MOST_ROWS = 50_000  # of all lists that one probe reads to their end; more would fill the memory
ROW_REFUSED = (404, 500)  # as Harbor answers for a page with a row that points to nothing, or cannot be decrypted
TOLERANCE = 20  # of so many rows that are announced one may be gone before its page is read
CUT_SHORT = Kind("harbor.list-cut-short", CONTENT)  # Harbor shows fewer rows than it announces
TIME_RAN_OUT = "time ran out"
RESERVE = 0.5  # seconds of a probe's time that stay free when a list is long


class Pages:
    """The rows of one list, read while one iterates.

    `total` is how many there are, as far as Harbor tells, `seen` how many were read. Then the list is `complete`, or
    its limit was reached, or `cut` says why it was not read further, or Harbor showed fewer rows than it announced
    (`confirm`). Rows come and go meanwhile: of those that were announced one may be missing, or one in TOLERANCE where
    it took several pages, but not all of them.

    One row that points to nothing makes Harbor refuse its whole page: a long list is then read in smaller ones, down to
    the single row, which is kept in `failed` under its place in the list.
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
        """Ask for fewer rows after a refused page; a single row is noted, and passed over: 1.

        Raises the failure where it is none of single rows.
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
        """Go back to larger pages where one can begin."""
        if self._size == 1 and passed % SMALL_PAGE == 0:
            self._size = SMALL_PAGE

    @property
    def failed(self) -> dict[str, Failure]:
        """The rows that Harbor refused, by their place in the list."""
        known = self.total or "more"
        return {f"{self._noun} {place + 1} of {known} in Harbor's list": failure for place, failure in self._refused}

    def _take(self, answer: Answer, rows: int, page: int) -> None:
        """Note how many rows came with a page, and what it says of others."""
        told, linked = total(answer), 'rel="next"' in answer.headers.get("Link", "")
        if self._is_long:
            self._rest.count(rows)
        self.seen += rows
        if told is not None:
            self.total = max(self.total or 0, told, self.seen)
        self._more = bool(rows) and (linked or self.seen + len(self._refused) < (told or 0))
        if not self._more or page * self._size >= self._wanted:
            self._judge(answer, several=page > 1, promised=not rows and (linked or (self.total is None and page > 1)))
        self.complete = not (self._more or self._short or self._refused)

    def _judge(self, answer: Answer, several: bool, promised: bool) -> None:
        """Note at the end of the list (or at its limit) whether rows are missing.

        `promised`: there is no row where a link led, or from where one leads on.
        """
        announced = min(self.total or 0, self._wanted)
        seen = self.seen + len(self._refused)
        tolerated = max(1, announced // TOLERANCE if several else 0) if seen else 0
        if promised or announced - seen > tolerated:
            self._short = answer, 0 if promised else int(announced)

    def _reason_to_stop(self, elapsed: float) -> str:
        """Why no further page is read, after one that took so many seconds; or ""."""
        if deadline.remaining() < RESERVE + 1.5 * elapsed:
            return TIME_RAN_OUT
        if self._is_long and self._rest.rows_read >= MOST_ROWS:
            return f"more than {MOST_ROWS} rows are too many"
        return ""

    @property
    def missing(self) -> bool:
        """Whether Harbor showed less than it announced."""
        return self._short is not None

    @property
    def unseen(self) -> str:
        """How far the list was read, and why no further; "" where nothing cut it."""
        return f"only {self} {words.plural(self._noun)} looked at: {self.cut}" if self.cut else ""

    def confirm(self) -> None:
        """Raise a Failure where Harbor showed less than it announced: what was not seen cannot be fine."""
        if self._short:
            answer, announced = self._short
            raise cut_short(answer, self._noun, announced, self.seen)

    def __str__(self) -> str:
        """How far the list was read: `100 of 10000`."""
        return f"{self.seen} of {self.total or 'more'}"


def total(answer: Answer) -> int | None:
    """How many rows there are in all, by X-Total-Count; None where Harbor does not tell."""
    text = answer.headers.get("X-Total-Count", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise answer.unexpected("X-Total-Count is no number")
    return int(text)


def cut_short(answer: Answer, noun: str, announced: int, seen: int) -> Failure:
    """What to raise for a list of which Harbor showed less than it `announced` (0: that there are more)."""
    text = f"{words.number(announced, noun)} and showed {seen}"
    more = f"more than the {words.number(seen, noun)} that it showed"
    return answer.fail(CUT_SHORT, f"Harbor announces {text if announced else more} (GET {answer.path})")
