#!/usr/bin/env python3
"""Fill .venv with the requirements of the named extras of setup.cfg: `bootstrap.py simulator test`.

Needs a Python 3.9 or newer and a package index, nothing else. If the distribution has split off venv's
pip (Debian: python3-venv), pip's wheel comes from the distribution's own mirrors, without touching the system.
Exits at once if nothing has changed since the last run.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036 - older Pythons must be able to parse this file
    sys.exit(
        "check_harbor needs Python 3.9 or newer, {} is {}.{}.\n"
        "Name a newer one: make PYTHON=/path/to/python3 ...".format(sys.executable, *sys.version_info)
    )

import configparser
import importlib.util
import os
import platform
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NOTE = VENV / "installed"  # the interpreter, then the installed requirements
WHEEL_PACKAGE = "python3-pip-whl"  # the package of Debian and Ubuntu that contains pip as a wheel
ADVICE = (
    "The requirements come from pip's package index once. Behind a mirror or proxy set PIP_INDEX_URL, PIP_CERT\n"
    "or HTTPS_PROXY (no certificates at all: install ca-certificates), then run the same command again."
)


def requirements(extras: list[str]) -> list[str]:
    """The requirements of the plugins and of these extras, as listed in setup.cfg."""
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lists = [setup["options"]["install_requires"]]
    lists += [setup["options.extras_require"][extra] for extra in extras]
    return [line for text in lists for line in text.split("\n") if line]


def apt(folder: Path, *command: str) -> None:
    """Run apt-get with its own lists and cache: needs no root, leaves the system unchanged."""
    settings = [f"Dir::State::Lists={folder}/lists", f"Dir::Cache={folder}/cache", "Debug::NoLocking=true"]
    options = [word for setting in [*settings, "APT::Sandbox::User="] for word in ("-o", setting)]
    (folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "-qq", *options, *command], cwd=folder, check=True, stdin=subprocess.DEVNULL)


def install_pip() -> None:
    """Install pip into .venv if the distribution has split off ensurepip: its own wheel, from its own mirrors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apt(folder, "update")
        apt(folder, "download", WHEEL_PACKAGE)
        (package,) = folder.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package.name, "."], cwd=folder, check=True)
        (wheel,) = folder.glob("usr/share/python-wheels/pip-*.whl")
        subprocess.run([PYTHON, wheel / "pip", "install", "--quiet", "--no-index", wheel], check=True)


def main() -> None:
    """Create .venv, or leave it unchanged if it has everything."""
    wanted = requirements(sys.argv[1:])
    interpreter = f"{sys.base_prefix} {platform.python_version()}"
    noted = NOTE.read_text(encoding="utf-8").splitlines() if NOTE.is_file() and PYTHON.exists() else []
    installed = noted[1:] if noted[:1] == [interpreter] else None
    if installed is not None and set(wanted) <= set(installed):
        return
    if not os.access(VENV if VENV.exists() else ROOT, os.W_OK):
        sys.exit(f"Cannot write {VENV}, it belongs to another user. Work in a clone of your own.")
    try:
        if installed is None:
            print(f"Making {VENV} with Python {platform.python_version()} ...", flush=True)
            own_pip = importlib.util.find_spec("ensurepip") is not None
            venv.EnvBuilder(clear=True, symlinks=True, with_pip=own_pip).create(VENV)
            if not own_pip:
                install_pip()
            installed = []
        print("Installing " + ", ".join(sorted(set(wanted) - set(installed))) + " ...", flush=True)
        pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-qq", "--retries", "2"]
        if subprocess.run([*pip, "install", *wanted], check=False).returncode:
            raise LookupError("pip could not install the requirements")
        NOTE.write_text("\n".join([interpreter, *sorted({*installed, *wanted})]), encoding="utf-8")
    except (OSError, LookupError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"Cannot fill {VENV}: {error}\n{ADVICE}")


if __name__ == "__main__":
    main()
