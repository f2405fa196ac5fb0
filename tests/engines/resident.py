"""The plugins without the start of an interpreter: one process runs their code, a few lines of shell ask it.

For the runs that need hundreds of checks a minute.
"""

from __future__ import annotations

import socketserver
import subprocess
import sys
import time
from pathlib import Path

from support import runner

DAY = 86400
CLIENT = """#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port} || exit 3
printf '%s\\n' $(($# + 1)) {name} "$@" >&3
read -r code <&3
while IFS= read -r line; do printf '%s\\n' "$line"; done <&3
exit "${{code:-3}}"
"""


class Resident:
    """The process, as a context manager.

    With `days`, a file, a moment of the test stands for a day of the calendar: `turn` begins the next one.
    """

    def __init__(self, days: Path | None = None) -> None:
        self._days = days

    def __enter__(self) -> Resident:
        paths = [path for path in sys.path if path]
        code = (
            f"import sys; sys.path[:0] = {paths!r}; from engines import resident; resident.serve({str(self._days)!r})"
        )
        self._process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def install(self, folder: Path) -> Path:
        """Write an executable for each plugin into a new folder."""
        folder.mkdir(parents=True)
        for name in runner.NAMES:
            (folder / name).write_text(CLIENT.format(port=self.port, name=name))
            (folder / name).chmod(0o755)
        return folder

    def turn(self, days_left: int) -> None:
        """From now on it is the day with so many days left."""
        assert self._days
        with self._days.open("a") as file:
            file.write(f"{time.time()} {days_left}\n")


class Handler(socketserver.StreamRequestHandler):
    """One run: the number of words and the words, a line each; back come the exit code and the output."""

    server: Server

    def handle(self) -> None:
        count = int(self.rfile.readline())
        name, *argv = [self.rfile.readline().decode().rstrip("\n") for _ in range(count)]
        if self.server.days and "--alerting-since" in argv:
            moment = argv.index("--alerting-since") + 1
            argv[moment] = str(on_the_calendar(float(argv[moment]), self.server.days))
        outcome = runner.here(name, *argv)
        self.wfile.write(f"{outcome.code}\n{outcome.out}".encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    days: Path | None = None


def on_the_calendar(moment: float, file: Path) -> float:
    """When a moment of the test was, if the days were as long as days are. Nagios writes whole seconds."""
    days = [(float(began), int(left)) for began, left in map(str.split, file.read_text().splitlines())]
    left = next((left for began, left in reversed(days) if int(began) <= moment), days[0][1])
    return max(0, moment - (left - days[-1][1]) * DAY)


def serve(days: str) -> None:
    """Print the port and serve until killed."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.days = Path(days) if days != "None" else None
        print(server.server_address[1], flush=True)
        server.serve_forever()
