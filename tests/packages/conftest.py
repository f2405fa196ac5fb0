"""What the tests of the packages share: the packages, built once, and a namespace for root file systems."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_roles.rootfs import ROOT, Namespace, environment

NEEDED = {
    "dpkg-buildpackage": "dpkg-dev",
    "dh": "debhelper",
    "dh_python3": "dh-python",
    "help2man": "help2man",
    "lintian": "lintian",
    "rpmbuild": "rpm",
}
LIBRARIES = ("nagiosplugin", "requests", "openssl", "shtab")
BUILT_AT = "1700000000"  # seconds since 1970, as SOURCE_DATE_EPOCH: the same for whoever builds it


@pytest.fixture(scope="session")
def namespace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Namespace]:
    with Namespace(tmp_path_factory.mktemp("roots")) as namespace:
        yield namespace


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources; skips where something is missing that the packages are built with."""
    missing = [package for program, package in NEEDED.items() if not shutil.which(program, path="/usr/sbin:/usr/bin")]
    known = Path("/var/lib/dpkg/info")
    missing += [f"python3-{name}" for name in LIBRARIES if not (known / f"python3-{name}.list").exists()]
    if missing:
        pytest.skip(f"needs the Debian packages {' '.join(missing)}")
    folder = tmp_path_factory.mktemp("source") / "check-harbor"
    copied(folder)
    return folder


def copied(folder: Path) -> None:
    """The files that git knows, or would."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def build(folder: Path, *command: str) -> None:
    """Run what builds a package in a copy of the sources."""
    options = {"env": {**environment(), "SOURCE_DATE_EPOCH": BUILT_AT}, "timeout": 500, "check": False}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


@pytest.fixture(scope="session")
def deb(source: Path) -> Path:
    """The Debian package."""
    build(source, "dpkg-buildpackage", "-us", "-uc", "-b")
    (package,) = source.parent.glob("*.deb")
    return package
