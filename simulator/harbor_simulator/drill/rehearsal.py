"""The drill itself: break, wait for the page, see who else is paged, repair, wait for the recovery."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from .engine import Engine, LostError, Page, Service, UnusableError
from .failures import OWNERS, Failure

POLL = 0.5  # seconds
RELOAD = 60.0  # seconds that a reload of the engine may take
SLACK = 60.0  # seconds beyond the engine's own intervals: a probe that waits for its time-out, and a busy engine


@dataclass
class Row:
    """What came of one failure; `missing` says what is known of the owner if it did not page or recover."""

    failure: Failure
    began: float = 0.0
    pages: list[Page] = field(default_factory=list)
    missing: str = ""
    skipped: str = ""
    finished: bool = False

    def of(self, kind: str) -> list[Page]:
        """The owner's pages of a kind."""
        return [page for page in self.pages if page.kind == kind and page.service == self.failure.service]

    def strays(self) -> list[str]:
        """Whatever else was sent: from other services, or again to the same person."""
        counts = Counter((page.kind, page.service, page.who, page.via) for page in self.pages)
        found = [f"{service} {kind}" for kind, service, _, _ in counts if service != self.failure.service]
        found += [f"{service} {kind} again" for (kind, service, _, _), count in counts.items() if count > 1]
        return list(dict.fromkeys(found))

    @property
    def right(self) -> bool:
        """Whether the owner paged and recovered, and nobody else did."""
        return self.finished and not self.strays() and bool(self.of("PROBLEM")) and bool(self.of("RECOVERY"))

    @property
    def wrong(self) -> bool:
        """Whether something is known to be wrong, even if the row was not finished."""
        return bool(self.missing or self.strays()) or (self.finished and not self.right)


class Rehearsal:
    """Drills on one engine: `change` breaks the simulator as a failure says, or repairs it (None).

    `wait` for a page and `hold` replace the seconds that follow from the engine's own intervals; `say` shows progress.
    """

    def __init__(
        self,
        engine: Engine,
        change: Callable[[Failure | None], None],
        wait: float | None,
        hold: float | None,
        say: Callable[[str], None],
    ) -> None:
        self._engine, self._change, self._say = engine, change, say
        self._wait, self._hold = wait, hold
        self.rows: list[Row] = []

    def run(self, failures: Collection[Failure]) -> None:
        """One failure after the other; raises UnusableError, and `rows` has what is known until then."""
        there = self._engine.services()
        if not OWNERS & there.keys():
            raise UnusableError("the host has no services of check_harbor: does it use the definitions?")
        muted = [f"{s.name}: {s.muted}" for s in there.values() if s.name in OWNERS and s.muted]
        if muted:
            raise UnusableError(f"nobody would be notified: {', '.join(muted)}")
        for failure in failures:
            row = Row(failure)
            self.rows.append(row)
            if failure.service not in there:
                row.skipped = f"this host has no {failure.service}"
                continue
            try:
                self._drill(row)
            except LostError as problem:  # pages may be missing: drill the row again
                self._resume(problem)
                self.rows[-1] = row = Row(failure)
                self._drill(row)

    def _resume(self, problem: LostError) -> None:
        """Listen again after a reload of the engine; raises the last LostError if that takes too long."""
        self._say(f"{problem}: trying again")
        end = time.monotonic() + RELOAD
        while True:
            try:
                return self._engine.start()
            except LostError:
                if time.monotonic() > end:
                    raise
            time.sleep(POLL)

    @staticmethod
    def _longest(services: Collection[Service]) -> float:
        return max((service.limit(SLACK) for service in services), default=SLACK)

    def _owners(self) -> list[Service]:
        return [service for service in self._engine.services().values() if service.name in OWNERS]

    def _calm(self) -> None:
        """Wait until every service that can own a failure is OK, and what it sent is read."""
        limit = self._longest(self._owners()) * 2  # after its start Nagios takes its time for the first checks
        self._say(f"waiting until all services are OK (at most {limit:.0f} s)")
        if not self._until(lambda: all(service.fine for service in self._owners()), limit):
            others = ", ".join(service.shown() for service in self._owners() if not service.fine)
            raise UnusableError(f"without any failure, after {limit:.0f} s: {others}")
        time.sleep(self._engine.lag)  # the recoveries of the last failure can be read only then

    def _drill(self, row: Row) -> None:
        self._calm()
        owner = row.failure.service
        seen = len(self._engine.pages())
        limit = self._engine.services()[owner].limit(SLACK) if self._wait is None else self._wait
        row.began = time.time()
        try:
            self._change(row.failure)
            self._say(f"{row.failure.name}: broken, {owner} must page within {limit:.0f} s")
            if self._until(lambda: bool(self._read(row, seen).of("PROBLEM")), limit + self._engine.lag):
                self._say(f"{row.failure.name}: {owner} has paged")
                self._watch(row, seen)
            else:
                row.missing = f"no page within {limit:.0f} s, {self._engine.services()[owner].shown()}"
        finally:
            self._change(None)
        self._recover(row, seen)
        self._read(row, seen)
        row.finished = True

    def _watch(self, row: Row, seen: int) -> None:
        """Keep the failure until every other service could have paged too."""
        others = {service.name for service in self._owners()} - {row.failure.service}
        hold = self._longest(self._owners()) if self._hold is None else self._hold

        def settled() -> bool:
            return all(s.checked > row.began and (s.hard or s.state == 0) for s in self._owners() if s.name in others)

        self._until(settled, hold)
        self._read(row, seen)

    def _recover(self, row: Row, seen: int) -> None:
        limit = self._longest(self._owners())
        paged = {page.service for page in row.pages if page.kind == "PROBLEM"}

        def recovered() -> bool:
            return paged <= {page.service for page in self._read(row, seen).pages if page.kind == "RECOVERY"}

        self._say(f"{row.failure.name}: repaired, waiting for the recovery (at most {limit:.0f} s)")
        if not self._until(recovered, limit + self._engine.lag) and not row.missing:
            row.missing = f"no RECOVERY within {limit:.0f} s, {self._engine.services()[row.failure.service].shown()}"

    def _read(self, row: Row, seen: int) -> Row:
        row.pages = self._engine.pages()[seen:]
        return row

    @staticmethod
    def _until(true: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                return False
            time.sleep(POLL)  # the engines tell nobody
        return True
