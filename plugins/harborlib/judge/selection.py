"""Many items of one kind (queues, projects, policies): which are checked, and which have their own perfdata."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from harborlib.text import units
from harborlib.wire.failure import CONTENT, Failure

NOTHING_LEFT = "exclude less, or remove this service from the host: nothing is left to check"
COMPARE = "compare --include with the names in Harbor: a robot account sees only what its permissions cover"

MOST_JUDGED = 1000  # the most that are judged individually: more would fill the memory, and nobody reads them
T = TypeVar("T")


class Selectable:
    """A kind of item that occurs many times: declares --include, --exclude and --perfdata-for.

    `noun` and `plural` name it in messages and in --help; `option` is another name of --include, such as `--project`.
    """

    def __init__(self, noun: str, plural: str, option: str) -> None:
        self.noun = noun
        self.plural = plural
        self.option = option

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options that select items."""
        add = parser.add_argument_group(f"which {self.plural}").add_argument
        add(self.option, "--include", dest="include", metavar="NAMES", type=patterns, default=[],
            help=f"only these {self.plural}: names or patterns (a*, *-test), separated by commas")  # fmt: skip
        add("--exclude", metavar="NAMES", type=patterns, default=[], help=f"all {self.plural} but these")
        add("--perfdata-for", metavar="NAMES", type=patterns, default=[],
            help=f"perfdata for each of these {self.plural}, too")  # fmt: skip

    def chosen(self, args: argparse.Namespace) -> Selection:
        """The selection of the options."""
        return Selection(self.noun, args.include, args.exclude, args.perfdata_for)


class Selection:
    """Which items are checked, and whether each item requested by name exists."""

    def __init__(
        self, noun: str, include: Iterable[str], exclude: Iterable[str] = (), perfdata_for: Iterable[str] = ()
    ) -> None:
        self.noun = noun
        self._include, self._exclude, self._perfdata_for = list(include), list(exclude), list(perfdata_for)
        self._unseen = [name for name in self._include if not is_pattern(name)]
        self._seen_any = self._excluded_any = False

    @property
    def exact(self) -> list[str] | None:
        """The names, if only names are requested; None for all items, or for patterns."""
        return None if not self._include or any(map(is_pattern, self._include)) else list(self._include)

    def takes(self, name: str) -> bool:
        """Whether an item of this name is checked."""
        if self._include and not matches(name, self._include):
            return False
        if matches(name, self._exclude):
            self._excluded_any = True
            return False
        self._seen_any = True
        if name in self._unseen:
            self._unseen.remove(name)
        return True

    def judged(self, worst_first: Sequence[T], name: Callable[[T], str]) -> list[T]:
        """The items that are judged individually: the worst ones, and those with their own perfdata."""
        others = worst_first[MOST_JUDGED:] if self._perfdata_for else []
        rest = [one for one in others if matches(name(one), self._perfdata_for)]
        return [*worst_first[:MOST_JUDGED], *rest[:MOST_JUDGED]]

    def confirm(self) -> None:
        """Raise a Failure (content) for names that do not exist, or for an empty selection: neither can count as OK."""
        if self._unseen:
            raise Failure(CONTENT, f"no {self.noun} is named {', '.join(self._unseen)}", next_step=COMPARE)
        if self._excluded_any and not self._seen_any:
            raise Failure(CONTENT, f"every {self.noun} is excluded by --exclude", next_step=NOTHING_LEFT)
        if self._include and not self._seen_any:
            raise Failure(CONTENT, f"no {self.noun} matches {', '.join(self._include)}", next_step=COMPARE)


def declare_page_limit(parser: argparse.ArgumentParser, order: str) -> None:
    """Declare the option that limits a probe to the first pages of a list, which are `order`."""
    parser.add_argument("--page-limit", metavar="NUMBER", type=count,
                        help=f"read at most NUMBER pages of 100, {order} (default: all of them)")  # fmt: skip


def count(text: str) -> int:
    """A number of at least 1; raises ArgumentTypeError."""
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


def is_pattern(name: str) -> bool:
    """Whether it stands for more than one name."""
    return any(character in name for character in "*?[")


def matches(name: str, wanted: Iterable[str]) -> bool:
    """Whether a name is in the list, or matches a pattern in it."""
    return any(name == item or fnmatchcase(name, item) for item in wanted)
