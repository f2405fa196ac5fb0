"""A monitoring host that lacks descriptors, threads, memory or processor time, or is stopped: UNKNOWN, in one line."""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import ssl
import subprocess
import time
from pathlib import Path
from typing import Callable

from harborlib.harbor.health import HealthReport
from harborlib.judge import isolation
from harborlib.wire import chain, tls, transport
from harborlib.wire.failure import Starved, lack
from harborlib.wire.origin import Origin

import pytest
from OpenSSL import SSL

from attacks import trial
from contract import grammar
from harbor_simulator import Simulator
from support import runner
from support.runner import Outcome

NAMES = ("check_harbor_health", "check_harbor_certificate", "check_harbor_gc", "check_harbor_triage")
MiB = 1 << 20
#: What a host says that could not even load the libraries: before the probe has a name.
NOT_STARTED = re.compile(
    r"HARBOR UNKNOWN - (cannot start|broken installation|interrupted by SIG\w+ while starting)\b.*\nNext: .*\n"
)


@pytest.fixture
def poor(harbor: Simulator, authfile: str, plugin_python: str) -> Callable[..., Outcome]:
    """Run a plugin against a healthy Harbor with limits to its resources."""
    where = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]

    def run(name: str, **limits: int) -> Outcome:
        def limit() -> None:
            for kind, value in limits.items():
                resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (value, value))

        return runner.process(name, *where, *runner.NEEDED.get(name, ()), python=plugin_python, preexec_fn=limit)

    return run


def judged(outcome: Outcome) -> str:
    """The state: Harbor is well, so it is OK or UNKNOWN, and the host's lack never Harbor's failure."""
    assert outcome.err == ""
    if outcome.code == 3 and NOT_STARTED.fullmatch(outcome.out):
        return "UNKNOWN"
    state = grammar.checked(outcome).state if "internal error" not in outcome.out else "UNKNOWN"
    assert state in ("OK", "UNKNOWN"), outcome.out
    assert "Traceback" not in outcome.out
    return state


@pytest.mark.parametrize("count", [5, 6, 8, 14])
@pytest.mark.parametrize("name", NAMES)
def test_few_descriptors(name: str, count: int, poor: Callable[..., Outcome]) -> None:
    """Five are enough for a probe: three are taken, and the guard takes none of its two."""
    outcome = poor(name, NOFILE=count)
    assert judged(outcome) == "OK" or name in runner.RUNS_OTHERS
    assert outcome.code == 0 or "this monitoring host has no file descriptors left" in outcome.first


@pytest.mark.parametrize("size", [40, 56, 72])
@pytest.mark.parametrize("name", NAMES)
def test_little_memory(name: str, size: int, poor: Callable[..., Outcome]) -> None:
    judged(poor(name, AS=size * MiB))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "memory"),
        (OSError(errno.EMFILE, "Too many open files"), "file descriptors"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (ssl.SSLError(1, "[CRYPTO] malloc failure (_ssl.c:3098)"), "memory"),
        (ImportError("libcrypto.so.3: failed to map segment from shared object"), "memory"),
        (Starved("threads"), "threads"),
        (OSError(errno.ECONNREFUSED, "Connection refused"), ""),
        (ValueError("memory"), ""),
    ],
)
def test_what_an_error_says_of_this_host(error: Exception, said: str) -> None:
    """Whatever it ends: a request, a handshake, what isolation asks."""
    assert lack(error) == said
    if said:
        with pytest.raises(Starved, match=said):
            transport.explained(error, Origin("https", "h", 443))
        with pytest.raises(Starved, match=said):
            tls.failure(error, "h")  # type: ignore[arg-type]  # it ends none with another


def test_what_keeps_this_host_from_asking_is_no_report_of_harbors(monkeypatch: pytest.MonkeyPatch) -> None:
    def starved(run: object) -> None:
        raise Starved("memory")

    monkeypatch.setattr(HealthReport, "ask", starved)
    with pytest.raises(Starved):
        isolation.look(None, None, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise MemoryError", "cannot start: MemoryError:\nNext: check the memory and limits "),
        ("import nowhere", "cannot start: ModuleNotFoundError: No module named 'nowhere'\nNext: install "),
        ("raise KeyboardInterrupt", "cannot start: KeyboardInterrupt:\nNext: "),
    ],
)
def test_a_plugin_that_cannot_start(line: str, words: str, tmp_path: Path, plugin_python: str) -> None:
    plugin = tmp_path / "check_harbor_odd.py"
    plugin.write_text(f"import harborlib\n{line}\n")
    environment = {**os.environ, "PYTHONPATH": str(runner.PLUGINS)}
    done = subprocess.run([plugin_python, str(plugin)], capture_output=True, text=True, env=environment, timeout=20)
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith(f"HARBOR UNKNOWN - {words}")


#: Takes away root's privileges, whom no limit of processes concerns, once all is loaded.
NO_PROCESSES = """
import resource, os, sys
sys.path.insert(0, {plugins!r})
import check_harbor_health, harborlib.wire.transport, socket, encodings.idna
sys.argv[0] = "check_harbor_health"
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
check_harbor_health.main()
"""


def test_no_process_and_no_thread(harbor: Simulator, plugin_python: str) -> None:
    command = [plugin_python, "-W", "error", "-c", NO_PROCESSES.format(plugins=str(runner.PLUGINS)), "-H", harbor.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert judged(outcome) == "UNKNOWN"
    assert outcome.first == "HARBOR HEALTH UNKNOWN - this monitoring host has no threads left for the plugin"


def test_no_processor_time(tmp_path: Path, plugin_python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel ends the child first, which has used more of it."""
    plugin = trial.written(tmp_path, "check_harbor_busy", "while True: pass", "being busy")
    monkeypatch.setenv("PYTHONPATH", str(runner.PLUGINS))
    limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (2, 20))  # noqa: E731
    command = [plugin_python, str(plugin), "-H", "h", "-t", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, preexec_fn=limit)
    printed = grammar.checked(Outcome(done.returncode, done.stdout, done.stderr))
    assert (printed.state, printed.text) == ("UNKNOWN", "killed by SIGXCPU while being busy")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_it_starts(number: signal.Signals, harbor: Simulator, authfile: str, plugin_python: str) -> None:
    """At any moment from the first line of ours on; before that the interpreter answers signals as it likes."""
    harbor.delay("/", 5)
    where = ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile]
    command = [plugin_python, "-v", *runner.command("check_harbor_gc", *where, python=plugin_python)[1:]]
    for wait in (0, 0.01, 0.02, 0.04, 0.06, 0.09, 0.13, 0.2, 0.3):
        outcome = stopped(command, number, wait)
        assert judged(outcome) == "UNKNOWN"
        assert f"interrupted by {number.name} while " in outcome.first


def stopped(command: list[str], number: signal.Signals, wait: float) -> Outcome:
    """Send a signal so long after harborlib took its first precaution; with -v the interpreter tells what it loads."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout
        assert process.stderr
        for line in process.stderr:
            if b"nagiosplugin" in line:
                break
        os.set_blocking(process.stderr.fileno(), False)
        time.sleep(wait)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
        return Outcome(process.returncode, out.decode())


def test_no_descriptor_for_the_ca_file(harbor: Simulator) -> None:
    """OpenSSL only says that its system library failed."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    ca_file = harbor.ca_file
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(Starved, match=r"^file descriptors$"):
            chain.load(context, ca_file, None)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    chain.load(context, ca_file, None)
