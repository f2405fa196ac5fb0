"""A finding: what a probe reports about one item, as data. Only this package turns it into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .cleaning import clean
from .states import OK, UNKNOWN


class Cause(NamedTuple):
    """The root cause of a problem: the owning probe or component, the evidence, and the service that reports it."""

    owner: str
    because: str
    see: str


class Finding(NamedTuple):
    """One observation.

    `id` is stable (`queue.waiting`): scripts match on it, and it is the place in the runbook. `subject` names the item
    among many (a queue, a project, a policy). `text` says what was seen, `limit` which threshold was violated. `aside`
    is left out first if a line is too long. `values` are the numbers behind the text. `cause` is set if the reason is
    known, `follows` if another service reports that reason. `next_step` says what to do.
    """

    id: str
    state: str
    text: str
    subject: str = ""
    limit: str = ""
    aside: str = ""
    values: Mapping[str, object] = {}
    cause: Cause | None = None
    follows: bool = False
    next_step: str = ""

    def owned_by(self, cause: Cause) -> Finding:
        """A copy as another service's problem: UNKNOWN, and the line ends with that service's name."""
        step = f"look at {cause.see} first: this follows from it"
        return self._replace(state=UNKNOWN, cause=cause, follows=True, next_step=step)

    def cleaned(self) -> Finding:
        """A copy whose texts are safe wherever they are shown: some come from a server."""
        cause = self.cause and self.cause._replace(because=clean(self.cause.because))
        return self._replace(
            text=clean(self.text), subject=clean(self.subject), limit=clean(self.limit), aside=clean(self.aside),
            next_step=clean(self.next_step), cause=cause,
        )  # fmt: skip

    def sentence(self, aside: bool = True) -> str:
        """The finding in one sentence, without its owner; `aside=False` to save space."""
        return "".join([
            f"{self.subject}: " if self.subject else "",
            self.text,
            f" ({self.limit})" if self.limit else "",
            f" ({self.aside})" if self.aside and aside else "",
            "" if self.follows else self.reason,
        ])  # fmt: skip

    @property
    def reason(self) -> str:
        """The reason, if it is known."""
        return f", {self.cause.because}" if self.cause else ""

    @property
    def pointer(self) -> str:
        """The reference to the owner's service, or "". Engines look for it at the end of the line."""
        return f" (see {self.cause.see})" if self.cause and self.follows else ""

    @property
    def is_problem(self) -> bool:
        """Whether the state is anything but OK."""
        return self.state != OK

    def __str__(self) -> str:
        return self.sentence() + (self.reason + self.pointer if self.follows else "")
