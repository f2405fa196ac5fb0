"""The machine that Ansible runs on: the collection as it is published, the plugins as wheels, and a play."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ansible_roles.rootfs import CACHE, ROOT, Root, alone

COLLECTION = ROOT / "ansible"
BIN = Path(sys.executable).parent
#: Python as the tested releases have it.
PYTHONS = ("3.11", "3.13")
PACKAGE = (
    "plugins",
    "simulator",
    "icinga2",
    "nagios",
    "docs",
    "packaging",
    "setup.cfg",
    "pyproject.toml",
    "MANIFEST.in",
    "README.md",
    "LICENSE",
)
#: What chroot connections need of community.general, which ansible-core does not have.
CHROOT = ("plugins/connection/chroot.py", "meta/runtime.yml", "MANIFEST.json")
NO_INDEX = re.compile(r"No matching distribution|Could not find a version|Connection|resolve|Could not fetch")
RECAP = re.compile(r"^\S+ +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)

FAILURE = re.compile(r"^f(?:atal|ailed): \[\S+?\]:? .*?=> (?=\{)", re.MULTILINE)


class Played(NamedTuple):
    """What ansible-playbook said."""

    code: int
    out: str

    @property
    def changed(self) -> int:
        """How many tasks changed something."""
        found = RECAP.search(self.out)
        assert self.code == 0, self.out
        assert found, self.out
        return int(found[2])

    @property
    def problem(self) -> str:
        """The message of the task that failed."""
        found = FAILURE.search(self.out)
        assert found, self.out
        message: str = json.JSONDecoder().raw_decode(self.out, found.end())[0]["msg"]
        return message


def needed(name: str) -> str:
    """A command of Ansible's; skips the test where it is not installed."""
    if not (BIN / name).exists():
        pytest.skip(f"needs {name} (the extra `ansible` of setup.cfg)")
    return str(BIN / name)


def settings(folder: Path) -> dict[str, str]:
    """The environment of Ansible's commands: nothing of the user's, which chroot connections would hand on."""
    return {
        "PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
    }


def pip(*argv: str | Path) -> None:
    """Run pip; skips the test where it reaches no index."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, argv)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and NO_INDEX.search(done.stderr):
        pytest.skip("no package index can be reached")
    assert not done.returncode, done.stderr[-2000:]


def wheelhouse() -> Path:
    """The plugins and what they need as wheels, for every release that is tested."""
    files = [path for name in PACKAGE for path in sorted([ROOT / name, *(ROOT / name).rglob("*")])]
    content = [str(path).encode() + path.read_bytes() for path in files if path.is_file() and path.suffix != ".pyc"]
    key = hashlib.sha256(b"\0".join([repr(PYTHONS).encode(), *content])).hexdigest()
    with alone("wheels") as place:
        stamp = CACHE / "wheels.key"
        if not place.exists() or not stamp.exists() or stamp.read_text() != key:
            shutil.rmtree(place, ignore_errors=True)
            source = CACHE / "wheels.source"
            shutil.rmtree(source, ignore_errors=True)
            copy_package(source)
            pip("wheel", "--no-deps", f"--wheel-dir={place}", source)
            shutil.rmtree(source)
            for python in PYTHONS:
                pip("download", *built_for(python), f"--dest={place}", *place.glob("check_harbor-*.whl"))
            stamp.write_text(key)
    return place


def copy_package(folder: Path) -> None:
    """What the package is built from, so that nothing is left behind in the checkout."""
    folder.mkdir()
    for name in PACKAGE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, folder)


def built_for(python: str) -> list[str]:
    """Options of pip: only what runs on this Python of a Debian."""
    tags = ("manylinux2014", "manylinux_2_28", "manylinux_2_34")
    platforms = [f"--platform={tag}_{platform.machine()}" for tag in tags]
    return ["--only-binary=:all:", f"--python-version={python}", *platforms]


def chroot_connection(collections: Path) -> None:
    """Put community.general's chroot connection there: pip's package `ansible` bundles it."""
    with alone("community.general") as place:
        if not place.exists():
            download = CACHE / "community.general.download"
            shutil.rmtree(download, ignore_errors=True)
            pip("download", "--no-deps", "--only-binary=:all:", f"--dest={download}", "ansible")
            (wheel,) = download.glob("ansible-*.whl")
            unfinished = CACHE / "community.general.unfinished"
            with zipfile.ZipFile(wheel) as archive:
                for name in CHROOT:
                    archive.extract(f"ansible_collections/community/general/{name}", unfinished)
            (unfinished / "ansible_collections" / "community" / "general").rename(place)
            shutil.rmtree(unfinished)
            shutil.rmtree(download)
    shutil.copytree(place, collections / "ansible_collections" / "community" / "general")


class Controller:
    """Has the collection installed from the archive that is published."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        galaxy = needed("ansible-galaxy")
        self._run(galaxy, "collection", "build", str(COLLECTION), "--output-path", str(folder))
        (self.archive,) = folder.glob("check_harbor-monitoring-*.tar.gz")
        self._run(galaxy, "collection", "install", "--offline", "-p", str(folder), str(self.archive))

    def _run(self, *command: str) -> str:
        environment = settings(self.folder)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout

    def play(
        self, variables: Mapping[str, object], *argv: str, root: Root | None = None, role: str = "harbor_checks"
    ) -> Played:
        """Apply a role to this root file system, else to this machine, and see what comes of it."""
        host: dict[str, object] = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        if root:
            host = {"ansible_connection": "community.general.chroot", "ansible_host": str(root.path)}
            host["ansible_python_interpreter"] = "/usr/bin/python3"
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"monitoring": {**host, **variables}}}}))
        playbook = self.folder / "play.json"
        playbook.write_text(
            json.dumps([{"hosts": "all", "gather_facts": False, "roles": [f"check_harbor.monitoring.{role}"]}])
        )
        command = [needed("ansible-playbook"), "-i", str(inventory), str(playbook), *argv]
        enter: Sequence[str] = root.namespace.enter if root else []
        done = subprocess.run(
            [*enter, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            env=settings(self.folder),
            cwd=self.folder,
            check=False,
        )
        return Played(done.returncode, done.stdout)
