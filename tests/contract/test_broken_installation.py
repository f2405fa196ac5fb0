"""A library that is missing or broken: exit code 3 and one line, instead of a traceback and WARNING."""

from __future__ import annotations

import ast
import subprocess

import pytest

from support import runner
from support.cases import for_each
from support.pythons import bare_python

#: What stands where a library should be.
STUBS = {
    "missing": "raise ModuleNotFoundError(f'No module named {__name__!r}', name=__name__)\n",
    "broken": "raise RuntimeError('cannot load\\n  libssl | x')\n",
    "half": "raise ImportError(f'cannot import name | from {__name__}')\n",
    "foreign": "this is not Python 3\n",
}


def run(python, name, argv, stubs, monkeypatch):
    """A run with these modules in front of the installed ones."""
    monkeypatch.setenv("PYTHONPATH", str(stubs))
    command = [python, str(runner.PLUGINS / f"{name}.py"), *argv]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def one_line(done, python, title="HARBOR"):
    """What is wrong, from the one line that is printed."""
    assert (done.returncode, done.stderr) == (3, ""), done
    first, remedy, end = done.stdout.split("\n")
    assert end == ""
    assert first.startswith(f"{title} UNKNOWN - ")
    return first[len(f"{title} UNKNOWN - ") :], remedy


def test_nagiosplugin(name, plugin_python, tmp_path, monkeypatch):
    (tmp_path / "nagiosplugin.py").write_text(STUBS[runner.turn(name, list(STUBS))])
    done = run(plugin_python, name, ["-H", "harbor.example.com"], tmp_path, monkeypatch)
    problem, remedy = one_line(done, plugin_python)
    assert problem.startswith("broken installation: ")
    assert remedy == f"Next: install nagiosplugin, requests and pyOpenSSL for {plugin_python}"


@pytest.fixture(scope="module")
def bare(plugin_python, tmp_path_factory):
    return bare_python(tmp_path_factory.mktemp("bare"), plugin_python)


def test_no_libraries_at_all(name, bare, monkeypatch):
    monkeypatch.setenv("HARBOR_PRELOADED", "")  # a server that runs has its libraries
    done = subprocess.run([bare, str(runner.PLUGINS / f"{name}.py")], capture_output=True, text=True)
    assert one_line(done, bare)[0] == "broken installation: No module named 'nagiosplugin'"


def test_requests_or_pyopenssl(name, plugin_python, tmp_path, monkeypatch, against):
    library, stubs = "requests", [runner.turn(name, ["missing", "half"])]
    if name in runner.HANDSHAKE_ONLY:  # few, or one: no turns
        library, stubs = "OpenSSL", ["missing", "half"]
    words = {"missing": f"No module named '{library}'", "half": f"cannot import name / from {library}"}
    for stub in stubs:
        (tmp_path / f"{library}.py").write_text(STUBS[stub])
        done = run(plugin_python, name, against(name), tmp_path, monkeypatch)
        problem, remedy = one_line(done, plugin_python, name.replace("check_", "").replace("_", " ", 1).upper())
        assert problem.split(" | ")[0] == f"broken installation: {words[stub]}"
        assert remedy == f"Next: install nagiosplugin, requests and pyOpenSSL for {plugin_python}"


@pytest.mark.parametrize("stub", ["broken", "foreign"])
def test_requests_or_pyopenssl_fails(stub, plugin_python, tmp_path, monkeypatch, against):
    """As a pyOpenSSL does that is older than its cryptography."""
    for name, library in (("check_harbor_certificate", "OpenSSL"), ("check_harbor_health", "requests")):
        (tmp_path / f"{library}.py").write_text(STUBS[stub])
        done = run(plugin_python, name, against(name), tmp_path, monkeypatch)
        problem, _ = one_line(done, plugin_python, name.replace("check_", "").replace("_", " ", 1).upper())
        assert problem.startswith("internal error: ")


def test_an_old_python_gets_as_far_as_saying_so():
    """Down to 3.6 it can read the probe and the first file of harborlib, which says that it is too old."""

    def readable(path):
        tree = ast.parse(path.read_text(), feature_version=(3, 6))
        futures = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
        assert futures == []

    probes = [runner.PLUGINS / f"{name}.py" for name in runner.NAMES]
    for_each([*probes, runner.PLUGINS / "harborlib" / "__init__.py"], readable)
