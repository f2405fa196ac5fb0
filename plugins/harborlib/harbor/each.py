"""Reads something about each of many items, in as little time as Harbor should be asked to spend on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from harborlib.text import words
from harborlib.wire import deadline
from harborlib.wire.failure import Failure

from .pages import RESERVE, TIME_RAN_OUT
from .refusals import is_of_one

MOST_ASKED = 5_000  # items about which one probe sends a request each
MOST_FAILED = 8  # of those items, before any was answered: then the problem is not one of single items
AT_ONCE = 4  # parallel requests; more would put a load of their own on Harbor
IN_TURN = 1.0  # seconds; requests that take less together come one after the other, over one connection
T = TypeVar("T")


class Each(Iterable[tuple[T, Any]]):
    """One request for each of many items, as long as there is time: pairs of item and answer.

    A few are in parallel if the rest would otherwise take longer than IN_TURN. `ask` is called with an item, and what
    it raises is raised. But if it can concern single items, and others are answered, it is recorded in `failed` by the
    `name` of the item. `unseen` says how far it came when time ran out, or at more than MOST_ASKED items; else "".
    """

    def __init__(self, items: Sequence[T], ask: Callable[[T], Any], noun: str, name: Callable[[T], str] = str) -> None:
        self.unseen = ""
        self.failed: dict[str, Failure] = {}
        self._answered = False
        self._name = name
        self._items = items
        self._ask = ask
        self._noun = noun

    def __iter__(self) -> Iterator[tuple[T, Any]]:
        end = min(len(self._items), MOST_ASKED)
        seen, at_once = 0, 1
        while seen < end:
            begun = time.monotonic()
            few = self._items[seen : min(seen + at_once, end)]
            for item, answer in zip(few, self._answers(few)):
                if isinstance(answer, Failure) and is_of_one(answer):
                    self.failed[self._name(item)] = answer
                elif isinstance(answer, Exception):
                    raise named(self._name(item), answer) if isinstance(answer, Failure) else answer
                else:
                    self._answered = True
                    yield item, answer
            seen, took = seen + len(few), time.monotonic() - begun
            at_once = AT_ONCE if took * (end - seen) > IN_TURN else at_once
            time_is_over = seen < end and deadline.remaining() < RESERVE + 1.5 * took
            if time_is_over or seen == end or len(self.failed) >= MOST_FAILED:
                self._confirm()
            if time_is_over:
                self.unseen = self._only(seen, TIME_RAN_OUT)
                return
        if end < len(self._items):
            self.unseen = self._only(end, "more are too many")

    def _answers(self, items: Sequence[T]) -> list[Any]:
        """What is known about each of these, or the exception."""
        if len(items) > 1:
            return deadline.side_by_side([partial(self._ask, item) for item in items])
        try:
            return [self._ask(items[0])]
        except Exception as error:  # the caller decides whether it concerns this item alone
            return [error]

    def _confirm(self) -> None:
        """Raise the first Failure if nothing was answered."""
        if self.failed and not self._answered:
            raise named(*next(iter(self.failed.items())))

    def _only(self, seen: int, reason: str) -> str:
        return f"only {seen} of {words.number(len(self._items), self._noun)} checked: {reason}"


def named(name: str, failure: Failure) -> Failure:
    """A copy of the failure that names the item among many."""
    return failure.but(detail=f"{name}: {failure.detail}")
