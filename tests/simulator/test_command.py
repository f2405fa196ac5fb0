"""The command check_harbor_simulator, as a process."""

from __future__ import annotations

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

import harbor_simulator
from harbor_simulator import Simulator
from harbor_simulator.certificates import KINDS
from harbor_simulator.command import parser
from harbor_simulator.faults import FAULTS
from harbor_simulator.hostile import DISTORTIONS
from support import runner

CHECKOUT = Path(__file__).resolve().parents[2] / "simulator"
COMMAND = (sys.executable, "-W", "error", "-m", "harbor_simulator")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(harbor_simulator.__file__).parents[1])}


def run(*options: str, command: tuple[str, ...] = COMMAND) -> subprocess.CompletedProcess[str]:
    """A run that ends by itself."""
    words = [*command, *options]
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving(*options: str, end: signal.Signals = signal.SIGTERM) -> Iterator[tuple[dict[str, str], list[list[str]]]]:
    """A running one: the facts and the commands that it prints. It must end quietly, with 0."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *options], env=ENVIRONMENT, **pipes) as process:
        assert process.stdout
        try:
            lines = [process.stdout.readline().rstrip("\n") for _ in range(14)]
            facts = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
            yield facts, [shlex.split(line[2:]) for line in lines if line.startswith("# ")]
        finally:
            process.send_signal(end)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def test_all_that_it_prints_works() -> None:
    with serving() as (facts, commands):
        assert list(facts) == [
            "url", "ca_file", "username", "password", "authfile", "canary_username", "canary_password",
            "canary_authfile", "switches",
        ]  # fmt: skip
        assert facts["switches"] == "none"
        for who in ("", "canary_"):
            login = (facts[f"{who}username"], facts[f"{who}password"])
            info = requests.get(facts["url"] + "/api/v2.0/systeminfo", auth=login, verify=facts["ca_file"], timeout=30)
            assert "current_time" in info.json()
            assert stat.filemode(os.stat(facts[f"{who}authfile"]).st_mode) == "-rw-------"
        outcomes = [runner.process(*words, "-w", "50s", "-c", "55s") for words in commands]  # on any machine
    assert [words[0].rpartition("_")[2] for words in commands] == ["health", "queue", "login", "pull", "push"]
    assert [(outcome.code, outcome.err) for outcome in outcomes] == [(0, "")] * 5
    assert not Path(facts["ca_file"]).parent.exists()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_is_as_broken_as_it_was_asked_for(end: signal.Signals) -> None:
    options = ["--switch", "registry-down", "--switch", "portal-down", "--certificate", "days-left=5"]
    with serving(*options, end=end) as (facts, _):
        assert facts["switches"] == "registry-down,portal-down"
        login = (facts["username"], facts["password"])
        assert requests.get(facts["url"] + "/v2/", auth=login, verify=facts["ca_file"], timeout=30).status_code == 502


def test_plain_http() -> None:
    with serving("--http") as (facts, commands):
        assert requests.get(facts["url"] + "/api/v2.0/ping", timeout=30).text == "Pong"
        assert commands[0] == ["check_harbor_health", "-H", facts["url"]]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_early_signal_ends_it_quietly(end: signal.Signals) -> None:
    """While the libraries are loaded and the certificates made."""
    blocked = [sys.executable, "-c", "import harbor_simulator.command as c; print('.', flush=True); c.main()"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(blocked, env=ENVIRONMENT, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == ".\n"
        time.sleep(0.02)
        process.send_signal(end)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_a_library_that_is_missing() -> None:
    library = "cryptography"
    code = f"import sys; sys.modules[{library!r}] = None; from harbor_simulator.command import main; sys.exit(main())"
    done = run(command=(sys.executable, "-c", code))
    told = f"the Python library {library} is missing: pip install 'check-harbor[simulator]'"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"check_harbor_simulator: {told}\n")


@pytest.mark.parametrize("command", [COMMAND, (sys.executable, "-W", "error", str(CHECKOUT))])
def test_lists_every_switch(command: tuple[str, ...]) -> None:
    done = run("--list", command=command)
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == [*FAULTS, *DISTORTIONS, "status-NNN"]
    assert (done.returncode, done.stderr) == (0, "")


def test_help_names_every_kind_of_certificate_and_has_examples_that_parse() -> None:
    text = run("--help").stdout
    assert f"Certificates: {', '.join(KINDS)}, days-left=N Examples:" in " ".join(text.split())
    examples = re.findall(r"^  check_harbor_simulator(.*)$", text.partition("Examples:")[2], flags=re.MULTILINE)
    for example in examples:
        args = parser().parse_args(example.split())
        Simulator(*args.switch, certificate=args.certificate)
    assert len(examples) == 3


@pytest.mark.parametrize("option", ["--switch", "--certificate"])
def test_refuses_what_it_does_not_know(option: str) -> None:
    done = run(option, "nonsense")
    assert (done.returncode, "nonsense" in done.stderr.splitlines()[-1]) == (2, True)
    assert "Traceback" not in done.stderr


def test_says_in_one_line_that_it_cannot_listen(harbor: Simulator) -> None:
    for port in (str(harbor.port), "99999"):
        done = run("--port", port)
        assert (done.returncode, done.stdout) == (2, "")
        assert re.fullmatch(f"check_harbor_simulator: cannot listen on port {port}: .+\n", done.stderr)
