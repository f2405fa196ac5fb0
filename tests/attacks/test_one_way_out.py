"""However a run ends, it reports once: usage errors among them, wherever they are noticed."""

from __future__ import annotations

from harborlib.wire import credentials

import pytest

import check_harbor_pull
import check_harbor_push
import check_harbor_triage
from harbor_simulator import Simulator
from support import runner


@pytest.mark.parametrize(
    ("name", "words", "problem"),
    [
        ("check_harbor_gc", ["--harbor=--"], "-H/--harbor: -- is not a value"),
        ("check_harbor_gc", ["-H--"], "-H/--harbor: -- is not a value"),
        ("check_harbor_quota", ["--critical=--"], "-c/--critical: -- is not a value"),
        ("check_harbor_v2", ["--isolate=--"], "--isolate: -- is not a value"),
        ("check_harbor_triage", ["--push-project", "Canary"], "--push-project: not lower case letters and digits, "),
        ("check_harbor_triage", ["--image", "priv/Img:1"], "--image: not lower case letters and digits, "),
        ("check_harbor_triage", ["--authfile", "/nowhere"], "authfile /nowhere: No such file or directory"),
        ("check_harbor_gc", ["--authfile", "/nowhere"], "authfile /nowhere: No such file or directory"),
    ],
)
def test_a_usage_error(name: str, words: list[str], problem: str, harbor: Simulator, plugin_python: str) -> None:
    """Of the command line, and of the files that it names, which the child reads."""
    outcome = runner.process(name, "-H", harbor.url, "--ca-file", harbor.ca_file, *words, python=plugin_python)
    title = name.replace("check_", "").replace("_", " ", 1).upper()
    assert outcome.first.startswith(f"{title} UNKNOWN - usage: {problem}")
    step = credentials.WRITE if "--authfile" in words else f"see {name} --help"
    assert outcome.out.splitlines()[1:] == [f"Next: {step}"]
    assert (outcome.code, outcome.err) == (3, "")
    assert outcome.seconds < 10


def test_an_option_has_one_type() -> None:
    """What triage hands to a probe is what the probe would take."""

    def taken(module, option: str):
        return module.main.probe.parser()._option_string_actions[option].type

    assert taken(check_harbor_triage, "--push-project") is taken(check_harbor_push, "--project")
    assert taken(check_harbor_triage, "--image") is taken(check_harbor_pull, "--image")


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_what_is_asked_for_comes_whole(argument: str, plugin_python: str) -> None:
    outcome = runner.process("check_harbor_certificate", argument, python=plugin_python)
    assert (outcome.code, outcome.err, outcome.out[-1]) == (3, "", "\n")
    assert "certificate" in outcome.out
