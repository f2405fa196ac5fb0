"""`--options-file FILE`: options from a file, for values that an engine or a shell would rewrite on a command line.

One option per line, written as on a command line but without quotes: everything after the name is the value,
unchanged. Blank lines and lines that begin with `#` are ignored.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence

from harborlib.wire import credentials
from harborlib.wire.failure import Unusable

OPTION = "--options-file"
#: An options file cannot name another one; and options that end a run make no sense in a service.
REFUSED = (OPTION, "--help", "--version")
LINE = re.compile(r"(-[^\s=]+)(?:(?:\s*=\s*|\s+)(.*))?")


def expanded(parser: argparse.ArgumentParser, argv: Sequence[str]) -> Iterator[str]:
    """The words of a command line, with each --options-file replaced by the options in it; raises Unusable."""
    words = iter(argv)
    for word in words:
        name, equals, path = word.partition("=")
        if name != OPTION:
            yield word
            continue
        path = path if equals else next(words, "")
        if path:
            yield from read_options(parser, path)
        else:
            yield OPTION  # argparse reports that the value is missing


def read_options(parser: argparse.ArgumentParser, path: str) -> Iterator[str]:
    """The options in a file as words of a command line; raises Unusable with the number of the wrong line."""
    text = credentials.contents(path, "options file", 0o022, "write", "go-w")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                yield word(parser, line.strip())
            except argparse.ArgumentTypeError as error:
                raise Unusable(f"options file {path}, line {number}: {error}") from None


def word(parser: argparse.ArgumentParser, line: str) -> str:
    """One line as one word of a command line; raises ArgumentTypeError. Values of unknown options are never shown."""
    found = LINE.fullmatch(line)
    if not found:
        raise argparse.ArgumentTypeError("not an option, write --name VALUE")
    name, value = found[1], found[2]
    action = parser._option_string_actions.get(name)
    if not action or action.option_strings[-1] in REFUSED:
        raise argparse.ArgumentTypeError(f"unknown option {name}" if not action else f"{name} is not allowed here")
    if value is None:
        if action.nargs is None:
            raise argparse.ArgumentTypeError(f"{name} needs a value")
        return action.option_strings[-1]
    if action.nargs == 0:
        raise argparse.ArgumentTypeError(f"{name} takes no value")
    if not value.isprintable():
        raise argparse.ArgumentTypeError(f"{name}: the value contains a control character")
    check(action, name, value)
    return f"{action.option_strings[-1]}={value}"


def check(action: argparse.Action, name: str, value: str) -> None:
    """Validate the value as argparse will, so that an error names the line; raises ArgumentTypeError."""
    try:
        taken = action.type(value) if callable(action.type) else value
    except (argparse.ArgumentTypeError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, argparse.ArgumentTypeError) else f"not valid: {value[:40]!r}"
        raise argparse.ArgumentTypeError(f"{name}: {reason}") from None
    if action.choices is not None and taken not in action.choices:
        raise argparse.ArgumentTypeError(f"{name}: not one of {', '.join(map(str, action.choices))}")
