"""A certificate's life on both engines: who is notified on which day, and once."""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from harbor_simulator import Simulator
from harbor_simulator.certificates import root
from harbor_simulator.issuing import DAY, HALF_DAY, Identity, issue, now

from .engine import Engine, Harbor
from .resident import Resident

pytestmark = pytest.mark.timeout(300)

CERTIFICATE = "harbor-certificate"
REMINDERS = [f"{CERTIFICATE}-reminder-{which}" for which in ("first", "second", "third")]
ONE_YEAR, NINETY = 365 * DAY, 90 * DAY
RENEWED = 80  # days left after the renewal


@dataclass(frozen=True)
class Life:
    """A certificate of this lifetime, watched from some day on; `told` is what must reach people, by days left."""

    name: str
    lifetime: datetime.timedelta
    from_day: int
    told: dict[int, str]
    acknowledged: bool = False


WARNING, CRITICAL, RECOVERY = f"{CERTIFICATE} WARNING", f"{CERTIFICATE} CRITICAL", f"{CERTIFICATE} OK"
FIRST, SECOND, THIRD = f"{REMINDERS[0]} WARNING", f"{REMINDERS[1]} CRITICAL", f"{REMINDERS[2]} CRITICAL"
LIVES = (
    Life("one-year", ONE_YEAR, 33, {29: WARNING, 13: FIRST, 6: CRITICAL, 2: SECOND, 0: THIRD, RENEWED: RECOVERY}),
    Life("ninety-days", NINETY, 33, {22: WARNING, 12: FIRST, 6: CRITICAL, 2: SECOND, 0: THIRD, RENEWED: RECOVERY}),
    Life("watched-late", ONE_YEAR, 2, {2: CRITICAL, 0: THIRD, RENEWED: RECOVERY}),
    Life("watched-late-in-the-first", ONE_YEAR, 10, {10: WARNING, 6: CRITICAL, 2: SECOND, 0: THIRD, RENEWED: RECOVERY}),
    # Once acknowledged, the problem itself is silent, the reminders are not.
    Life("acknowledged", ONE_YEAR, 33, {29: WARNING, 13: FIRST, 2: SECOND, 0: THIRD, RENEWED: RECOVERY}, True),
)
DAYS = [33, 30, 29, 23, 22, 15, 14, 13, 12, 10, 7, 6, 3, 2, 1, 0, -1, RENEWED]


def shown(lifetime: datetime.timedelta, days_left: int) -> Identity:
    """What the server shows on that day, at noon."""
    end = now() + days_left * DAY + HALF_DAY
    leaf = issue("localhost", issuer=root(), not_before=end - lifetime, not_after=end)
    return Identity(leaf.key, (leaf.certificate,))


@pytest.fixture(scope="module")
def told(kind: type[Engine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[int, str]]]:
    """For each life by its name: the notifications of each day."""
    folder = tmp_path_factory.mktemp(kind.name)
    with contextlib.ExitStack() as stack:
        simulators = {life.name: stack.enter_context(Simulator()) for life in LIVES}
        hosts = [
            Harbor(name, simulator.url, options={"": {"--ca-file": simulator.ca_file}})
            for name, simulator in simulators.items()
        ]
        resident = stack.enter_context(Resident(folder / "days"))
        engine = stack.enter_context(kind(folder / "engine", resident.install(folder / "plugins"), hosts))
        told: dict[str, dict[int, str]] = {life.name: {} for life in LIVES}
        for day in DAYS:
            resident.turn(day)
            for host, said in live(day, engine, simulators).items():
                told[host][day] = said
        yield told


def live(day: int, engine: Engine, simulators: dict[str, Simulator]) -> dict[str, str]:
    """Let all certificates live for a day, reminders first; the notifications of each."""
    watched = [life for life in LIVES if life.from_day >= day or day == RENEWED]
    for life in watched:
        simulators[life.name].certificate = shown(life.lifetime, day)
    reminders = [(life.name, service) for life in watched for service in REMINDERS]
    read = len(engine.pages())
    engine.run(reminders, pace=0.02)
    engine.run([(life.name, CERTIFICATE) for life in watched], pace=0.02)
    for _ in range(2):  # the further attempts
        engine.run([check for check in reminders if engine.last[check].state != 0], pace=0.02)
    time.sleep(engine.delayed if day == RENEWED else engine.written)  # a recovery after an acknowledgement is late
    pages = engine.pages()[read:]
    for life in watched:
        if life.acknowledged and any(page[:3] == ("PROBLEM", life.name, CERTIFICATE) for page in pages):
            engine.acknowledge(life.name, CERTIFICATE)
    return {
        life.name: ", ".join(f"{page.service} {page.state}" for page in pages if page.host == life.name)
        for life in watched
        if any(page.host == life.name for page in pages)
    }


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_one_page_on_each_day_that_counts(told: dict[str, dict[int, str]], life: Life) -> None:
    assert told[life.name] == life.told
