"""What a check needs is there before it starts: a child neither imports a module nor compiles a pattern."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from support import runner

REPORTING = """
import os, re, sys
sys.path.insert(0, sys.argv.pop(1))
import harbor_preloaded
from harborlib.run import served, server

report, serve, end = sys.argv.pop(1), served.serve, os._exit

def reporting(check, entries):
    modules, patterns = set(sys.modules), set(re._cache)
    def leave(code):
        new = [*set(sys.modules).difference(modules), *(known[1] for known in set(re._cache).difference(patterns))]
        with open(report, "a") as file:
            print(os.path.basename(sys.argv[0]), *new, file=file)
        end(code)
    os._exit = leave
    serve(check, entries)

served.serve = reporting
server.main()
"""


@pytest.fixture
def report(plugin_python: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """A server whose children write down what was not there; ends it and returns the lines."""
    (tmp_path / "run").mkdir(mode=0o700)
    where, file = str(tmp_path / "run" / "socket"), tmp_path / "report"
    command = [plugin_python, "-c", REPORTING, str(runner.PLUGINS), str(file), "--socket", where]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert "listens on" in process.stderr.readline()
        monkeypatch.setitem(os.environ, "HARBOR_PRELOADED", where)

        def end() -> list[str]:
            process.terminate()
            process.wait()  # for its children, too
            return file.read_text().splitlines()

        yield end
        process.kill()


def test_nothing_is_loaded_in_a_child(report, argv, plugin_python):
    names = [name for name in runner.NAMES if name not in runner.RUNS_OTHERS]
    for name in names:
        runner.process(name, *argv, *runner.NEEDED[name], python=plugin_python)
    assert report() == names
