"""The preloaded server: everything is loaded once, and each check runs in a forked child of its own.

It never reads a request. The child does, which then looks like the plugin's process (served.py) and answers to the
plugin itself. The server only counts, ends children that are past their deadline, and replaces itself when the
installation changes. docs/preloaded.md says when it is worth it, SECURITY.md what it is trusted with.
"""

from __future__ import annotations

import harbor_preloaded

import argparse
import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import time
import warnings
from pathlib import Path

from harborlib import __version__
from harborlib.wire import tls

from . import listening, rehearsal, served
from .guard import HANDLED
from .probe import PREFIX, installed

CHILDREN = 64  # checks at the same time; most of them wait for Harbor
WAITING = 1000  # requests that wait for a place; further ones are refused, and the plugins run without the server
SILENT = 1.0  # seconds in which a plugin must send its request
LOOK = 1.0  # seconds between two looks at the installed files
CHANGED = "the installation changed"
CA_FILES = 100  # CA files that are loaded ahead


class Server:
    """The listening socket and what came in through it: connections that have sent nothing, requests, children."""

    def __init__(self, listener: socket.socket, children: int) -> None:
        self.listener = listener
        self.most = children
        self.entries = {
            f"{PREFIX}{probe.name}": (sys.modules[probe.module].main, probe.parser()) for probe in installed()
        }
        self.selector = selectors.PollSelector()
        self.silent: dict[socket.socket, float] = {}
        self.waiting: list[socket.socket] = []
        self.checks: dict[int, served.Check] = {}
        self.ca_files: list[str] = []
        self.stopping = ""
        self.looked = time.monotonic()
        self.places = listening.installed_places()
        self.installation = [listening.as_found(place) for place in self.places]

    def run(self) -> str:
        """Serve until told to stop, or until the installation changed; returns the reason when all children ended."""
        wake, alarm = socket.socketpair()
        for end in (wake, alarm):
            end.setblocking(False)
        signal.set_wakeup_fd(alarm.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _: self.stop(signal.Signals(got).name))
        self.selector.register(wake, selectors.EVENT_READ, lambda: wake.recv(4096))
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.others = (wake, alarm)
        gc.collect()
        gc.freeze()  # a collection in a child would touch, and so copy, all of our objects
        while self.checks or not self.stopping:
            for key, _ in self.selector.select(self.patience()):
                key.data()
            self.tidy()
        return self.stopping

    def stop(self, reason: str) -> None:
        """Take no further request; those without a child run without the server."""
        if self.stopping:
            return
        self.stopping = reason
        self.selector.unregister(self.listener)
        for connection in [*self.silent, *self.waiting]:
            self.drop(connection)

    def drop(self, connection: socket.socket) -> None:
        """Forget a connection."""
        if connection in self.silent:
            del self.silent[connection]
            self.selector.unregister(connection)
        if connection in self.waiting:
            self.waiting.remove(connection)
        connection.close()

    def patience(self) -> float | None:
        """Seconds until something has to be done without an event."""
        if self.waiting and len(self.checks) < self.most:
            return 0
        times = [since + SILENT for since in self.silent.values()] + [check.until() for check in self.checks.values()]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def accept(self) -> None:
        """Take all connections that are there: each waits to hear that the server is alive."""
        with contextlib.suppress(BlockingIOError):
            while not self.stopping:
                self.take(self.listener.accept()[0])

    def take(self, connection: socket.socket) -> None:
        """Take a connection of our own user; whoever else comes is not heard."""
        if not listening.is_ours(connection) or len(self.silent) + len(self.waiting) >= WAITING:
            connection.close()
            return
        if time.monotonic() - self.looked > LOOK:
            self.looked = time.monotonic()
            if [listening.as_found(place) for place in self.places] != self.installation:
                connection.close()
                self.stop(CHANGED)
                return
        self.silent[connection] = time.monotonic()
        self.selector.register(connection, selectors.EVENT_READ, lambda: self.hear(connection))

    def hear(self, connection: socket.socket) -> None:
        """A request has arrived, or the plugin is gone."""
        if connection not in self.silent:
            return
        del self.silent[connection]
        self.selector.unregister(connection)
        self.waiting.append(connection)
        if len(self.waiting) > 1 or len(self.checks) >= self.most:  # not at once: it must know that we are alive
            listening.send(connection, b"w")

    def tidy(self) -> None:
        """End what is too late, then start one check that waits, if there is a place: others may come meanwhile."""
        now = time.monotonic()
        for connection in [each for each, since in self.silent.items() if since + SILENT <= now]:
            self.drop(connection)
        for check in self.checks.values():
            check.supervise(now)
        if self.waiting and len(self.checks) < self.most:
            connection = self.waiting.pop(0)
            if listening.is_gone(connection):
                connection.close()
            else:
                self.start(connection)

    def start(self, connection: socket.socket) -> None:
        """Fork a child for a request."""
        check = served.Check(connection)
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)  # until the child has its own handlers
        try:
            check.child = os.fork()
            if check.child == 0:
                self.forget()
                served.serve(check, self.entries)
            check.process = os.pidfd_open(check.child)
        except OSError:  # no process: the plugin runs without us
            check.close()
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        listening.send(connection, b"g%d" % check.child)
        self.checks[check.child] = check
        self.selector.register(check.process, selectors.EVENT_READ, lambda: self.ended(check))

    def forget(self) -> None:
        """In a child: let go of everything that belongs to the server and to other checks."""
        signal.set_wakeup_fd(-1)
        for connection in [self.listener, *self.others, *self.silent, *self.waiting]:
            connection.close()
        for check in self.checks.values():
            check.close()

    def ended(self, check: served.Check) -> None:
        """A child has ended."""
        self.selector.unregister(check.process)
        del self.checks[check.child]
        os.waitpid(check.child, 0)
        ca_file = check.noted().ca_file
        check.close()
        if ca_file:
            self.ca_files = [*[known for known in self.ca_files if known != ca_file], ca_file]
            while len(self.ca_files) > CA_FILES:
                tls.forget(self.ca_files.pop(0))
        listening.prepare(ca_file)


def main() -> None:
    """The command harbor_preloaded."""
    parser = argparse.ArgumentParser(prog="harbor_preloaded", description=__doc__, allow_abbrev=False)
    path = os.environ.get(harbor_preloaded.VARIABLE.decode(), harbor_preloaded.SOCKET.decode())
    parser.add_argument("--socket", metavar="PATH", default=path, help="where to listen, if systemd passes no socket")
    parser.add_argument("--children", metavar="N", type=int, default=CHILDREN, help="checks at once (%(default)s)")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    with listening.opened(Path(args.socket)) as listener:
        listening.load()
        rehearsal.rehearse(installed())
        server = Server(listener, args.children)
        log(f"listens on {listener.getsockname()}, runs at most {args.children} checks at once")
        reason = server.run()
        log(f"stops: {reason}")
        if reason == CHANGED:
            listening.replace(listener)


def log(text: str) -> None:
    """One line for the journal."""
    print(f"harbor_preloaded {__version__}: {text}", file=sys.stderr, flush=True)
