"""One check of the preloaded server: the child's side, and what the server sees of it.

The child becomes what the plugin's own process would be: its command line, environment, folder and terminal. The
plugin takes the place of the guard (guard.py): the child answers to it and ends when it is gone.
"""

from __future__ import annotations

import harbor_preloaded

import argparse
import contextlib
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from . import guard, listening, options, plugin
from .guard import ANSWER, NOTED, OVERTIME, Ending, Guard

STARTING = 10.0  # seconds in which a child must know its deadline
FACTS = len(harbor_preloaded.identity())
#: A plugin, and its parser, which is used once: in the child.
Ready = tuple[plugin.Entry, options.Parser]


class Noted(NamedTuple):
    """What a child has noted about its check, once it knows it."""

    until: float = 0.0
    output: str = "nagios"
    verbose: int = 0
    name: str = ""
    ca_file: str = ""


class Check:
    """A request and the child that works on it. What the child is doing is in memory that both see."""

    child = 0
    process = -1
    killed = False

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.started = time.monotonic()
        self.doing = mmap.mmap(-1, 2 * NOTED)

    def close(self) -> None:
        """Let go of everything."""
        self.connection.close()
        self.doing.close()
        if self.process >= 0:
            os.close(self.process)

    def note(self, until: float, args: argparse.Namespace, name: str) -> None:
        """In the child: note what the server needs if it has to end the check."""
        facts = f"{until!r} {args.output} {args.verbose} {name} ".encode()
        ca_file = os.fsencode(os.path.abspath(args.ca_file)) if args.ca_file else b""
        data = facts + (ca_file if len(facts) + len(ca_file) < NOTED - 1 else b"") + b"\0"
        self.doing[NOTED + 1 : NOTED + 1 + len(data)] = data
        self.doing[NOTED] = 1  # only now: the server looks at any time

    def noted(self) -> Noted:
        """What the child has noted so far."""
        if not self.doing[NOTED]:
            return Noted()
        data = self.doing[NOTED + 1 :].partition(b"\0")[0]
        until, output, verbose, name, ca_file = os.fsdecode(data).split(" ", 4)
        return Noted(float(until), output, int(verbose), name, ca_file)

    def until(self) -> float:
        """When the server looks at it again, at the latest: the end of its time."""
        end = self.noted().until + OVERTIME if self.doing[NOTED] else self.started + STARTING
        return max(end, time.monotonic() + 0.05) if self.killed else min(end, time.monotonic() + 1)

    def supervise(self, now: float) -> None:
        """End the child if it is past its deadline, and answer in its place."""
        noted = self.noted()
        if self.killed or now < (noted.until + OVERTIME if noted.until else self.started + STARTING):
            return
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
        if noted.until:
            ward = Guard(self.child, -1, noted.until, self.doing)
            ward.started = self.started
            args = argparse.Namespace(output=noted.output, verbose=noted.verbose)
            listening.send(self.connection, guard.encoded(plugin.lost_ending(noted.name, ward.lost(None), args)))


def serve(check: Check, entries: Mapping[str, Ready]) -> NoReturn:
    """Be the child: read the request, work on it and answer it. Without an answer the plugin runs the check itself."""
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        entry, parser = entries[become(check)]
        probe = entry.probe

        def guarded(work: plugin.Work, until: float, args: argparse.Namespace) -> Ending:
            check.note(until, args, probe.name)
            guard.be_guarded(until, check.doing)
            return work()

        guard.answer(lambda: plugin.outcome(probe, entry.show, time.monotonic(), guarded, parser))
    os._exit(0)


def become(check: Check) -> str:
    """Take on the command line, the environment, the folder and the terminal of the plugin, whose name is returned."""
    check.connection.setblocking(True)
    data, descriptors, flags, _ = socket.recv_fds(check.connection, harbor_preloaded.MOST, 4)
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or not descriptors:
        raise ValueError("not a request")
    words = data.split(b"\0")
    if [os.fsdecode(word) for word in words[:FACTS]] != harbor_preloaded.identity():
        listening.send(check.connection, harbor_preloaded.OTHER)
        raise ValueError(harbor_preloaded.OTHER)
    given = FACTS + 2 + int(words[FACTS + 1])
    name, _, *arguments = [os.fsdecode(word) for word in words[FACTS:given]]
    os.fchdir(descriptors[0])
    os.dup2(descriptors[1] if len(descriptors) > 1 else os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(check.connection.fileno(), ANSWER)
    for descriptor in (*descriptors, check.connection.detach()):
        os.close(descriptor)
    sys.argv = [name, *arguments]
    take_on(dict(variable.partition(b"=")[::2] for variable in words[given:]))
    return name


def take_on(environment: Mapping[bytes, bytes]) -> None:
    """Make this the environment; what is the same stays untouched, which is most of it."""
    for name in [name for name in os.environb if name not in environment]:
        del os.environb[name]
    for name, value in environment.items():
        if os.environb.get(name) != value:
            os.environb[name] = value
