"""Root file systems of real distributions: built once and kept in .cache, and changed only in copies.

A copy is an overlay. It lives in a mount and process namespace of its own, and vanishes with it, daemons included.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
#: What is there when the role comes: Python, the engines, and systemd without being the root file system's init.
INSTALLED = "python3,python3-apt,ca-certificates,icinga2,nagios4-core,msmtp-mta,systemd"
#: What the role installs: waits in apt's cache, so that no test needs the network for it.
WAITING = "python3-venv python3-packaging python3-setuptools python3-nagiosplugin python3-requests python3-openssl"
DOWNLOAD = (
    "APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get clean && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -y"
    f" --no-install-recommends --download-only install {WAITING}"
)
UNREACHABLE = re.compile(r"Could not resolve|Temporary failure|Could not connect|Unable to connect|Failed to fetch")
#: Where the role may write, besides what apt does.
WRITTEN = ("etc", "home", "opt", "root", "srv", "usr/lib/nagios", "usr/local")
# Ends with the process that holds the other end of its standard input; until then the shell reaps what daemons leave.
SETUP = 'mount -t tmpfs tmpfs "$0" && echo ready && cat; :'
OVERLAY = """
mkdir -p "$0/upper" "$0/work" "$0/whole"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/whole"
mount -t proc proc "$0/whole/proc"
mount --rbind /dev "$0/whole/dev"
"""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


@contextlib.contextmanager
def alone(name: str) -> Iterator[Path]:
    """The place of this name in the cache, for one process at a time."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE / name


def built(release: str) -> Path:
    """The root file system of this Debian release; skips the test where it cannot be had."""
    if os.getuid() != 0:
        pytest.skip("needs root, for mounts and chroot")
    if not shutil.which("mmdebstrap"):
        pytest.skip("needs the Debian package mmdebstrap")
    options = ["--quiet", "--variant=minbase", f"--include={INSTALLED}", "--skip=cleanup/apt"]
    options.append(f"--customize-hook={DOWNLOAD}")
    key = hashlib.sha256("\n".join(options).encode()).hexdigest()[:8]
    with alone(f"{release}-{key}") as place:
        if not place.exists():
            unfinished = place.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            command = ["mmdebstrap", *options, release, str(unfinished)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=500, env=environment(), check=False)
            if done.returncode and UNREACHABLE.search(done.stderr):
                pytest.skip("no package mirror can be reached")
            assert not done.returncode, done.stderr[-2000:]
            unfinished.rename(place)
    return place


def environment() -> dict[str, str]:
    """What programs of the distribution get: nothing of a virtual environment, and no settings of pip."""
    return {**ENVIRONMENT, **{name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}}


class Namespace:
    """Mounts and processes of their own, as a context manager; `folder` is a file system in memory there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count()

    def __enter__(self) -> Namespace:
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP, str(self.folder)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self._holder = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
        if self._holder.stdout.readline() != "ready\n":
            self.__exit__()
            pytest.skip("needs root with the right to mount")
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        self.pid = int(children.read_text())
        self.enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid"]
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.communicate()

    def seen(self, path: Path) -> Path:
        """A path in there as it is reached from here."""
        return Path(f"/proc/{self.pid}/root{path}")


class Root:
    """A root file system in a namespace that can be changed; `seen` is it as reached from here."""

    def __init__(self, namespace: Namespace, lower: Sequence[str]) -> None:
        self.namespace = namespace
        self._lower = lower
        folder = namespace.folder / str(next(namespace.numbers))
        self._upper = str(folder / "upper")
        self.path = folder / "whole"
        self.seen = namespace.seen(self.path)
        command = [*namespace.enter, "sh", "-ec", OVERLAY, str(folder), ":".join(lower)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            pytest.skip(f"needs a kernel with overlay file systems: {done.stderr.strip()}")

    def copy(self) -> Root:
        """Another one that begins as this is now, which must not change any more."""
        return Root(self.namespace, [self._upper, *self._lower])

    def command(self, *argv: str, user: str = "root") -> list[str]:
        """How a program is started in there."""
        become = [] if user == "root" else ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return [*self.namespace.enter, "chroot", str(self.path), *become, *argv]

    def run(self, *argv: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        """Run a program in there."""
        command = self.command(*argv, user=user)
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(), check=False)

    def files(self) -> Mapping[str, str]:
        """Everything where the role may write: type, mode, owner and content, by path."""
        found = {}
        for top in WRITTEN:
            for folder, folders, files in os.walk(self.seen / top):
                for name in [*folders, *files]:
                    path = Path(folder, name)
                    found[str(path.relative_to(self.seen))] = described(path)
        return {path: what for path, what in found.items() if "/.ansible" not in path and "__pycache__" not in path}


def described(path: Path) -> str:
    """A file in one line."""
    status = path.lstat()
    what = f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid}"
    if stat.S_ISLNK(status.st_mode):
        return f"{what} -> {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        return f"{what} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return what


def different(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The paths that were added, removed or changed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
