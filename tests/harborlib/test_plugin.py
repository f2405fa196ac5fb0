"""The process around a probe: whatever breaks in it, an engine gets a state and a line."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from support.runner import NAMES, PLUGINS, Outcome

#: A plugin that does one wrong thing; {} is what it does when its perfdata is made, what it measures, and the value.
BROKEN = '''"""Is this plugin broken?"""
from harborlib.judge import Shown
from harborlib.run import Probe, plugin
import os, signal, sys, time, threading, warnings

class Level(Shown):
    def limits(self, reading, args):
        {}
        return super().limits(reading, args)

level = Level("level", low=None)

def measure(run):
    {}
    yield level({})
    return "fine"

main = plugin.main(Probe(__name__, measure, [level]))
'''
REPORT = "Next: report this check_harbor bug and attach the -vvv output\n"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a plugin of the test's own as a process."""

    def run(does: str = "pass", *argv: str, value: str = "0.1", printing: str = "pass") -> Outcome:
        file = tmp_path / "check_harbor_broken.py"
        file.write_text(BROKEN.format(printing, does, value))
        monkeypatch.setenv("PYTHONPATH", str(PLUGINS))
        command = [sys.executable, str(file), "-H", "harbor.example.com", "-t", "5", *argv]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


def test_it_works(broken) -> None:  # type: ignore[no-untyped-def]
    assert broken() == Outcome(0, "HARBOR BROKEN OK - fine | level=0.1\n")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"does": "raise RuntimeError('a | b\\nc')"}, "internal error: RuntimeError: a / b c"),
        ({"does": "level.missing"}, "internal error: AttributeError: 'Level' object has no attribute 'missing'"),
        ({"does": "import nowhere"}, "broken installation: No module named 'nowhere'"),
        ({"value": "float('nan')"}, "internal error: ValueError: not a finite number: nan"),
        ({"value": "float('inf')"}, "internal error: ValueError: not a finite number: inf"),
        ({"printing": "1 / 0"}, "internal error: ZeroDivisionError: division by zero"),
        ({"does": "sys.setrecursionlimit(120); f = lambda: f(); f()"}, "internal error: RecursionError: maximum "
         "recursion depth exceeded"),
    ],
)  # fmt: skip
def test_a_fault_of_our_own(broken, wrong: dict[str, str], words: str) -> None:  # type: ignore[no-untyped-def]
    outcome = broken(**wrong)
    assert (outcome.code, outcome.err) == (3, "")
    assert outcome.first.startswith(f"HARBOR BROKEN UNKNOWN - {words}"[:110])
    assert "Traceback" not in outcome.out
    assert outcome.out.count("\n") == 2


def test_its_traceback_is_shown_when_asked_for(broken) -> None:  # type: ignore[no-untyped-def]
    outcome = broken("raise RuntimeError('a')", "-vvv")
    assert (outcome.code, outcome.err) == (3, "")
    assert "\nTraceback (most recent call last):\n" in outcome.out
    assert outcome.out.endswith(f"\nRuntimeError: a\n{REPORT}")


@pytest.mark.parametrize(
    "noise", ["warnings.warn('old')", "sys.exit(1)", "threading.Thread(target=lambda: 1).start()", "os.close(2)"]
)
def test_noise_is_not_heard(broken, noise: str) -> None:  # type: ignore[no-untyped-def]
    outcome = broken(noise, "-t", "1")
    assert outcome.err == ""
    assert outcome.code in range(4)
    assert outcome.out.startswith("HARBOR BROKEN ")


def test_a_signal_while_it_prints_is_too_late(broken) -> None:  # type: ignore[no-untyped-def]
    """The answer stands; a traceback instead of it would be WARNING."""
    outcome = broken(printing="os.kill(os.getpid(), signal.SIGTERM)")
    assert outcome.err == ""
    assert outcome.code in (0, 3)
    assert outcome.out.count("HARBOR BROKEN ") == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_is_also_a_module(name: str) -> None:
    """For triage, the definitions and the pages: importing it does nothing."""
    main = importlib.import_module(name).main
    assert f"check_harbor_{main.probe.name}" == name
    assert main.probe.parser().prog == name
    assert main.probe.doc == importlib.import_module(name).__doc__
