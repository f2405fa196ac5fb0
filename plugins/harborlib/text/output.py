"""What a plugin prints: one line that tells the story, details below it, perfdata, or the same as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import re
import traceback
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from harborlib import __version__
from harborlib.judge import judgement
from harborlib.judge.isolation import Cause
from harborlib.judge.judgement import Judged

from .units import label, plain

LINE = 120  # characters of the first line's text; engines show about this much
ASIDE = 400  # characters of a note and of the next step
LIMIT = 4096  # bytes of the whole output


class Part(NamedTuple):
    """One finding: its state (`OK`, `WARNING`, ...), a line of text, what to do; `follows` from another's failure."""

    state: str
    text: str
    next_step: str = ""
    follows: bool = False


class Measure(NamedTuple):
    """One value of the perfdata, in its base unit; thresholds as Nagios ranges, "" where there is none."""

    name: str
    value: float
    uom: str = ""
    warn: str = ""
    crit: str = ""
    min: float | None = None
    max: float | None = None

    def __str__(self) -> str:
        quoted = self.name if re.fullmatch(r"\w+", self.name) else f"'{self.name}'"
        limits = (
            self.warn,
            self.crit,
            *("" if value is None else plain(value) for value in (self.min, self.max)),
        )
        return f"{quoted}={plain(self.value)}{self.uom}" + f";{';'.join(limits)}".rstrip(";")


class Report(NamedTuple):
    """The outcome of a probe. `exit_code` is 0 to 3; `cause` is set when another probe owns the failure."""

    probe: str
    state: str
    exit_code: int
    summary: str
    parts: Sequence[Part] = ()
    measures: Sequence[Measure] = ()
    cause: Cause | None = None
    next_step: str = ""
    notes: tuple[str, ...] = ()
    error: Exception | None = None
    secrets: tuple[str, ...] = ()

    def nagios(self, verbose: int) -> str:
        """The text for a monitoring engine: first line and perfdata whole, details cut to fit 4 KiB."""
        told = self.clean("; ".join([self.summary, *self.notes]))
        inline = self.state == "OK" and len(told) <= LINE
        text = told if inline else self.clean(self.summary)
        head = f"HARBOR {self.probe.upper()} {self.state} - {shorten(text, LINE)}"
        details = [f"{part.state}: {self.clean(part.text)}" for part in self.parts if verbose or part.state != "OK"]
        shown = details if verbose or len(details) > 1 or len(text) > LINE else []
        notes = (f"Note: {shorten(self.clean(note), ASIDE)}" for note in self.notes)
        tail = [] if inline else fitting(notes, LIMIT // 2)
        tail += [f"Next: {shorten(self.clean(self.next_step), ASIDE)}"] if self.next_step and self.state != "OK" else []
        if verbose >= 3 and self.error:
            trace = traceback.format_exception(type(self.error), self.error, self.error.__traceback__)
            shown = shown + self.clean("".join(trace), keep_lines=True).splitlines()
        room = LIMIT - len(head) - sum(len(line) + 1 for line in tail) - len(" | \n...\n")
        perfdata = " ".join(fitting(map(str, self.labelled()), room))
        first = f"{head} | {perfdata}" if perfdata else head
        room = LIMIT - len(first) - sum(len(line) + 1 for line in tail) - len("\n...\n")
        kept = fitting(shown, room)
        more = ["..."] if len(kept) < len(shown) else []
        return "\n".join([first, *kept, *more, *tail]) + "\n"

    def json(self) -> str:
        """One JSON object on one line, as docs/json.md describes it."""
        cause = self.cause and {
            "owner": self.cause.owner,
            "see": self.cause.see,
            "because": self.clean(self.cause.because),
        }
        return (
            json.dumps(
                {
                    "schema": 1,
                    "plugin": f"check_harbor_{self.probe}",
                    "version": __version__,
                    "state": self.state,
                    "exit_code": self.exit_code,
                    "summary": self.clean(self.summary),
                    "parts": [
                        {
                            "state": part.state,
                            "text": self.clean(part.text),
                            "next_step": self.clean(part.next_step) if part.state != "OK" else "",
                        }
                        for part in self.parts
                    ],
                    "metrics": [measure._asdict() for measure in self.labelled()],
                    "notes": [self.clean(note) for note in self.notes],
                    "cause": cause,
                    "next_step": self.clean(self.next_step) if self.state != "OK" else "",
                },
                allow_nan=False,
            )
            + "\n"
        )

    def labelled(self) -> list[Measure]:
        """The measures under names that are clean and differ from each other: some come from Harbor."""
        found: dict[str, Measure] = {}
        times: dict[str, int] = {}
        for measure in self.measures:
            name = wanted = label(redacted(measure.name, self.secrets))
            while name in found:
                times[wanted] = times.get(wanted, 1) + 1
                name = f"{wanted}_{times[wanted]}"
            found[name] = measure._replace(name=name)
        return list(found.values())

    def clean(self, text: str, keep_lines: bool = False) -> str:
        """Text that is safe in an engine, a terminal and a ticket, whatever Harbor sent, and that holds no secret."""
        # Cut before the slow part, but not before the secrets are out: half a secret would not be found.
        return sanitised(redacted(text, self.secrets)[:LIMIT], keep_lines)


def parts(results: Iterable[Judged]) -> list[Part]:
    """What has something to say, each once: the worst first, otherwise in the order in which the probe found them."""
    found: dict[tuple[str, str], Part] = {}
    for result in sorted(results, key=lambda result: judgement.SEVERITY.index(result.state), reverse=True):
        part = Part(result.state.text.upper(), str(result), result.next_step, bool(result.cause))
        if part.text:
            found.setdefault((part.state, part.text), part)
    return list(found.values())


def measured(result: Judged) -> Measure | None:
    """The perfdata of a result, if its context has some."""
    performance = result.metric.performance() if result.metric else None
    if performance is None:
        return None
    _, value, uom, warn, crit, low, high = performance
    return Measure(result.metric.name, value, uom, warn, crit, None if low == "" else low, None if high == "" else high)


def write(text: str) -> None:
    """Write to stdout, past Python's own buffer: where nobody reads, the exit code must still tell the state."""
    data = text.encode("ascii", "backslashreplace")
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(1, data) :]


