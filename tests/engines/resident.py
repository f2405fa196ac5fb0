"""The plugins without the start of an interpreter: one process runs their code, a few lines of shell ask it.

For the runs that need hundreds of checks a minute. `python -m engines.resident` prints its port and serves until it
is killed; `install` writes an executable for each plugin.
"""

from __future__ import annotations

import socketserver
import subprocess
import sys
from pathlib import Path

import runner

CLIENT = """#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port} || exit 3
printf '%s\\n' $(($# + 1)) {name} "$@" >&3
read -r code <&3
while IFS= read -r line; do printf '%s\\n' "$line"; done <&3
exit "$code"
"""


class Handler(socketserver.StreamRequestHandler):
    """One run: the number of words and the words, a line each; back come the exit code and the output."""

    def handle(self) -> None:
        count = int(self.rfile.readline())
        name, *argv = [self.rfile.readline().decode().rstrip("\n") for _ in range(count)]
        outcome = runner.here(name, *argv)
        self.wfile.write(f"{outcome.code}\n{outcome.out}".encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


class Resident:
    """The process, as a context manager."""

    def __enter__(self) -> Resident:
        paths = [str(runner.PLUGINS), str(Path(runner.__file__).parent)]
        code = f"import sys; sys.path[:0] = {paths!r}; from engines import resident; resident.serve()"
        self._process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def install(self, folder: Path) -> Path:
        """Write the executables into a new folder."""
        folder.mkdir(parents=True)
        for name in runner.NAMES:
            (folder / name).write_text(CLIENT.format(port=self.port, name=name))
            (folder / name).chmod(0o755)
        return folder


def serve() -> None:
    """Serve until killed."""
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
