"""What a plugin prints: one line that tells the story, details below it, perfdata, or the same as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from . import __version__, judgement
from .cleaning import clean, cut, redacted
from .isolation import Cause
from .judgement import Judged
from .units import label, plain

LINE = 120  # characters of the first line's text; engines show about this much
ASIDE = 400  # characters of a note and of the next step
LIMIT = 4096  # bytes of the whole output
JSON_LIMIT = 65536  # the same as JSON
NUMBERS = 64  # bytes of it that are kept for saying how much was left out
MOST_PARTS = 1000  # findings that are put into words; no output has room for as many


class Part(NamedTuple):
    """One finding: its state (`OK`, `WARNING`, ...), a line of text, what to do; `cause`: whose failure it follows."""

    state: str
    text: str
    next_step: str = ""
    cause: Cause | None = None

    def told(self) -> str:
        """The line, clean, and who owns it."""
        return clean(self.text) + "".join(ending(self.cause))


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
    """The outcome of a probe. `exit_code` is 0 to 3; `cause` is set when another probe owns the failure.

    `points`: the first line then ends with it. `unsaid` is the number of findings that are not among the parts.
    """

    probe: str
    state: str
    exit_code: int
    summary: str
    parts: Sequence[Part] = ()
    measures: Sequence[Measure] = ()
    cause: Cause | None = None
    next_step: str = ""
    notes: tuple[str, ...] = ()
    error: BaseException | None = None
    points: bool = True
    unsaid: int = 0

    def nagios(self, verbose: int) -> str:
        """The text for a monitoring engine: first line and perfdata whole, details cut to fit 4 KiB."""
        told = clean("; ".join([self.summary, *self.notes]))
        inline = self.state == "OK" and len(told) <= LINE
        text = told if inline else clean(self.summary)
        head = f"HARBOR {self.probe.upper()} {self.state} - {shorten(text, LINE, *self._ending())}"
        shown = [part for part in self.parts if verbose or part.state != "OK"]
        if not (verbose or len(shown) > 1 or len(text + "".join(self._ending())) > LINE):
            shown = []
        notes = (f"Note: {shorten(clean(note), ASIDE)}" for note in self.notes)
        tail = [] if inline else fitting(notes, LIMIT // 2)
        tail += [f"Next: {shorten(clean(self.next_step), ASIDE)}"] if self.next_step and self.state != "OK" else []
        trace = self._traceback() if verbose >= 3 else []
        room = LIMIT - len(head) - sum(len(line) + 1 for line in tail) - len(" | \n...\n")
        perfdata = " ".join(fitting(map(str, self.labelled()), room))
        first = f"{head} | {perfdata}" if perfdata else head
        room = LIMIT - len(first) - sum(len(line) + 1 for line in tail) - len("\n...\n")
        lines = (f"{part.state}: {part.told()}" for part in shown)
        kept = fitting([*lines, *trace] if trace else lines, room)
        more = ["..."] if len(kept) < len(shown) + len(trace) or (shown and self.unsaid) else []
        return "\n".join([first, *kept, *more, *tail]) + "\n"

    def json(self) -> str:
        """One JSON object on one line, as docs/json.md describes it, in at most 64 KiB."""
        cause = self.cause
        fields: dict[str, Any] = {
            "schema": 1,
            "plugin": f"check_harbor_{self.probe}",
            "version": __version__,
            "state": self.state,
            "exit_code": self.exit_code,
            "summary": clean(self.summary) + "".join(self._ending()),
            "parts": [],
            "metrics": [],
            "notes": [],
            "cause": cause and {"owner": cause.owner, "see": cause.see, "because": clean(cause.because)},
            "next_step": clean(self.next_step) if self.state != "OK" else "",
            "left_out": {"parts": self.unsaid, "metrics": 0, "notes": 0},
        }
        lists: tuple[tuple[str, Sequence[Any], Iterable[Any], float], ...] = (
            ("notes", self.notes, map(clean, self.notes), 0.2),
            ("parts", self.parts, map(self._part, self.parts), 0.6),
            ("metrics", self.measures, (measure._asdict() for measure in self.labelled()), 1),
        )
        for name, there, made, share in lists:
            room = JSON_LIMIT - len(json.dumps(fields)) - NUMBERS
            fields[name] = packed(made, int(room * share))
            fields["left_out"][name] += len(there) - len(fields[name])
        return json.dumps(fields, allow_nan=False) + "\n"

    def labelled(self) -> Iterator[Measure]:
        """The measures under names that are clean and differ from each other: some come from Harbor."""
        found: set[str] = set()
        times: dict[str, int] = {}
        for measure in self.measures:
            name = wanted = label(redacted(measure.name))
            while name in found:
                times[wanted] = times.get(wanted, 1) + 1
                name = f"{wanted}_{times[wanted]}"
            found.add(name)
            yield measure._replace(name=name)

    def _ending(self) -> tuple[str, str]:
        return ending(self.cause if self.points else None)

    def _part(self, part: Part) -> dict[str, str]:
        next_step = clean(part.next_step) if part.state != "OK" else ""
        return {"state": part.state, "text": part.told(), "next_step": next_step}

    def _traceback(self) -> list[str]:
        if not self.error:
            return []
        lines = traceback.format_exception(type(self.error), self.error, self.error.__traceback__)
        return clean("".join(lines), keep_lines=True).splitlines()


def ending(cause: Cause | None) -> tuple[str, str]:
    """How a line ends that is somebody else's failure: how we know, and where to look. Engines look for the second."""
    return (f"; {clean(cause.because)}", f" (see {cause.see})") if cause else ("", "")


def parts(results: Sequence[Judged]) -> tuple[list[Part], int]:
    """What has something to say, each once: the worst first, otherwise in the order in which the probe found them.

    And the number of results that are not among them because there are too many.
    """
    found: dict[tuple[str, str], Part] = {}
    ordered = sorted(results, key=lambda result: judgement.SEVERITY.index(result.state), reverse=True)
    for position, result in enumerate(ordered):
        if len(found) == MOST_PARTS:
            return list(found.values()), len(ordered) - position
        part = Part(result.state.text.upper(), str(result), result.next_step, result.cause)
        if part.text:
            found.setdefault((part.state, part.text), part)
    return list(found.values()), 0


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


def packed(items: Iterable[Any], room: int) -> list[Any]:
    """As many of the items as have room as JSON, with what stands between them."""
    kept = []
    for item in items:
        room -= len(json.dumps(item)) + 2
        if room < 0:
            break
        kept.append(item)
    return kept


#: What can be spared in a line that is too long.
_REQUEST = re.compile(r" \(X-Request-Id [^()]{1,80}\)")


def shorten(text: str, width: int, because: str = "", see: str = "") -> str:
    """A clean text in at most `width` characters, and at its end the pointer `see`, which is never cut.

    The number of a request and `because`, how one knows whose failure it is, go before the text is cut.
    """
    spared = _REQUEST.sub("", text)
    for told in (text + because, spared + because, spared):
        if len(told) + len(see) <= width:
            return told + see
    return cut(spared, width - len(see)) + see
