#!/usr/bin/env python3
"""Does the default scanner answer, and is its vulnerability database fresh?

Reads the scanners from /api/v2.0/scanners, and lets Harbor ask the default one for its metadata
(/api/v2.0/scanners/UUID/metadata).

States:
  OK        the default scanner answers, and its database is recent enough, or it does not report the age (the line says
            so)
  WARNING   no scanner is the default, or it is disabled: nothing is scanned; its database is old (-w)
  CRITICAL  it does not answer Harbor; its database is very old (-c)
  UNKNOWN   usage error, no credentials, a missing permission, an unexpected answer; with --isolate: another probe
            reports the cause, named in the line (trivy, database, the credentials)

Perfdata:
  age   seconds since the publisher last updated the database, as the scanner reports it
  time  seconds that the answers took

Permissions: scanner:list and scanner:read, at the system level. Harbor: 2.0 or newer; robot accounts can hold these
permissions from 2.9 on.

Does not see: whether scans succeed (check_harbor_scan); scanners of single projects. Harbor caches a scanner's answer
for half a minute.
"""

import harbor_preloaded

from collections.abc import Generator

from harborlib.harbor import Run, endpoints
from harborlib.harbor.fields import Fields
from harborlib.judge import Limit, NotRead, Problem, Reading, Readings, Shown, each_row
from harborlib.run import Probe, Service, plugin
from harborlib.text import CRITICAL, SECONDS, WARNING, words
from harborlib.wire import Failure

UPDATED = "harbor.scanner-adapter/vulnerability-database-updated-at"
CHOOSE = "choose a default scanner in the web UI (Interrogation Services > Scanners)"
REACH = "run {look:trivy}, or check the scanner at that address"
UPDATE = "run {logs:trivy}, to see whether the scanner can download its database (proxy, rate limit, disk)"

no_default = Problem("scanner.no-default", WARNING, CHOOSE)
disabled = Problem("scanner.disabled", WARNING, CHOOSE)
no_answer = Problem("scanner.no-answer", CRITICAL, REACH)
database_age = Limit("scanner.database-too-old", "age", SECONDS, "the vulnerability database is {value} old",
                     "48h", "7d", help="age of the vulnerability database", next_step=UPDATE)  # fmt: skip
not_read = NotRead("scanner.not-read")
time = Shown("time", SECONDS)


def measure(run: Run) -> Readings:
    """The default scanner and what it reports about itself."""
    unread: dict[str, Failure] = {}
    rows = run.rest.whole(endpoints.SCANNERS, noun="scanner")
    found: list[Fields] = []  # only what is needed: a list can be long

    def keep(row: Fields) -> None:
        if row.flag("is_default") and not found:
            found.append(row)

    each_row(rows, keep, unread, "scanner")
    default = found[0] if found else None
    yield from not_read.readings(unread)
    text = ""
    if default is None:
        yield no_default("no default scanner is set: nothing is scanned")
    else:
        name = default.name("name")
        if default.flag("disabled"):
            yield disabled(f"the default scanner {name} is disabled: nothing is scanned")
        text = yield from metadata(run, default.name("uuid"), f"{name} at {default.name('url')}")
    yield time(round(run.rest.elapsed, 3))
    return text


def metadata(run: Run, uuid: str, name: str) -> Generator[Reading, None, str]:
    """Whether it answers, and the age of its database."""
    try:
        found = run.rest.get(endpoints.SCANNER_METADATA, uuid)
    except Failure as failure:
        in_front = failure.status in (502, 503) and not failure.by_core  # core itself does not answer
        if in_front or (failure.status < 500 and not failure.hung):
            raise
        why = "no answer in time" if failure.hung else failure.status
        yield no_answer(f"Harbor cannot use {name} ({why})")
        return ""
    updated = found.inner("properties").moment(UPDATED)
    if updated is None:
        return f"{name} answers, but does not report the age of its vulnerability database"
    age = max(0.0, run.rest.now - updated)
    yield database_age(round(age))
    return f"{name} answers, its vulnerability database is {words.span(age)} old"


main = plugin.main(Probe(
    __name__,
    measure,
    [no_default, disabled, no_answer, database_age, not_read, time],
    asks=[endpoints.SCANNERS, endpoints.SCANNER_METADATA],
    services=[
        Service(every="10min", attempts=2, retry="90s", login="robot", hosts=("robot_authfile", "scanner"),
                notes="The default scanner does not answer or its database is old. "
                "Look at the log of trivy and whether it can download its database.")
    ],
))  # fmt: skip
