"""What the preloaded server listens on, whom it listens to, and what it has loaded."""

from __future__ import annotations

import harbor_preloaded

import contextlib
import os
import select
import socket
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from harborlib.wire import tls
from harborlib.wire.failure import Unusable

BACKLOG = 512
PASSED = 3  # the descriptor of the first socket that systemd passes


@contextlib.contextmanager
def opened(path: Path) -> Iterator[socket.socket]:
    """The listening socket: the one that systemd passes, else one at this path, which is removed in the end."""
    if os.environ.pop("LISTEN_PID", "") == str(os.getpid()) and os.environ.pop("LISTEN_FDS", "") == "1":
        with socket.socket(fileno=PASSED) as passed:
            os.set_inheritable(PASSED, False)
            passed.setblocking(False)
            yield passed
        return
    folder = path.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o077:
        sys.exit(f"harbor_preloaded: {folder} must be ours alone (mode 0700)")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        if path.exists():
            if not stat.S_ISSOCK(path.stat().st_mode) or not listener.connect_ex(str(path)):
                sys.exit(f"harbor_preloaded: something else is at {path}")
            path.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        before = os.umask(0o177)
        listener.bind(str(path))
        os.umask(before)
        listener.listen(BACKLOG)
        listener.setblocking(False)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def replace(listener: socket.socket) -> None:
    """Start again in this process, with the same socket."""
    os.dup2(listener.fileno(), PASSED)
    os.set_inheritable(PASSED, True)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
    os.execv(sys.executable, sys.orig_argv if sys.version_info >= (3, 10) else [sys.executable, *sys.argv])  # noqa: S606


def is_ours(connection: socket.socket) -> bool:
    """Whether the other end runs as the same user and group."""
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", peer)[1:] == (os.geteuid(), os.getegid())


def is_gone(connection: socket.socket) -> bool:
    """Whether the other end is closed."""
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(0))


def send(connection: socket.socket, text: bytes) -> None:
    """Send without waiting; what does not get through is noticed at the other end."""
    with contextlib.suppress(OSError):
        connection.send(text, socket.MSG_DONTWAIT)


def load() -> None:
    """Load what a check may need, beyond the probes: the libraries and the system's CAs."""
    from harborlib.wire import chain, transport  # noqa: F401

    import OpenSSL.SSL  # noqa: F401

    with contextlib.suppress(ImportError):  # the first signature loads it, in today's cryptography
        import cryptography.hazmat.backends.openssl.backend  # noqa: F401
    prepare("")


def prepare(ca_file: str) -> None:
    """Load a CA file ahead, or the system's ("")."""
    with contextlib.suppress(Unusable, OSError):
        tls.prepare(ca_file or None)


def installed_places() -> list[str]:
    """What an upgrade changes: the folders of everything that is loaded, and the interpreter."""
    files = [module.__file__ for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
    return sorted({os.path.dirname(file) for file in files if file} | {sys.executable, harbor_preloaded.__file__})


def as_found(place: str) -> tuple[str, int, int]:
    """A place and its state."""
    try:
        found = os.stat(place)
    except OSError:
        return place, 0, 0
    return place, found.st_ino, found.st_mtime_ns
