"""What a run loads: a plugin pays for no library that it does not use."""

from __future__ import annotations

import re
import subprocess

import pytest

from support import runner

REQUESTS = {"requests", "urllib3"}
OPENSSL = {"OpenSSL", "cryptography"}
FOREIGN = REQUESTS | OPENSSL


@pytest.fixture
def loaded(plugin_python, against):
    """The top-level modules that a run imports, and its exit code."""

    def run(name, *argv):
        command = [plugin_python, "-X", "importtime", str(runner.PLUGINS / f"{name}.py"), *argv]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        modules = re.findall(r"^import time: .*\| +([\w.]+)$", done.stderr, re.MULTILINE)
        assert "harborlib" in modules
        return {module.partition(".")[0] for module in modules}, done.returncode

    return run


def test_help(name, loaded):
    modules, code = loaded(name, "--help")
    assert (modules & FOREIGN, code) == (set(), 3)


def test_usage_error(name, loaded, against):
    modules, code = loaded(name, *against(name, "-w", "5:1"))
    assert (modules & FOREIGN, code) == (set(), 3)


def needed(name):
    """The certificate probe makes no request, the others look into no chain, and whoever runs all needs all."""
    if name in runner.RUNS_OTHERS:
        return FOREIGN
    return OPENSSL if name in runner.HANDSHAKE_ONLY else REQUESTS


def test_run(name, loaded, against, harbor):
    modules, code = loaded(name, *against(name, "--isolate"))
    assert (modules & FOREIGN, code) == (needed(name), 0)


def test_failing_run(name, loaded, against, harbor):
    """Nor does isolation, which asks Harbor; where there is no connection there is nothing to ask."""
    harbor.certificate = "self-signed"
    modules, code = loaded(name, *against(name, "--isolate"))
    assert modules & FOREIGN == needed(name)
    assert code in (0, 2, 3)
