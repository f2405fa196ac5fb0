"""Odd values in the fields of recorded answers, and what the probes that read them make of it."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from harborlib.harbor import endpoints
from harborlib.harbor.endpoints import BASE, Endpoint

from harbor_simulator import Simulator
from support import runner
from support.planted import HEADERS
from support.replay import DIRECTORY, Recording, load

NUMBERS: tuple[Any, ...] = (
    -1, -2, 0, 1, 99, 2**31, 2**53, 2**62, 2**63 - 1, -(2**63), 2**63, 10**30,
    1e-320, 5e-324, -1e-320, -0.0, 0.5, 1.0, 1e19, 1e300,
)  # fmt: skip
MOMENTS = (
    "0001-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "9999-12-31T23:59:59.999999999-23:59",
    "2026-11-22T06:00:00+99:99", "2026-11-22T06:00:60Z", "2026-02-30T06:00:00Z", "2026-11-22", "",
)  # fmt: skip
TEXTS = (
    "", " ", "1", "-1", "0", "9" * 30, "9" * 5000, "x" * 100_000, "\ud800", "\x00|\n",
    "* * * * * *", "0 0 0 31 2 *", "*/59 */59 */23 31 12 6", "@yearly", "0,0,0 * * * * *", "9" * 100 + " * * * * *",
    '{"dry_run":1}', '{"freed_space":9223372036854775807}', '{"freed_space":1e-320}', '{"freed_space":-1}', "{}", "[]",
    "Success", "Running", "Pending", "Error", "Stopped", "Succeed", "Failed", "InProgress", "healthy", "SCHEDULE",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, False, [], {}, [[]], [{}], [None], {"": 0}, {"storage": 1e-320})
ALL = (*NUMBERS, *MOMENTS, *TEXTS, *OTHERS)
COUNTS = ("", "0", "1", "4", "7", "1e3", "-1", " 4 ", "9" * 400)
DATES = ("", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "x")


class Case(NamedTuple):
    """A probe, and a recorded answer that it reads."""

    probe: str
    path: str
    headers: dict[str, str]
    value: Any


def endpoints_of(recording: Recording) -> set[str]:
    """The names under which endpoints.py lists what was asked."""
    path = recording.target.partition("?")[0]
    found = set()
    for name, endpoint in vars(endpoints).items():
        if isinstance(endpoint, Endpoint):
            pattern = re.escape(BASE + endpoint.path).replace(r"\{\}", "[^/]+")
            if recording.method == "GET" and re.fullmatch(pattern, path):
                found.add(name)
    return found


def cases() -> list[Case]:
    """For each probe and each endpoint that it reads the longest answer that was recorded; for projects all probes."""
    asked = {probe: (runner.PLUGINS / f"{probe}.py").read_text() for probe in runner.NAMES}
    longest: dict[tuple[str, str], Recording] = {}
    for file in sorted(DIRECTORY.glob("*/*.http")):
        recording = load(file)
        if recording.answer.status != 200 or not recording.answer.body.startswith(("{", "[")):
            continue
        for name in endpoints_of(recording):
            for probe, text in asked.items():
                reads = re.search(rf"endpoints\.{name}\b", text) or (name == "PROJECTS" and "Projects(" in text)
                best = longest.get((probe, recording.target.partition("?")[0]))
                if reads and (best is None or len(best.answer.body) < len(recording.answer.body)):
                    longest[probe, recording.target.partition("?")[0]] = recording
    found = []
    for (probe, path), recording in longest.items():
        headers = {name: recording.answer.headers[name] for name in HEADERS if name in recording.answer.headers}
        found.append(Case(probe, path, headers, json.loads(recording.answer.body)))
    return [*found, *whole_harbor()]


def whole_harbor() -> Iterator[Case]:
    """What Harbor says of itself, to the probes that ask for it by other ways."""
    for probe, name, path in (
        ("api", "systeminfo.admin", "/systeminfo"),
        ("retention", "systeminfo.admin", "/systeminfo"),
        ("health", "health.anon", "/health"),
        ("component", "health.anon", "/health"),
    ):
        recording = load(DIRECTORY / "a1-healthy" / f"{name}.http")
        headers = {name: recording.answer.headers[name] for name in HEADERS if name in recording.answer.headers}
        yield Case(f"check_harbor_{probe}", BASE + path, headers, json.loads(recording.answer.body))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value with each of its keys or indices."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def alike(value: Any) -> tuple[Any, ...]:
    """Odd values of the same type."""
    if isinstance(value, str):
        return MOMENTS if re.match(r"\d{4}-\d\d-\d\dT", value) else TEXTS
    return NUMBERS if isinstance(value, int) and not isinstance(value, bool) else OTHERS


def twisted(case: Case, chance: random.Random) -> Case:
    """With one to three odd values in it, sometimes in its headers too."""
    value = copy.deepcopy(case.value)
    for _ in range(chance.choice((1, 1, 2, 3))):
        container, key = chance.choice(list(places(value)) or [([None], 0)])
        container[key] = copy.deepcopy(chance.choice(alike(container[key]) if chance.random() < 0.7 else ALL))
    if isinstance(value, list) and chance.random() < 0.1:
        value = chance.choice((value * 3, value[:0], [*value, chance.choice(ALL)]))
    headers = dict(case.headers)
    if chance.random() < 0.2:
        headers["X-Total-Count"] = chance.choice(COUNTS)
    if chance.random() < 0.2:
        headers["Date"] = chance.choice(DATES)
    return case._replace(value=value, headers=headers)


def run(case: Case, harbor: Simulator, authfile: str, *options: str) -> runner.Outcome:
    """The probe against a healthy Harbor that gives this answer."""
    harbor.reset()
    harbor.answer(case.path, headers={"Content-Type": "application/json", **case.headers}, body=json.dumps(case.value))
    common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "-t", "10"]
    return runner.here(case.probe, *common, *runner.NEEDED.get(case.probe, ()), *options)
