"""A probe: what it requests, measures and judges, and its services."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from harborlib.harbor.endpoints import Endpoint
from harborlib.harbor.run import Run
from harborlib.judge.measured import Readings
from harborlib.judge.readings import Measure, Reading, ResponseTime, Shown
from harborlib.judge.selection import Selectable
from harborlib.text.units import SECONDS

from . import options
from .service import Service

EXAMPLE_WIDTH = 78  # columns, which a terminal of 80 shows unwrapped
FOLDER = Path(__file__).resolve().parents[2]
PREFIX = "check_harbor_"


class Declared(Protocol):
    """What a probe judges by: a Measure, or several that belong together (Executions)."""

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""

    @property
    def measures(self) -> Sequence[Measure]:
        """Its measures."""


class Probe(NamedTuple):
    """A plugin without its process: used by triage, the tests and the definitions.

    `module` is the name of the module, whose docstring is the help. `measure` yields the readings of a run, and
    `judged` judges them. `declare` declares further options, `selects` is the kind of which it checks many. `asks` are
    the endpoints that it reads with an account: the permissions that it needs. `example` is its arguments in the tests,
    in `make try` and in the benchmark, if it does not run without. `account` says whether it needs an account, if that
    does not follow from `asks`. `at_some_addresses` is set if it can judge each address of Harbor's name: the
    most severe state, with --isolate, of a problem that only some addresses have. `one_login`: it logs in at most once,
    as a user that no other probe has; neither a question of isolation nor a second try sends that login again.
    """

    module: str
    measure: Callable[[Run], Readings]
    judged: Sequence[Declared] = ()
    declare: Callable[[options.Parser], None] | None = None
    selects: Selectable | None = None
    asks: Sequence[Endpoint] = ()
    services: Sequence[Service] = ()
    example: Sequence[str] = ()
    account: str = ""
    at_some_addresses: str = ""
    one_login: bool = False

    @property
    def name(self) -> str:
        """`gc` for check_harbor_gc."""
        return Path(sys.modules[self.module].__file__ or "").stem.replace(PREFIX, "")

    @property
    def doc(self) -> str:
        """The docstring of the module."""
        return sys.modules[self.module].__doc__ or ""

    @property
    def measures(self) -> list[Measure]:
        """All measures that it judges by."""
        return [measure for declared in self.judged for measure in declared.measures]

    def parser(self) -> options.Parser:
        """The complete command line of this probe."""
        parser = options.parser(self.name, self.doc)
        if self.declare:
            self.declare(parser)
        for declared in self.judged:
            declared.declare(parser)
        if self.selects:
            self.selects.declare(parser)
        if self.at_some_addresses:
            options.declare_every_address(parser)
        self._explain(parser)
        return parser

    def _explain(self, parser: options.Parser) -> None:
        """Add the required options to the usage line, and two examples at the end."""
        required = [f"{action.option_strings[-1]} {action.metavar}" for action in parser._actions if action.required]
        parser.usage = " ".join([parser.prog, "-H URL", *required, "[options]"])
        logins = [service.login for service in self.services if self.asks or self.account.startswith("yes")]
        account = [f"--authfile {login}.auth" for login in logins[:1]]
        command = " ".join([parser.prog, "-H harbor.example.com", *account])
        parser.epilog = (
            f"Examples:\n\n{shown(command, self.example)}\n\n{shown(command, [*self.example, '-t', '30s', '-v'])}\n\n"
            "RANGE is a Nagios range; its numbers may have a unit, such as 30d, 15min, 20GiB (docs/thresholds.md)."
        )

    def allows(self, seconds: float, args: argparse.Namespace) -> bool:
        """Whether answers may take this long in total before the state is CRITICAL."""
        own = (measure for measure in self.measures if isinstance(measure, ResponseTime))
        limits = [measure.limits(measure(seconds), args)[1] for measure in own]
        return all(limit.match(seconds) for limit in limits if limit)

    def time(self, run: Run) -> Reading | None:
        """The seconds that the API's answers took; None if the probe did not read the API."""
        if run.elapsed is None:
            return None
        own = (measure for measure in self.measures if isinstance(measure, Shown) and measure.label == "time")
        return next(own, Shown("time", SECONDS))(round(run.elapsed, 3))


def installed(but: str = "") -> list[Probe]:
    """Every installed probe (except `but`), found by its file, sorted by name."""
    modules = sorted(path.stem for path in FOLDER.glob(f"{PREFIX}*.py"))
    return [importlib.import_module(module).main.probe for module in modules if module != f"{PREFIX}{but}"]


def shown(command: str, words: Sequence[str]) -> str:
    """An example in one line, or in two that a shell takes as one."""
    line = "  " + " ".join([command, *words])
    return line if len(line) <= EXAMPLE_WIDTH else f"  {command} \\\n      {' '.join(words)}"
