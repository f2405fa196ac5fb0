"""Items that could not be read while others could: each is a finding, and the rest is judged."""

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
    """One item among many that could not be read.

    An item that Harbor itself refuses, while it shows others, is broken in Harbor: WARNING, and `next_step` says how to
    repair it. An unexpected answer, or one that this account may not see, could not be judged: UNKNOWN.
    """

    def __init__(self, id: str, next_step: str = "") -> None:  # noqa: A002
        super().__init__(id, WARNING, next_step, isolation.ERROR)

    def readings(self, failed: Mapping[str, Failure], of: str = "") -> Iterator[Reading]:
        """A reading for each of them, by its name; `of` is what they belong to."""
        for name, failure in failed.items():
            text = failure.detail + (f" ({failure.aside})" if failure.aside else "")
            refused = failure.stage is STATUS and failure.kind is not PERMISSION_MISSING
            state = WARNING if refused else UNKNOWN
            step = self.next_step if refused else failure.next_step or components.NEXT_STEPS[CONTENT]
            yield self(f"{name}: {text}" if of else text, of or name, state, step)


def each_row(
    rows: Iterable[Fields],
    make: Callable[[Fields], T],
    failed: MutableMapping[str, Failure],
    noun: str = "row",
    takes: Callable[[str], bool] = lambda name: True,
) -> list[T]:
    """The result of `make` for each row; the reason why it fails is recorded in `failed`, by the row's name or number.

    A row that fails is ignored if the selection (`takes`) does not include it. Raises the first Failure if no row is
    left, or if the failure does not concern that row.
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
    failed.update({name: failure for name, failure in unread.items() if takes(name)})
    return found
