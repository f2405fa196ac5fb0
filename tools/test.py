"""`make test`: what a contributor needs, on the Python of .venv. `make test-all`: that and everything else.

Everything else is:

1. The Ansible collection and the packages in root file systems; the Director and an InfluxDB.
2. Pages counted on the real engines: a few outages side by side with the other tests, all of them alone on an
   otherwise idle machine, because a late answer adds a page. All of them with the preloaded server, which takes a part
   of the time, the few without it.
3. The wheel on the oldest Python with the oldest libraries (tox, `floor`): the tests of harborlib, but for those of
   the terminal, which start many processes. The newest Python is Debian 13's, in the root file systems above.
4. The contract suite with the plugins as processes of that oldest Python, and of the distribution's own python3 with
   its own packages. (The workflow for public hosting runs `make test` on each Python.)

What is left to `make engines` alone: all outages without the preloaded server, and all Harbors of a site down at a
random phase of their checks.

Ends with one table, the skipped parts with what they lacked, and a closing line in pytest's form over all runs.
"""

from __future__ import annotations

import argparse
import configparser
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from interpreter import DISTRIBUTION, packaged, runs

ROOT = Path(__file__).resolve().parent.parent
CONTRACT, HARBORLIB = "tests/contract", "tests/harborlib"
# Not part of `make test`: root file systems, foreign web servers, and pages that take an engine's own time to count.
SLOW = ["tests/ansible_roles", "tests/packages", "tests/web"]
COUNTING_TOO = ("certificate_life", "drill", "replicas", "restart", "satellite", "storage")
SLOW += [f"tests/engines/test_{name}.py" for name in COUNTING_TOO]
COUNTING = "tests/engines/test_scenarios.py"
RANDOM_PHASE = "tests/engines/test_random_phase.py"
# Those that wait for daemons more than they compute: side by side with each other they would leave the cores idle.
WAITING = ("tests/ansible_roles/", "tests/engines/", "tests/packages/", "tests/web/")
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Most tests wait for something, so there is one process more than cores, and twice as many without the slow tests, in
# which a late answer can add a page. The tests of a file stay in one process, because they share its servers and
# daemons. The files start in the order in which they are given.
CORES = os.cpu_count() or 1
PROCESSES = ["-n", str(CORES + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
SIDE_BY_SIDE = ["-q", *PROCESSES]
# On a busy machine a deadline can expire. A few tests that failed are tried again, at most twice, when all others have
# ended. (pytest-rerunfailures would ask a server over TCP about every single test, which takes 40 ms.)
TRY_AGAIN = ["-n", "0", "--last-failed", "--last-failed-no-failures=none"]
TRIES = 3
FEW = 20
# Which libraries a failing run loads follows from our own imports: other Pythons would show the same.
ON_OTHERS = ["--ignore=tests/contract/test_failing_run.py"]
FLOOR_PYTHONS = {"3.9", "3.10", "3.11"}
DISTRIBUTION_PACKAGES = "python3-nagiosplugin python3-requests python3-openssl"
# A test that needs a Debian package skips with these words; the names are collected for the closing advice.
PACKAGE = re.compile(r"needs the Debian packages? ([a-z0-9.+ -]+)")


@dataclass
class Run:
    """One run of pytest and its results; `broken` if it exited with an error."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: bool = False
    seconds: float = 0.0
    packages: set[str] = field(default_factory=set)
    retried: set[str] = field(default_factory=set)


def supported() -> list[str]:
    """The Python versions in setup.cfg, oldest first."""
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])


def interpreter(version: str) -> str | None:
    """A Python of this version: ours, from PATH, or from pyenv's versions (whose shims may not work)."""
    if version == OWN:
        return str(sys._base_executable)  # type: ignore[attr-defined]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    candidates = [shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python{version}"))]
    return next((str(path) for path in candidates if path and runs(str(path), "")), None)


def execute(name: str, command: list[str], tries: int = TRIES) -> Run:
    """Run pytest by this command, with the path of the report appended, and again what failed; read the reports."""
    print(f"\n== {name}", flush=True)
    run = Run(name)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [*command, f"--junitxml={report}", "-o", f"cache_dir={folder}/cache"]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        failed = read(report, run)
        while status == 1 and 0 < len(failed) <= FEW and (tries := tries - 1):
            report.unlink()
            print(f"\n== {name}: again what failed", flush=True)
            status = subprocess.run([*command, *TRY_AGAIN], cwd=ROOT, check=False).returncode
            again = read(report, Run(name))
            run.retried |= failed - again
            run.failed, run.passed = len(again), run.passed + len(failed - again)
            failed = again
        run.broken = status != 0
    run.seconds = time.monotonic() - started
    return run


def read(report: Path, run: Run) -> set[str]:
    """Add the counts of a JUnit report and the packages that its skipped tests need; returns what failed."""
    if not report.exists():
        return set()
    tree = ElementTree.parse(report)  # noqa: S314 - written by our own pytest a moment ago
    failed = set()
    for case in tree.iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        # A scenario that was counted twice in the same daemon.
        if case.find("properties/property[@name='attempts']") is not None:
            run.retried.add(name)
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif (skip := case.find("skipped")) is not None:
            run.skipped += 1
            wanted = PACKAGE.search(skip.get("message", ""))
            run.packages.update(wanted[1].split() if wanted else [])
        else:
            run.passed += 1
    run.failed += len(failed)
    return failed


def tox(name: str, environment: str, pythons: dict[str, str], paths: list[str]) -> Run:
    """Tests in a tox environment."""
    command = [sys.executable, "-m", "tox", "run", "-q", "-c", "pyproject.toml", "-e", environment]
    return execute(name, [*command, "--discover", *pythons.values(), "--", *SIDE_BY_SIDE, *paths])


def contract(name: str, environment: str = "") -> Run:
    """The contract suite on the Python of a tox environment, or else on the distribution's."""
    python = ROOT / ".tox" / environment / "bin" / "python" if environment else DISTRIBUTION
    command = [sys.executable, "-m", "pytest", *SIDE_BY_SIDE, f"--plugin-python={python}", *ON_OTHERS, CONTRACT]
    return execute(f"contract suite, plugins run by {name}", command)


def main() -> None:
    """Run them, and print what was skipped."""
    started = time.monotonic()
    arguments = argparse.ArgumentParser(description="Run the tests.")
    arguments.add_argument("--all", action="store_true", help="also what `make test` leaves to `make test-all`")
    everything = arguments.parse_args().all
    # Without it, each of the thousands of processes would compile all its modules again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    files = in_turn((COUNTING, RANDOM_PHASE, *([] if everything else SLOW)))
    more = [] if everything else ["-n", str(2 * CORES)]
    own = execute(f"Python {platform.python_version()}", [sys.executable, "-m", "pytest", *SIDE_BY_SIDE, *more, *files])
    all_runs: list[Run] = [own]
    left_out: list[str] = []
    if everything:
        counting = [sys.executable, "-m", "pytest", "-q", "--preloaded", COUNTING]
        all_runs.append(execute("pages counted on Icinga 2 and Nagios, preloaded", counting, tries=1))
        for runs_of, missing in (other_pythons(), distribution()):
            all_runs += runs_of
            left_out += missing
    else:
        left_out.append("Ansible, packages, web, counted pages, other libraries: `make test-all` runs them too")
    close(all_runs, left_out, time.monotonic() - started)


def in_turn(left_out: Sequence[str]) -> list[str]:
    """The files of tests by name, but those that wait are spread evenly among the others."""
    paths = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    files = sorted(path for path in paths if not path.startswith(tuple(left_out)))
    waiting = [path for path in files if path.startswith(WAITING)]
    others = [path for path in files if path not in waiting]
    turns = [(number / (len(part) + 1), path) for part in (waiting, others) for number, path in enumerate(part)]
    return [path for _, path in sorted(turns)]


def other_pythons() -> tuple[list[Run], list[str]]:
    """The runs on the oldest libraries; and the Pythons that are missing."""
    found = {version: interpreter(version) for version in supported()}
    pythons = {version: path for version, path in found.items() if path}
    missing = [version for version, path in found.items() if not path]
    left_out = [f"Python {', '.join(missing)}: neither in PATH nor by pyenv"] if missing else []
    all_runs: list[Run] = []
    if FLOOR_PYTHONS & pythons.keys():
        all_runs.append(
            tox("wheel, oldest libraries", "floor", pythons, [HARBORLIB, f"--ignore={HARBORLIB}/test_terminal.py"])
        )
        all_runs.append(contract("the oldest Python and libraries", "floor"))
    else:
        left_out.append("the oldest libraries, which need one of Python " + ", ".join(sorted(FLOOR_PYTHONS)))
    return all_runs, left_out


def distribution() -> tuple[list[Run], list[str]]:
    """The contract suite on the distribution's Python and packages, or a note that it has none."""
    if packaged() == DISTRIBUTION:
        return [contract(f"{DISTRIBUTION} with its own packages")], []
    missing = f"{DISTRIBUTION} with the distribution's own packages: apt-get install {DISTRIBUTION_PACKAGES}"
    return [], [missing]


def close(all_runs: list[Run], left_out: list[str], seconds: float) -> None:
    """Print the table and the closing line; exit 1 if any run failed."""
    width = max(len(run.name) for run in all_runs)
    print(f"\n{'':{width}}  passed  failed  skipped    time")
    for run in all_runs:
        note = "  did not end well" if run.broken and not run.failed else ""
        counts = f"{run.passed:6}  {run.failed:6}  {run.skipped:7}  {run.seconds:4.0f} s"
        print(f"{run.name:{width}}  {counts}{note}")
    for line in left_out:
        print(f"Left out: {line}")
    for test in (test for run in all_runs for test in sorted(run.retried)):
        print(f"Passed only when tried again: {test}")
    packages = sorted(set().union(*(run.packages for run in all_runs)))
    if packages:
        print(f"For the skipped tests, on Debian: apt-get install --no-install-recommends {' '.join(packages)}")
    totals = [(sum(getattr(run, what) for run in all_runs), what) for what in ("failed", "passed", "skipped")]
    totals.append((sum(run.broken and not run.failed for run in all_runs), "errors"))
    words = ", ".join(f"{count} {what}" for count, what in totals if count or what == "passed")
    print(f"\n===== {words} in {seconds:.2f}s =====", flush=True)
    sys.exit(any(run.broken for run in all_runs))


if __name__ == "__main__":
    main()
