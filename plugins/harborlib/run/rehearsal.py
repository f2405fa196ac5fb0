"""One run of each probe before the first check, against a server that knows nothing.

What is loaded or compiled at its first use is then there for every check.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator

from harborlib.text import cleaning, nagios

from . import judging, options
from .probe import Probe

ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
SECONDS = 2.0  # for one probe


def rehearse(probes: Iterable[Probe]) -> None:
    """Run each probe once, without credentials; afterwards there is no other thread."""
    with stranger() as url:
        for probe in probes:
            with contextlib.suppress(options.ParserExit):
                args = options.parse_arguments(probe.parser(), ["-H", url, "--isolate", *probe.example])
                nagios.text(judging.examine(probe, args, time.monotonic() + SECONDS), 0)
    cleaning.forget()
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(SECONDS)


@contextlib.contextmanager
def stranger() -> Iterator[str]:
    """The URL of a server that answers 404 to everything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def serve(listener: socket.socket) -> None:
    """Answer until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(SECONDS)
                if connection.recv(65536):
                    connection.sendall(ANSWER)
