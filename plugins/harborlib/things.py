"""Many things of one kind (queues, projects, policies): which are looked at, which have perfdata."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

import nagiosplugin

from . import units
from .failure import CONTENT, Failure

MOST_TOLD = 1000  # of many things that are judged one by one: with more the memory would fill, and nobody reads them
T = TypeVar("T")


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
    """What `--include`, `--exclude` and `--perfdata-for` say about the things that are there."""

    def __init__(self, args: argparse.Namespace, noun: str) -> None:
        self.noun = noun
        self._include, self._exclude, self._perfdata_for = args.include, args.exclude, args.perfdata_for
        self._unseen = [name for name in self._include if not is_pattern(name)]
        self._seen_any = self._excluded_any = False

    @property
    def exact(self) -> list[str] | None:
        """The names, where names alone are asked for; None for all things or for patterns."""
        return None if not self._include or any(map(is_pattern, self._include)) else list(self._include)

    def takes(self, name: str) -> bool:
        """Whether a thing of this name is looked at."""
        if self._include and not matches(name, self._include):
            return False
        if matches(name, self._exclude):
            self._excluded_any = True
            return False
        self._seen_any = True
        if name in self._unseen:
            self._unseen.remove(name)
        return True

    def measures(self, name: str) -> bool:
        """Whether a thing of this name has perfdata of its own."""
        return matches(name, self._perfdata_for)

    def told(self, things: Sequence[T], name: Callable[[T], str]) -> list[T]:
        """Of things that are sorted, the worst first: those that are judged one by one, or have perfdata."""
        rest = [thing for thing in things[MOST_TOLD:] if self.measures(name(thing))] if self._perfdata_for else []
        return [*things[:MOST_TOLD], *rest[:MOST_TOLD]]

    def confirm(self) -> None:
        """Raise a Failure (content) for names that nothing has, or where nothing is left: that cannot be fine."""
        if self._unseen:
            raise Failure(CONTENT, f"no {self.noun} is named {', '.join(self._unseen)}", next_step=ASK_FOR)
        if self._excluded_any and not self._seen_any:
            raise Failure(CONTENT, f"every {self.noun} is left out by --exclude", next_step=NOTHING_LEFT)
        if self._include and not self._seen_any:
            raise Failure(CONTENT, f"no {self.noun} matches {', '.join(self._include)}", next_step=ASK_FOR)


NOTHING_LEFT = "exclude less, or take this service off the host: there is nothing to judge"
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
