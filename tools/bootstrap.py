#!/usr/bin/env python3
"""Fill .venv with what the named extras of setup.cfg need: `bootstrap.py simulator test`.

Needs a Python 3.9 or newer and a package index, nothing else. Where the distribution has split off venv's
pip (Debian: python3-venv), pip's wheel is fetched from the index and checked against the sha256 it names.
Ends at once when nothing has changed since the last run.
"""

import sys

if sys.version_info < (3, 9):  # noqa: UP036 - this file alone must still be read by older ones
    sys.exit(
        "check_harbor needs Python 3.9 or newer, {} is {}.{}.\n"
        "Name a newer one: make PYTHON=/path/to/python3 ...".format(sys.executable, *sys.version_info)
    )

import configparser
import hashlib
import html.parser
import importlib.util
import os
import platform
import re
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NOTE = VENV / "installed"  # the interpreter, then the requirements that are in
PUBLIC_INDEX = os.environ.get("PIP_INDEX_URL", "")
PIP_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")
ADVICE = (
    "The requirements come from a package index once, {index} here. Behind a mirror or proxy set\n"
    "PIP_INDEX_URL, PIP_CERT or HTTPS_PROXY as for pip (no certificates at all: install ca-certificates),\n"
    "then run the same command again."
)


def requirements(extras: list[str]) -> list[str]:
    """What the plugins need, and what each of these extras adds, as setup.cfg lists it."""
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    lists = [setup["options"]["install_requires"]]
    lists += [setup["options.extras_require"][extra] for extra in extras]
    return [line for text in lists for line in text.split("\n") if line]


def pip_setting(name: str) -> str:
    """pip's own setting: environment before user's before system's configuration file; "" if unset."""
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        home / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE", os.devnull)),
    ]
    config = configparser.RawConfigParser()
    config.read(files, encoding="utf-8")
    value = config.get("install", name, fallback=config.get("global", name, fallback=""))
    return os.environ.get("PIP_" + name.replace("-", "_").upper(), value)


class Links(html.parser.HTMLParser):
    """The attributes of every link on a page of the index (PEP 503)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, "str | None"]]) -> None:
        if tag == "a":
            self.found.append({name: value or "" for name, value in attrs})


class Index:
    """The package index that pip would use, opened as pip would: its certificate, its user and password."""

    def __init__(self) -> None:
        parts = urllib.parse.urlsplit(pip_setting("index-url") or PUBLIC_INDEX)
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
        if parts.username:
            user, password = (urllib.parse.unquote(text or "") for text in (parts.username, parts.password))
            passwords.add_password(None, self.url, user, password, is_authenticated=True)
        context = ssl.create_default_context(cafile=pip_setting("cert") or None)
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), urllib.request.HTTPBasicAuthHandler(passwords)
        )

    def fetch(self, url: str) -> bytes:
        with self._opener.open(url, timeout=60) as answer:
            return bytes(answer.read())


def newest_pip(index: Index) -> tuple[str, str, str]:
    """File name, address and sha256 of the newest pip that the index has for this Python."""
    page = f"{index.url}/pip/"
    links = Links()
    links.feed(index.fetch(page).decode())
    wheels = []
    for link in links.found:
        address, _, digest = urllib.parse.urljoin(page, link.get("href", "")).partition("#sha256=")
        name = PIP_WHEEL.fullmatch(address.rpartition("/")[2])
        oldest = re.search(r">=\s*3\.(\d+)", link.get("data-requires-python", ""))
        too_new = oldest and int(oldest[1]) > sys.version_info[1]
        if name and digest and not too_new and "data-yanked" not in link:
            version = tuple(int(number) for number in name[1].split("."))
            wheels.append((version, name[0], address, digest))
    if not wheels:
        raise LookupError(f"{index.url} names no pip with a sha256 for Python 3.{sys.version_info[1]}")
    return max(wheels)[1:]


def install_pip(index: Index) -> None:
    """pip into .venv without ensurepip: a wheel of pip can run itself."""
    name, address, digest = newest_pip(index)
    wheel = index.fetch(address)
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise LookupError(f"{address} is not the file that the index names (sha256 differs)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(wheel)
        subprocess.run([PYTHON, path / "pip", "install", "--quiet", "--no-index", path], check=True)


def main() -> None:
    wanted = requirements(sys.argv[1:])
    interpreter = f"{sys.base_prefix} {platform.python_version()}"
    noted = NOTE.read_text(encoding="utf-8").splitlines() if NOTE.is_file() and PYTHON.exists() else []
    installed = noted[1:] if noted[:1] == [interpreter] else None
    if installed is not None and set(wanted) <= set(installed):
        return
    if not os.access(VENV if VENV.exists() else ROOT, os.W_OK):
        sys.exit(f"Cannot write {VENV}, it belongs to another user. Work in a clone of your own.")
    index = Index()
    try:
        if installed is None:
            print(f"Making {VENV} with Python {platform.python_version()} ...", flush=True)
            own_pip = importlib.util.find_spec("ensurepip") is not None
            venv.EnvBuilder(clear=True, symlinks=True, with_pip=own_pip).create(VENV)
            if not own_pip:
                install_pip(index)
            installed = []
        print("Installing " + ", ".join(sorted(set(wanted) - set(installed))) + " ...", flush=True)
        pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-qq", "--retries", "2"]
        if subprocess.run([*pip, "install", *wanted], check=False).returncode:
            raise LookupError("pip could not install the requirements")
        NOTE.write_text("\n".join([interpreter, *sorted({*installed, *wanted})]), encoding="utf-8")
    except (OSError, LookupError, subprocess.CalledProcessError) as error:
        sys.exit(f"Cannot fill {VENV}: {error}\n{ADVICE.format(index=index.url)}")


if __name__ == "__main__":
    main()
