"""Many things of one kind (queues, projects, policies): which are looked at, which have perfdata, how they are told."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

import nagiosplugin
from nagiosplugin import Ok
from nagiosplugin.state import ServiceState

from . import isolation, judgement, output, units, words
from .failure import CONTENT, Failure
from .judgement import Judged

ROOM = 95  # characters of the first line for problems; the rest is for their count and a pointer


def declare(parser: argparse.ArgumentParser, noun: str, *names: str) -> None:
    """The options that choose among things; `names` are further names of `--include`, as `--project`."""
    group = parser.add_argument_group(f"which {noun}")
    add = group.add_argument
    add(*names, "--include", dest="include", metavar="NAMES", type=patterns, default=[],
        help=f"only these {noun}: names or patterns (a*, *-test), separated by commas")  # fmt: skip
    add("--exclude", metavar="NAMES", type=patterns, default=[], help=f"all {noun} but these")
    add("--perfdata-for", metavar="NAMES", type=patterns, default=[], help=f"perfdata for each of these {noun}, too")


def declare_page_limit(parser: argparse.ArgumentParser, order: str) -> None:
    """The option that makes a probe content with the first pages of a list, which are `order`."""
    parser.add_argument("--page-limit", metavar="NUMBER", type=count,
                        help=f"be content with so many pages of 100, {order} (default: all of them)")  # fmt: skip


def count(text: str) -> int:
    """A number from 1 on; raises ArgumentTypeError."""
    found = units.number(text, units.COUNT)
    if not isinstance(found, int) or found < 1:
        raise argparse.ArgumentTypeError(f"not a number from 1 on: {text[:40]!r}")
    return found


def patterns(text: str) -> list[str]:
    """Names or patterns, separated by commas; raises ArgumentTypeError."""
    found = [word.strip() for word in text.split(",")]
    if not all(word and word.isprintable() for word in found):
        raise argparse.ArgumentTypeError(f"not a list of names: {text[:40]!r}")
    return found


class Selection:
    """What `--include`, `--exclude` and `--perfdata-for` say. `left_out` counts the things not looked at."""

    def __init__(self, args: argparse.Namespace, noun: str) -> None:
        self.noun = noun
        self.left_out = 0
        self._include, self._exclude, self._perfdata_for = args.include, args.exclude, args.perfdata_for
        self._unseen = [name for name in self._include if not is_pattern(name)]
        self._seen_any = False

    @property
    def exact(self) -> list[str] | None:
        """The names, where names alone are asked for; None for all things or for patterns."""
        return None if not self._include or any(map(is_pattern, self._include)) else list(self._include)

    def takes(self, name: str) -> bool:
        """Whether a thing of this name is looked at."""
        if (self._include and not matches(name, self._include)) or matches(name, self._exclude):
            self.left_out += 1
            return False
        self._seen_any = True
        if name in self._unseen:
            self._unseen.remove(name)
        return True

    def measures(self, name: str) -> bool:
        """Whether a thing of this name has perfdata of its own."""
        return matches(name, self._perfdata_for)

    def confirm(self) -> None:
        """Raise a Failure (content) for names that nothing has: what is not there cannot be fine."""
        if self._unseen:
            raise Failure(CONTENT, f"no {self.noun} is named {', '.join(self._unseen)}", next_step=ASK_FOR)
        if self._include and not self._seen_any:
            raise Failure(CONTENT, f"no {self.noun} matches {', '.join(self._include)}", next_step=ASK_FOR)


ASK_FOR = "compare --include with the names in Harbor; a robot sees only what its rights cover"


def is_pattern(name: str) -> bool:
    """Whether it stands for more than one name."""
    return any(character in name for character in "*?[")


def matches(name: str, wanted: Iterable[str]) -> bool:
    """Whether a name is one of these, or fits a pattern among them."""
    return any(name == item or fnmatchcase(name, item) for item in wanted)


def worst_first(metrics: Iterable[nagiosplugin.Metric]) -> list[nagiosplugin.Metric]:
    """The metrics by their value, the largest first."""
    return sorted(metrics, key=lambda metric: -metric.value)


def named(measure: str, name: str) -> str:
    """The name of a metric, which is its perfdata label, for one measure of one thing; "" is the only one."""
    return f"{measure}_{name}" if name else measure


def thing(metric: nagiosplugin.Metric, measure: str) -> str:
    """Which of many things a metric is about."""
    return metric.name[len(measure) + 1 :]


class Quantity(judgement.Threshold):
    """A number against ranges, told to people in their own words.

    `sentence` holds `{value}`, which `show` turns into text (words.span, words.size ...), and may hold what the
    resource knows, as `{resource.job}`. With a `selection` there is a metric for each of many things, to which `named`
    gave its name (`measure` is the first part of that): the text begins with the thing, and only those chosen by
    `--perfdata-for` have perfdata. `kind` is that of isolation.
    """

    def __init__(
        self,
        name: str,
        warning: nagiosplugin.Range | None,
        critical: nagiosplugin.Range | None,
        sentence: str,
        show: Callable[[float], str] = words.plain,
        next_step: str = "",
        *,
        selection: Selection | None = None,
        measure: str = "",
        kind: str = isolation.FINDING,
    ) -> None:
        super().__init__(name, warning, critical, self._say, next_step)  # type: ignore[arg-type]
        self.sentence = sentence
        self.show = show
        self.selection = selection
        self.measure = measure or name
        self.kind = kind

    def _say(self, metric: nagiosplugin.Metric, context: nagiosplugin.Context) -> str:
        before = f"{thing(metric, self.measure)}: " if self.selection and self.sentence else ""
        return before + self.sentence.format(value=self.show(metric.value), resource=metric.resource)

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """Critical, then warning, then ok; a problem names the limit that was left."""
        judged = super().evaluate(metric, resource)
        if judged.state == Ok:
            return judged
        allowed = self.critical if judged.state == nagiosplugin.Critical else self.warning
        hint = f"{self.describe(metric)} ({judged.state} {words.limit(allowed, self.show)})"
        return Judged(judged.state, hint, metric, self.next_step, self.kind)

    def performance(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> nagiosplugin.Performance:
        """That of the one thing, or of each that is asked for."""
        if self.selection and not self.selection.measures(thing(metric, self.measure)):
            return None
        return super().performance(metric, resource)


class Total(judgement.Threshold):
    """A number over many things, with the limits of each as a hint for graphs: the things are judged, this is not."""

    def __init__(self, name: str, warning: nagiosplugin.Range | None, critical: nagiosplugin.Range | None) -> None:
        super().__init__(name, warning, critical, "")

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """Always ok."""
        return Judged(Ok, None, metric)


class Trouble(judgement.Finding):
    """What is wrong in words, "" where nothing is; `selection` and `kind` as in Quantity."""

    def __init__(
        self,
        name: str,
        state: ServiceState,
        next_step: str = "",
        *,
        selection: Selection | None = None,
        kind: str = isolation.FINDING,
    ) -> None:
        super().__init__(name, state, next_step)
        self.selection = selection
        self.kind = kind

    def evaluate(self, metric: nagiosplugin.Metric, resource: nagiosplugin.Resource) -> Judged:
        """The problem in its state, or ok."""
        if not metric.value:
            return Judged(Ok, None, metric)
        before = f"{thing(metric, self.name)}: " if self.selection else ""
        return Judged(self.state, before + metric.value, metric, self.next_step, self.kind)


class Summary(judgement.Summary):
    """The first line for many things: the worst, as many as fit, and how many more."""

    def problem(self, results: nagiosplugin.Results) -> str:
        """The most severe problems first; each has a line of its own below."""
        state = judgement.worst(result.state for result in results)
        told = list(dict.fromkeys(str(result) for result in results if result.state == state))
        others = {str(result) for result in results if result.state not in (Ok, state)} - set(told)
        shown = told[:1]
        for text in told[1:]:
            if len("; ".join([*shown, text])) > ROOM:
                break
            shown.append(text)
        rest = len(told) - len(shown) + len(others)
        text = "; ".join(shown)
        pointer = output.pointer(text)  # which stays at the end
        return text[: len(text) - len(pointer)] + (f" (and {rest} more)" if rest else "") + pointer
