"""Those of many that could not be read while others could: they are findings of their own, and the rest is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import TypeVar

from harborlib.harbor import components
from harborlib.harbor.fields import Fields
from harborlib.harbor.refusals import PERMISSION_MISSING, is_of_one
from harborlib.text.states import UNKNOWN, WARNING
from harborlib.wire.failure import CONTENT, STATUS, Failure

from . import isolation
from .readings import Problem, Reading

T = TypeVar("T")


class NotRead(Problem):
    """One of many that could not be read.

    What Harbor itself refuses, while it shows others, is broken there: WARNING, and `next_step` says how to mend it.
    What is not understood, or not for this account, could not be judged: UNKNOWN.
    """

    def __init__(self, id: str, next_step: str = "") -> None:  # noqa: A002
        super().__init__(id, WARNING, next_step, isolation.ERROR)

    def readings(self, failed: Mapping[str, Failure], of: str = "") -> Iterator[Reading]:
        """A reading for each of them, by its name; `of` is what they are a part of."""
        for name, failure in failed.items():
            text = failure.detail + (f" ({failure.aside})" if failure.aside else "")
            refused = failure.stage is STATUS and failure.kind is not PERMISSION_MISSING
            state = WARNING if refused else UNKNOWN
            step = self.next_step if refused else failure.next_step or components.NEXT_STEPS[CONTENT]
            yield self(f"{name}: {text}" if of else text, of or name, state, step)


def each_row(
    rows: Iterable[Fields], make: Callable[[Fields], T], failed: MutableMapping[str, Failure], noun: str = "row"
) -> list[T]:
    """What `make` makes of each row; why it cannot is noted in `failed`, by the row's name or what number it has.

    Raises the first Failure where nothing is left, or where it is not about that row.
    """
    found: list[T] = []
    unread: dict[str, Failure] = {}
    for position, row in enumerate(rows, 1):
        try:
            found.append(make(row))
        except Failure as failure:
            if not is_of_one(failure):
                raise
            unread[row.called(noun) or f"{noun} {position} of the list"] = failure
    if unread and not found:
        raise next(iter(unread.values()))
    failed.update(unread)
    return found
