"""--help and --version: on stdout, exit code 3, and the docstring is the page."""

from __future__ import annotations

import importlib
import os
import re

from harborlib import __version__

from contract import loaded
from contract.conftest import for_every_plugin
from support import runner

SECTIONS = ("States:\n", "Perfdata:\n", "Permissions: ", " Harbor: ", "Does not see: ")


def probe(name):
    return importlib.import_module(name).main.probe


def test_help(name, plugin_python):
    option = runner.turn(name, ["-h", "--help"])
    outcome, modules = loaded.run(name, option, python=plugin_python, env={**os.environ, "COLUMNS": "130"})
    assert (outcome.code, outcome.err, modules) == (3, "", set())
    assert outcome.out.isascii()
    heading, page = outcome.out.split("\n\n", 1)
    needed = {
        "artifact": " --artifact P/R:TAG",
        "component": " --component NAME",
        "login": " --repository P/R",
        "pull": " --image P/R:TAG",
        "push": " --project P",
    }
    assert heading == f"usage: {name} -H URL{needed.get(name.replace('check_harbor_', ''), '')} [options]"
    assert page.startswith(probe(name).doc.strip() + "\n\n")


def test_help_fits_a_narrow_terminal(monkeypatch):
    """Wrapped between words, and not one of them lost."""

    def fits(name):
        pages = {}
        for columns in (80, 130):
            monkeypatch.setenv("COLUMNS", str(columns))
            pages[columns] = probe(name).parser().format_help()
        assert [line for line in pages[80].splitlines() if len(line) > 80] == []
        assert pages[80].split() == pages[130].split()
        assert "\n  OK " in pages[80]

    for_every_plugin(fits)


def test_examples_are_valid(monkeypatch):
    """As a shell reads them, on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")

    def valid(name):
        parser = probe(name).parser()
        _, _, examples = parser.format_help().partition("\nExamples:\n\n")
        for example in examples.split("\n\n")[:2]:
            assert "\n" not in example.replace(" \\\n", " ")
            command, *words = example.replace("\\\n", " ").split()
            assert command == name
            assert "--authfile" in words or not (probe(name).asks or probe(name).account.startswith("yes"))
            assert parser.parse_args(words).harbor.host == "harbor.example.com"

    for_every_plugin(valid)


def test_version(name, plugin_python):
    option = runner.turn(name, ["-V", "--version"])
    outcome = runner.process(name, option, python=plugin_python)
    assert (outcome.code, outcome.out, outcome.err) == (3, f"{name} {__version__}\n", "")


def test_help_has_what_an_operator_needs():
    def complete(name):
        doc = probe(name).doc
        assert doc.split("\n")[0].endswith("?"), "the first line is the question that the probe answers"
        for section in SECTIONS:
            assert section in doc
        for state in ("OK", "WARNING", "CRITICAL", "UNKNOWN"):
            assert re.search(rf"^  {state} +\S", doc, re.MULTILINE)

    for_every_plugin(complete)


def test_every_option_is_explained():
    def explained(name):
        actions = probe(name).parser()._actions
        assert all(action.help for action in actions)
        assert not [action.dest for action in actions if not action.option_strings], "positional arguments"
        options = [option for action in actions for option in action.option_strings]
        assert len(options) == len(set(options))

    for_every_plugin(explained)


def test_is_a_program():
    def program(name):
        file = runner.PLUGINS / f"{name}.py"
        assert os.access(file, os.X_OK)
        assert file.read_text().startswith('#!/usr/bin/env python3\n"""')

    for_every_plugin(program)