def fitting(items: Iterable[str], room: int) -> list[str]:
    """As many of the items, with a separator each, as there is room for."""
    kept = []
    for item in items:
        room -= len(item) + 1
        if room < 0:
            break
        kept.append(item)
    return kept


def sanitised(text: str, keep_lines: bool = False) -> str:
    """ASCII without control characters and without `|`, which begins the perfdata."""
    text = (text if keep_lines else re.sub(r"\s+", " ", text)).replace("|", "/")
    text = "".join(char if char.isprintable() or char == "\n" else f"\\x{ord(char):02x}" for char in text)
    return text.encode("ascii", "backslashreplace").decode().strip()


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret blotted out; a server may echo what it was sent."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text


def pointer(text: str) -> str:
    """The " (see ...)" at the end of a text, which names another one's service; "" where there is none."""
    found = re.search(r" \(see check_harbor_[\w ]{1,40}\)$", text)
    return found.group() if found else ""


#: What can be spared in a line that is too long: the number of a request; how one knows whose failure it is.
SPARE = (r" \(X-Request-Id [^()]{1,80}\)", r"; [^;]*(?= \(see check_harbor_[\w ]{1,40}\)$)")


def shorten(text: str, width: int) -> str:
    """The text in at most `width` characters: less what can be spared, then cut before the pointer "(see ...)"."""
    for spare in SPARE:
        text = text if len(text) <= width else re.sub(spare, "", text)
    if len(text) <= width:
        return text
    tail = pointer(text)
    return text[: width - len(tail) - 3].rstrip() + "..." + tail
