"""The probes: what one is without its process, and which are installed."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from harborlib.harbor import api

import nagiosplugin

from . import options

FOLDER = Path(__file__).resolve().parent.parent


class Probe(NamedTuple):
    """A plugin without its process: what triage, the tests and the definitions use."""

    name: str
    doc: str
    declare: Callable[[options.Parser], None]
    check: Callable[[argparse.Namespace, api.Harbor], nagiosplugin.Check]

    def parser(self) -> options.Parser:
        """The complete command line of this probe."""
        parser = options.parser(self.name, self.doc)
        self.declare(parser)
        return parser


def others(name: str) -> list[Probe]:
    """Every installed probe but this one, found by its file, in the order of the names."""
    modules = sorted(path.stem for path in FOLDER.glob("check_harbor_*.py"))
    return [importlib.import_module(module).main.probe for module in modules if module != f"check_harbor_{name}"]
