"""A probe that C code, the kernel or a crash keeps from answering: its guard answers, in time and in one line."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from attacks import trial
from contract import grammar, processes
from contract.adversary import Adversary
from contract.wire import BROKEN, BROKEN_AS_PROCESS, ENDLESS
from harbor_simulator import Simulator
from support import runner
from support.runner import Outcome

LIMIT = 2.3  # seconds, for -t 2
#: C code that does not let go of the interpreter's lock for minutes: what a server's text can set going.
HOGS = {
    "a regular expression": 're.match("(a+)+$", "a" * 60 + "b")',
    "a number": "10 ** 10 ** 9",
}
WHILE = "while reading the answer to GET /x / y"


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin_python: str) -> Callable[..., list[str]]:
    """The command of a plugin whose probe does this, after having done that at the start."""

    def command(does: str, *argv: str, first: str = "") -> list[str]:
        file = trial.written(tmp_path, "check_harbor_hog", does, first=first)
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(runner.PLUGINS)]))
        return [plugin_python, "-W", "error", str(file), "-H", "harbor.example.com", *argv]

    return command


def run(command: list[str], **options: Any) -> Outcome:
    started = time.monotonic()
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 30, "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, **{**settings, **options})
    return Outcome(done.returncode, done.stdout, done.stderr, time.monotonic() - started)


def one_line(outcome: Outcome, words: str) -> None:
    """It says this, which step to take, and nothing else."""
    printed = grammar.checked(outcome)
    assert printed.state == "UNKNOWN"
    assert re.fullmatch(words, printed.text), outcome.out
    assert [line[:6] for line in printed.lines] == ["Next: "]


@pytest.mark.parametrize("hog", HOGS)
def test_the_deadline_holds(hog: str, plugin: Callable[..., list[str]], plugin_python: str) -> None:
    plugin(HOGS[hog])
    argv = ("check_harbor_hog", "-H", "harbor.example.com", "-t", "2")
    outcome = processes.in_time(lambda: processes.timed(plugin_python, *argv), LIMIT, "stuck")
    one_line(outcome, rf"stuck {WHILE}: ended by force after 2\.\d s")


def test_as_json_too(plugin: Callable[..., list[str]]) -> None:
    report = grammar.checked_json(run(plugin(HOGS["a number"], "-t", "1", "--output", "json")))
    assert report["summary"].startswith(f"stuck {WHILE}: ended by force after 1.")
    assert (report["state"], report["next_step"][:14]) == ("UNKNOWN", "check the load")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_not_lost_on_it(number: signal.Signals, plugin: Callable[..., list[str]], tmp_path: Path) -> None:
    """With the time that taking back may need."""
    ready = tmp_path / "ready"
    command = plugin(f"open({str(ready)!r}, 'w').close(); " + HOGS["a number"], "-t", "30")
    outcome = processes.interrupted(command, lambda: appears(ready), number)
    one_line(outcome, f"interrupted by {number.name} {WHILE}")
    assert outcome.seconds < 4


def test_a_signal_to_all_of_a_group_is_one(plugin: Callable[..., list[str]], tmp_path: Path) -> None:
    """As Ctrl-C, and as engines send it: both processes get it, one of them answers, once."""
    ready = tmp_path / "ready"
    command = plugin(f"open({str(ready)!r}, 'w').close(); time.sleep(20)", "-t", "30")
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        appears(ready)
        for _ in range(2):
            os.killpg(process.pid, signal.SIGTERM)
        out, err = (stream.decode() for stream in process.communicate(timeout=20))
    one_line(Outcome(process.returncode, out, err), f"interrupted by SIGTERM {WHILE}")


def appears(path: Path) -> None:
    for _ in range(2000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} never appeared")


@pytest.mark.parametrize(
    ("does", "words", "step"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", f"killed by SIGKILL {WHILE}", "check the memory and limits"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", f"killed by SIGSEGV {WHILE}", "report this check_harbor bug"),
        ("os.abort()", f"killed by SIGABRT {WHILE}", "report this check_harbor bug"),
        ("os._exit(1)", f"ended without an answer {WHILE}", "report this check_harbor bug"),
        (
            "os.closerange(3, 99); time.sleep(1); os._exit(0)",
            f"ended without an answer {WHILE}",
            "report this check_harbor bug",
        ),
    ],
)
def test_the_report_names_what_ended_it(does: str, words: str, step: str, plugin: Callable[..., list[str]]) -> None:
    """The kernel's out-of-memory killer, a crash in a library, a library that ends the process."""
    outcome = run(plugin(does, "-t", "10"))
    one_line(outcome, words)
    assert f"\nNext: {step}" in outcome.out
    assert outcome.seconds < 8


@pytest.mark.parametrize("ignored", [False, True])
def test_engines_that_do_not_wait_for_children(ignored: bool, plugin: Callable[..., list[str]]) -> None:
    """A plugin inherits what its engine does about SIGCHLD."""
    outcome = run(
        plugin("pass"), preexec_fn=lambda: signal.signal(signal.SIGCHLD, [signal.SIG_DFL, signal.SIG_IGN][ignored])
    )
    assert (outcome.code, outcome.out) == (0, "HARBOR HOG OK - fine | time=0.1s;;;0\n")


