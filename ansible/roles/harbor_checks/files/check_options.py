"""Reads Harbors with the options of their plugins as JSON, and prints those that a plugin does not take.

Nothing else reaches a configuration: whatever is printed stops the role.
"""

import importlib
import json
import re
import sys

#: What the role gives itself, and what no service can have.
OWN = ("--harbor", "--authfile", "--authfile-any-mode", "--options-file", "--help", "--version")


def flag(name):
    """The option of this name; raises ValueError for what is no name: it would be written as it is."""
    if not re.fullmatch("[a-z][a-z0-9_-]*", name):
        raise ValueError(f"not the name of an option: {name[:40]!a}")
    found = "--" + name.replace("_", "-")
    if found in OWN:
        raise ValueError(f"{found} cannot be set here")
    return found


def words(options):
    """Options by name as on a command line: true is a flag, false no flag."""
    found = []
    for name, value in options.items():
        option = flag(name)
        if not isinstance(value, (bool, int, float, str)):
            raise ValueError(f"{option}: not a text, a number, true or false")
        if isinstance(value, str) and (value != value.strip() or not value.isprintable()):
            raise ValueError(f"{option}: blanks around the value, or a control character in it")
        found += {True: [option], False: []}[value] if isinstance(value, bool) else [f"{option}={value}"]
    return found


def refuse(message):
    """Raise what the option would not take."""
    raise ValueError(message)


def check(probe, options):
    """Raises ValueError or ImportError."""
    if not re.fullmatch("[a-z0-9_]+", probe):
        raise ImportError
    parser = importlib.import_module(f"check_harbor_{probe}").main.probe.parser()
    parser.error = refuse
    for action in parser._actions:
        action.required = False  # the service gives those
    parser.parse_args(words(options))


for harbor in json.load(sys.stdin):
    for probe, options in [("health", harbor.get("options", {})), *harbor.get("probes", {}).items()]:
        try:
            check(probe, options)
        except ImportError:
            print(f"{harbor['name']}: there is no probe {ascii(probe[:40])[1:-1]}")
        except ValueError as problem:
            print(f"{harbor['name']}: check_harbor_{probe}: {problem}")
