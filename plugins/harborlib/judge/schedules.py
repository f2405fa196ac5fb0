"""When Harbor should start something on its own."""

from __future__ import annotations

from typing import NamedTuple

from harborlib.harbor.fields import Fields
from harborlib.wire.failure import CONTENT, Failure

from . import cron


class Schedule(NamedTuple):
    """A cron expression, and since when it is set, in seconds since 1970.

    `since` None: unknown, but no later than the oldest execution.
    """

    text: str
    since: float | None = None

    @classmethod
    def of_system_job(cls, found: Fields | None) -> Schedule | None:
        """From the answer of a schedule endpoint; None if nothing is scheduled."""
        text = found.inner("schedule").name("cron") if found else ""
        return cls(text, found.moment("update_time")) if found and text else None

    def __str__(self) -> str:
        return self._words or f"{self.text} UTC"

    @property
    def phrase(self) -> str:
        """When it fires, for a sentence: `scheduled daily at 01:00 UTC`."""
        return f"scheduled {self._words}" if self._words else "custom schedule"

    @property
    def _words(self) -> str:
        try:
            return str(cron.parse_cron(self.text))
        except ValueError:
            return ""

    def due(self, since: float, until: float) -> float | None:
        """The last time in between at which it should have fired, all in seconds since 1970; None if there was none.

        Raises Failure (content).
        """
        try:
            fired = cron.parse_cron(self.text).previous(until)
        except ValueError as error:
            raise Failure(CONTENT, f"unexpected schedule: {error}") from None
        return fired if fired is not None and fired > since else None
