"""How fast check_harbor_pull reads 2 GiB, compared with curl and a hash: a section of docs/performance.md.

All of them get the blob over HTTPS from an nginx in place of an object store, so that none waits for Python on the
other side. They take turns; the figures are medians.
"""

from __future__ import annotations

import contextlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import probes  # isort: split

from registry import daemon, large, nginx
from registry.lab import Lab

TURNS = 5
MEMORY_LIMIT = 64  # MiB
NEEDED = ("curl", "sha256sum", "openssl", daemon.PROGRAM, nginx.PROGRAM)

# A process starts with the resident size of its parent, so a small process starts each one.
LAUNCHER = """
import os, sys
null = os.open(os.devnull, os.O_WRONLY)
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

TEMPLATE = """\
## A large blob

`check_harbor_pull` reads and hashes a layer of 2 GiB over HTTPS in constant memory, at most {limit} MiB; against
`curl | sha256sum` of the same file from the same server:

| 2 GiB | time | CPU | memory | time here | CPU here | memory here |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Medians of {turns} turns in which they alternate; the memory of a pipe is that of its larger end. Debian's sha256sum
makes no use of the SHA instructions of a processor, OpenSSL and so Python do.
"""

Run = tuple[float, float, float]  # seconds, seconds of CPU, MiB


def missing() -> list[str]:
    """The programs that this measurement needs and that are missing."""
    return [program for program in NEEDED if not daemon.where(program)]


@contextlib.contextmanager
def commands() -> Iterator[dict[str, list[str]]]:
    """The measured commands, by name, while their servers run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        storage = folder / "storage"
        storage.mkdir()
        files = f"location /docker/ {{ root {storage}; sendfile on; }}"
        with nginx.running(folder / "store", 1, location=files) as url:
            middleware = {"storage": [{"name": "redirect", "options": {"baseurl": f"{url}/"}}]}
            with Lab(folder, storage, registry_middleware=middleware) as lab:
                large.add(lab)
                options = ["--image", large.NAME, "--max-bytes", "3GiB", "-t", "10min", "-w", "~:", "-c", "~:"]
                blob = f"{url}/{lab.registry.blob(large.DIGEST).relative_to(storage)}"
                curl = shlex.join(["curl", "-fsS", "--cacert", lab.harbor.ca_file, blob])
                yield {
                    "`check_harbor_pull`": [
                        sys.executable, probes.file("pull"), *lab.arguments(*options),
                    ],
                    r"`curl \| sha256sum`": ["/bin/sh", "-c", f"{curl} | sha256sum"],
                    r"`curl \| openssl sha256`": ["/bin/sh", "-c", f"{curl} | openssl sha256"],
                }  # fmt: skip


def run(command: list[str]) -> Run:
    """One turn."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-ISc", LAUNCHER, *command], capture_output=True, text=True, check=True)
    code, cpu, memory = done.stdout.split()
    if code != "0":
        sys.exit(f"ended with {code}, it must succeed to be measured: {command}")
    return time.monotonic() - started, float(cpu), int(memory) / 1024


def section() -> str:
    """The section, measured now; or why there is none if a program is missing."""
    if missing():
        return f"## A large blob\n\nNot measured: {', '.join(missing())} not installed.\n"
    with commands() as subjects:
        runs: dict[str, list[Run]] = {name: [] for name in subjects}
        for _ in range(TURNS):
            for name, command in subjects.items():
                runs[name].append(run(command))
    medians = {name: [statistics.median(figures) for figures in zip(*turns)] for name, turns in runs.items()}
    own, base, _ = medians.values()
    rows = [row(name, figures, base) for name, figures in medians.items()]
    if own[2] > MEMORY_LIMIT:
        sys.exit(f"check_harbor_pull took {own[2]:.0f} MiB, more than {MEMORY_LIMIT}")
    return TEMPLATE.format(limit=MEMORY_LIMIT, rows="\n".join(rows), turns=TURNS)


def row(name: str, figures: list[float], base: list[float]) -> str:
    """A line of the table: first the ratios, which also hold elsewhere, then this machine's figures."""
    ratios = " | ".join(f"{own / other:.2f}" for own, other in zip(figures, base))
    return f"| {name} | {ratios} | {figures[0]:.1f} s | {figures[1]:.1f} s | {figures[2]:.1f} MiB |"


if __name__ == "__main__":
    print(section())
