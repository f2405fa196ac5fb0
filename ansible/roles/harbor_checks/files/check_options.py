"""Reads Harbors with the options of their plugins as JSON, and prints those that a plugin does not take."""

import importlib
import json
import sys


def words(options):
    """Options by name as on a command line: true is a flag, false no flag."""
    found = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        found += {"True": [flag], "False": []}.get(str(value), [f"{flag}={value}"])
    return found


def refuse(message):
    raise ValueError(message)


def check(probe, options):
    """Raises ValueError or ImportError."""
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
            print(f"{harbor['name']}: there is no probe {probe}")
        except ValueError as problem:
            print(f"{harbor['name']}: check_harbor_{probe}: {problem}")
