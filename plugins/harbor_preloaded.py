"""Asks the preloaded server to run this check. Without an answer from it, the plugin runs the check itself.

Every plugin imports this module before anything else. It imports only what Python has built in: the start of an
interpreter and these lines are all that a check costs here. docs/preloaded.md describes the server.

The one message to the server is the facts by which it recognizes itself (`identity`), the command line and the
environment, with the working directory and, if it is a terminal, stdout as descriptors. The server answers `w` (wait
for a free place), `g` and the id of the process that runs the check, then the exit code, the text and a NUL; or,
without a NUL, why it does not run the check.
"""

import _signal  # type: ignore[import-not-found]  # `signal` loads enum, and `socket` much more
import _socket
import posix
import sys

#: Where the server listens, unless the variable HARBOR_PRELOADED names another socket; empty: do not ask.
SOCKET = b"/run/check_harbor/preloaded.sock"
VARIABLE = b"HARBOR_PRELOADED"
#: With these variables the check may load other code than the server has.
OTHERWISE = {b"LD_PRELOAD", b"LD_LIBRARY_PATH", b"PYTHONPATH", b"PYTHONHOME", b"PYTHONUSERBASE"}
MOST = 150000  # bytes of a message in either direction
HEARD = 1.0  # seconds until the server has taken a connection
PATIENCE = 5.0  # seconds until the server has reacted: a third of the default time limit
SHORT = 1.0  # the same with a time limit that is not read here
LONGEST = 90.0  # seconds for an answer: the server and the child keep the deadline, this is for broken ones
GRACE = 3  # seconds from a signal to the answer
END = b"\0"
OTHER = b"it is of another installation, or in another namespace"
ROOM = "set the engine's check timeout higher than -t"

#: When the server was asked in vain, by time.monotonic: the time limit of the plugin starts there.
asked = 0.0
#: Why the server did not run this check, for -v; "" if it was not expected to, or if it did.
unused = ""


def identity() -> list:  # type: ignore[type-arg]  # read by old Pythons, too
    """What the server must share with the plugin: the installation, the interpreter and the namespaces."""
    spaces = [posix.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "pid", "user")]
    return [__file__, sys.executable, *spaces]


def ask(name: str) -> str:
    """Have the server run the plugin of this name, and end with its exit code; return why it cannot."""
    path = posix.environ.get(VARIABLE, SOCKET)
    if not path:
        return ""
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
    try:
        ours = (0, posix.geteuid())
        folder = posix.stat(path.rpartition(b"/")[0] or b".")
        if folder.st_uid not in ours or folder.st_mode & 0o022:
            return "its folder belongs to another user, or others may write to it"
        posix.stat(path)
        if sys._xoptions or not OTHERWISE.isdisjoint(posix.environ):
            return "PYTHONPATH, or another setting that it does not share, is set"
        server.settimeout(HEARD)
        server.connect(path)
        credentials = server.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
        if int.from_bytes(credentials[4:8], sys.byteorder) not in ours:
            return "it runs as another user"
        here = posix.open(".", posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
        # The engine waits until nobody holds its pipe, so the server gets stdout only if it is a terminal.
        passed = (here, 1) if posix.isatty(1) else (here,)
        descriptors = b"".join([number.to_bytes(4, sys.byteorder) for number in passed])
        server.sendmsg([message(name)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
        posix.close(here)
        return Asked(server).wait()
    except FileNotFoundError as error:
        return str(error.strerror) if VARIABLE in posix.environ else ""
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:
        return str(error)
    finally:
        server.close()


def message(name: str) -> bytes:
    """The request."""
    words = [*identity(), name, str(len(sys.argv) - 1), *sys.argv[1:]]
    variables = [key + b"=" + value for key, value in posix.environ.items()]
    return END.join([*[word.encode(errors="surrogateescape") for word in words], *variables])


def patience() -> float:
    """Seconds until the server must have reacted: on a busy host the check would be slower without it."""
    for word, following in zip(sys.argv, [*sys.argv[1:], ""]):
        if word.startswith(("-t", "--timeout", "--options-file")):
            value = (word.lstrip("-timeou=") or following).rstrip("s")  # also -t45 and --timeout=45
            return int(value) / 3 if value.isdecimal() and len(value) < 5 else SHORT
    return PATIENCE


class Asked:
    """A request that was sent. Signals are passed on to the process that runs the check, which reports them."""

    def __init__(self, server: _socket.socket) -> None:
        self.server = server
        self.child = 0
        self.signal = ""
        self.silence = ""

    def wait(self) -> str:
        """Print the answer and end with its exit code; return, with the signals as before, why there is none."""
        global asked  # noqa: PLW0603  the plugin's time limit includes this wait
        import time

        asked = time.monotonic()
        signals = {_signal.SIGTERM: "SIGTERM", _signal.SIGINT: "SIGINT", _signal.SIGHUP: "SIGHUP"}
        handlers = {number: _signal.signal(number, lambda got, _: self.stop(got, signals[got])) for number in signals}
        try:
            answer = self.answer()
        except OSError:
            answer = b""
        if answer[-1:] == END:
            code, _, text = answer[:-1].partition(b" ")
            finish(int(code), text)
        if self.signal:
            self.interrupted()
        for number, handler in handlers.items():
            _signal.signal(number, handler)
        return answer.decode() or self.silence

    def answer(self) -> bytes:
        """The last message of the server, or b""; raises OSError. Until it is there, `silence` says what is wrong."""
        import time

        self.silence = "it does not answer"
        self.server.settimeout(patience())
        heard = self.server.recv(MOST)
        if heard == b"w":
            self.silence = "all its places are taken"
            self.server.settimeout(max(0.01, asked + 1.5 * patience() - time.monotonic()))  # half of the time limit
            heard = self.server.recv(MOST)
        if heard[:1] != b"g":  # nothing, or the child was faster
            return heard
        self.child = int(heard[1:])
        self.silence = "its child gave no answer"
        self.server.settimeout(LONGEST)
        return self.server.recv(MOST)

    def stop(self, number: int, name: str) -> None:
        """Signal handler."""
        if self.signal:
            return
        self.signal = name
        if not self.child:
            self.interrupted()
        _signal.signal(_signal.SIGALRM, lambda *_: self.interrupted())
        _signal.alarm(GRACE)
        posix.kill(self.child, number)

    def interrupted(self) -> None:
        """Leave without an answer."""
        text = (
            f"HARBOR UNKNOWN - interrupted by {self.signal} while the preloaded server runs the check\nNext: {ROOM}\n"
        )
        finish(3, text.encode())


def finish(code: int, text: bytes) -> None:
    """Print the answer and leave. If nobody reads it, the exit code must still carry the state."""
    try:
        while text:
            text = text[posix.write(1, text) :]
    except OSError:
        pass
    posix._exit(code)


def main() -> None:
    """Run the server."""
    from harborlib.run import server

    server.main()


_name = (sys.argv[0] if sys.argv else "").rpartition("/")[2].partition(".")[0]
if __name__ == "__main__":
    sys.path[:0] = [__file__.rpartition("/")[0]] if __file__.rpartition("/")[0] not in sys.path else []
    main()
elif _name.startswith("check_harbor_"):  # otherwise this is not our process
    unused = ask(_name)
    if sys.flags.no_site:  # as in our start scripts: looking for libraries takes longer than asking
        import site

        site.main()
