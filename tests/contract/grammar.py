"""What every plugin may print (the contract), as a parser that accepts nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.runner import Outcome

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
LIMIT = 4096  # bytes of the whole output
JSON_LIMIT = 65536  # the same as JSON
LINE = 120  # characters of the first line after "HARBOR NAME STATE - "

HEAD = re.compile(rf"HARBOR (?P<probe>[A-Z0-9_]+) (?P<state>{'|'.join(STATES)}) - (?P<text>\S.*)")
NUMBER = r"-?\d+(?:\.\d+)?"
LABEL = re.compile(r"\w+|'(?!.*::)[^'=|\\]+'", re.ASCII)  # two colons are a prefix to Icinga 2
RANGE = rf"@?(?:(?:~|{NUMBER}):)?(?:{NUMBER})?"
VALUE = re.compile(rf"({NUMBER})(s|B|c|%)?(?:;({RANGE})?(?:;({RANGE})?(?:;({NUMBER})?(?:;({NUMBER})?)?)?)?)?")
SCHEMA = {
    "schema": int, "plugin": str, "version": str, "state": str, "exit_code": int, "summary": str, "parts": list,
    "metrics": list, "notes": list, "cause": (dict, type(None)), "next_step": str, "left_out": dict,
}  # fmt: skip
PART = {"id": str, "state": str, "subject": str, "text": str, "values": dict, "next_step": str}
ID = re.compile(r"[a-z0-9_-]+(\.[a-z0-9-]+)?")
METRIC = {
    "name": str, "value": (int, float), "uom": str, "warn": str, "crit": str,
    "min": (int, float, type(None)), "max": (int, float, type(None)),
}  # fmt: skip


@dataclass
class Printed:
    """The parts of an output; `perfdata` by label, each value as (number, unit, warn, crit, min, max)."""

    probe: str
    state: str
    text: str
    perfdata: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    @property
    def cause(self) -> str:
        """The text without what triage says first: what people cannot do."""
        return self.text.removeprefix("Harbor cannot be reached from here: ")

    @property
    def next_step(self) -> str:
        return self.lines[-1][len("Next: ") :] if self.lines and self.lines[-1].startswith("Next: ") else ""


def checked(outcome: Outcome, traceback: bool = False) -> Printed:
    """The output of a run that judged something, which must keep to the grammar; AssertionError where it does not.

    `traceback`: there may be one, as at -vvv.
    """
    assert outcome.err == ""
    assert outcome.code in range(4), f"exit code {outcome.code}"
    assert "internal error" not in outcome.out, "a fault of our own"
    printed = parse(outcome.out, traceback)
    assert printed.state == STATES[outcome.code], f"{printed.state}, but exit code {outcome.code}"
    return printed


def parse(out: str, traceback: bool = False) -> Printed:
    """Text for an engine; AssertionError names the rule that it breaks."""
    assert len(out.encode()) <= LIMIT, f"{len(out)} bytes"
    assert out.endswith("\n"), "no newline at the end"
    assert traceback or "Traceback (most recent call last)" not in out
    first, *lines = out[:-1].split("\n")
    for line in (first, *lines):
        assert line.strip(), "an empty line"
        assert traceback or line.strip() == line, f"blanks at an end: {line!r}"
        assert re.fullmatch(r"[ -~]*", line), f"not printable ASCII: {line!r}"
    assert out.count("|") <= 1, "more than one |"
    assert not any("|" in line for line in lines), "a | below the first line"
    head, bar, values = first.partition(" | ")
    assert "|" not in head, "a | without blanks around it"
    match = HEAD.fullmatch(head)
    assert match, f"not a first line: {head!r}"
    assert len(match["text"]) <= LINE, f"a first line of {len(match['text'])} characters"
    printed = Printed(match["probe"], match["state"], match["text"], perfdata(values) if bar else {}, lines)
    assert printed.state == "OK" or printed.next_step, "no next step on the last line"
    return printed


def perfdata(text: str) -> dict[str, tuple[str, ...]]:
    """Perfdata; AssertionError names what is wrong with it."""
    found: dict[str, tuple[str, ...]] = {}
    position = 0
    while position < len(text):
        label = LABEL.match(text, position)
        assert label, f"not a label: {text[position:]!r}"
        name = label[0].strip("'")
        assert text[label.end()] == "=", f"no = after {label[0]}"
        end = text.find(" ", label.end()) if " " in text[label.end() :] else len(text)
        value = VALUE.fullmatch(text, label.end() + 1, end)
        assert value, f"not a value: {text[label.end() + 1 : end]!r}"
        assert name not in found, f"two values named {name}"
        found[name] = tuple(group or "" for group in value.groups())
        position = end + 1
    assert found, "a | and no perfdata"
    return found


def checked_json(outcome: Outcome) -> dict[str, Any]:
    """The same for --output json: one object on one line, of the documented fields and types alone."""
    assert outcome.err == ""
    assert outcome.out.isascii()
    assert outcome.out.count("\n") == 1, "not one line"
    assert len(outcome.out) <= JSON_LIMIT, f"{len(outcome.out)} bytes"
    assert outcome.out.endswith("\n")
    report: dict[str, Any] = json.loads(outcome.out, parse_constant=lambda name: refuse(f"{name} is not JSON"))
    conforms(report, SCHEMA)
    assert report["schema"] == 2
    assert report["state"] == STATES[report["exit_code"]]
    assert report["exit_code"] == outcome.code
    for metric in report["metrics"]:
        conforms(metric, METRIC)
    names = [metric["name"] for metric in report["metrics"]]
    assert len(names) == len(set(names)), f"metrics of the same name: {names}"
    for part in report["parts"]:
        conforms(part, PART)
        assert part["state"] in STATES
        assert part["state"] == "OK" or ID.fullmatch(part["id"]), f"a problem without an id: {part}"
        assert set(part["values"]) <= {"value", "unit", "limit"}
    assert all(isinstance(note, str) for note in report["notes"])
    conforms(report["left_out"], {"parts": int, "metrics": int, "notes": int})
    if report["cause"]:
        conforms(report["cause"], {"owner": str, "see": str, "because": str})
    assert (report["state"] == "OK") == (report["next_step"] == "")
    for text in texts(report):
        assert re.fullmatch(r"[ -{}~]*", text), f"not printable ASCII, or with a |: {text!r}"
    return report


def refuse(reason: str) -> None:
    raise AssertionError(reason)


def conforms(value: Mapping[str, object], fields: Mapping[str, Any]) -> None:
    """The object has these fields, of these types, and no others."""
    assert list(value) == list(fields)
    for name, kind in fields.items():
        assert isinstance(value[name], kind), f"{name} is {value[name]!r}"
        assert not isinstance(value[name], bool), f"{name} is {value[name]!r}"


def texts(value: object) -> list[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in texts(item)]