def test_a_child_that_has_answered_and_does_not_go(plugin: Callable[..., list[str]]) -> None:
    """As one in a system call that nothing interrupts."""
    stays = "guard, leave = os.getpid(), os._exit\n"
    stays += "os._exit = lambda code: leave(code) if os.getpid() == guard else time.sleep(20)"
    outcome = run(plugin("pass", "-t", "1", first=stays))
    assert outcome.out == "HARBOR HOG OK - fine | time=0.1s;;;0\n"
    assert outcome.seconds < 4


@contextlib.contextmanager
def alone(command: list[str], ready: Path) -> Iterator[int]:
    """The probe's process, whose guard was killed as nobody can be stopped from doing."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        appears(ready)
        (child,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        process.kill()
        yield child


def gone(process: int, seconds: float) -> bool:
    """Whether a process ends within this time; one that only waits to be collected has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            time.sleep(0.05)
            continue
        return True
    return False


def test_a_probe_does_not_outlive_its_guard(plugin: Callable[..., list[str]], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with alone(plugin(f"open({str(ready)!r}, 'w').close(); time.sleep(20)", "-t", "20"), ready) as child:
        assert gone(child, 4)


def test_nor_does_a_stuck_one_for_long(plugin: Callable[..., list[str]], tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    hog = f"open({str(ready)!r}, 'w').close(); {HOGS['a number']}"
    with alone(plugin(hog, "-t", "2"), ready) as child:
        assert gone(child, 5)


def test_only_the_guard_prints(plugin: Callable[..., list[str]]) -> None:
    """Not what a C library has to say, and no child that lingers keeps the engine's pipe open."""
    noise = "os.write(1, b'out'); os.write(2, b'err'); os.system('echo noise; echo noise >&2')"
    outcome = run(plugin(noise))
    assert (outcome.code, outcome.out, outcome.err) == (0, "HARBOR HOG OK - fine | time=0.1s;;;0\n", "")


def test_signals_that_the_engine_has_blocked(plugin: Callable[..., list[str]]) -> None:
    """A plugin inherits that too, and the deadline is a signal."""
    blocked = (signal.SIGALRM, signal.SIGTERM)
    block = lambda: signal.pthread_sigmask(signal.SIG_BLOCK, blocked)  # noqa: E731
    outcome = run(plugin(HOGS["a number"], "-t", "1"), preexec_fn=block)
    one_line(outcome, rf"stuck {WHILE}: ended by force after 1\.\d s")


def test_without_a_second_process_there_is_an_answer_too(plugin: Callable[..., list[str]]) -> None:
    """It can be told to stop as well."""
    no_fork = "def no_fork():\n    raise BlockingIOError(11, 'Resource temporarily unavailable')\nos.fork = no_fork"
    outcome = run(plugin("pass", first=no_fork))
    assert (outcome.code, outcome.out, outcome.err) == (0, "HARBOR HOG OK - fine | time=0.1s;;;0\n", "")
    outcome = run(plugin("os.kill(os.getpid(), signal.SIGTERM); time.sleep(9)", first=no_fork))
    one_line(outcome, f"interrupted by SIGTERM {WHILE}")


def test_a_probe_that_wants_to_end_the_process(plugin: Callable[..., list[str]]) -> None:
    """At once, not after -t, and not twice: an exit in one thread is one for whoever waits for it."""
    inner = "deadline.supervised(lambda: sys.exit(1))"
    for does in ("sys.exit(1)", inner, "raise KeyboardInterrupt", "raise GeneratorExit('x')"):
        outcome = run(plugin(does, "-t", "25"))
        assert (outcome.code, outcome.err) == (3, "")
        assert re.match(
            r"HARBOR HOG UNKNOWN - internal error: (SystemExit|KeyboardInterrupt|GeneratorExit):", outcome.out
        )
        assert outcome.seconds < 20


#: Servers that end neither their answer nor the connection, and those that make no sense: contract/test_hostile.py has
#: the others.
SERVERS = {**ENDLESS, **{case: BROKEN[case] for case in BROKEN.keys() - BROKEN_AS_PROCESS}}
ASKING = [name for name in runner.NAMES if name not in runner.HANDSHAKE_ONLY]


@pytest.mark.parametrize("part", range(4))
def test_every_hostile_server(part: int, harbor: Simulator, authfile: str, plugin_python: str) -> None:
    """Each meets one of the plugins, which take turns."""
    cases = sorted(SERVERS)[part::4]

    def meet(case: str) -> Outcome:
        name = ASKING[sorted(SERVERS).index(case) % len(ASKING)]
        with Adversary(SERVERS[case]) as server:
            argv = ["-H", server.url, "--ca-file", harbor.ca_file, "--authfile", authfile, *runner.NEEDED.get(name, ())]
            return processes.in_time(lambda: processes.timed(plugin_python, name, *argv, "-t", "2"), LIMIT)

    for case, outcome in processes.side_by_side(cases, meet).items():
        assert grammar.checked(outcome).state in ("CRITICAL", "UNKNOWN"), case


def test_no_thread_is_started_before_the_fork(plugin: Callable[..., list[str]]) -> None:
    """Python 3.12 warns of that, and rightly: locks of other threads would stay locked in the child."""
    count = "_fork = os.fork\ndef fork():\n    assert threading.active_count() == 1\n    return _fork()\nos.fork = fork"
    assert run(plugin("pass", first=count)).code == 0
    assert threading.active_count() >= 1
