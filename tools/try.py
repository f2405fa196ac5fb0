"""`make try`: run every probe and show what an operator would type and see.

Against a simulated Harbor: healthy, then under two failures. With --url: against that Harbor, once.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import probes
import simulated

# As shipped services do: the registry has a service of its own, so health does not judge it.
SERVICE = {"check_harbor_health": ["--delegate", "registry"]}
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def show(name: str, options: list[str], folder: str | None = None) -> None:
    """Run one probe in this folder and show its command line, its output and its exit code."""
    arguments = [*options, *probes.needed(name)]
    print(f"$ {shlex.join([name, *arguments])}", flush=True)
    code = subprocess.run([sys.executable, probes.file(name), *arguments], cwd=folder, check=False).returncode
    print(f"exit code {code} ({STATES[code] if code < len(STATES) else 'no plugin state'})\n", flush=True)


def heading(text: str) -> None:
    print(f"{text}\n{'-' * len(text)}", flush=True)


def real(url: str, authfile: str, ca_file: str) -> None:
    """Every probe once against a real Harbor."""
    heading(f"Every probe against {url}")
    options = ["-H", url]
    options += ["--authfile", authfile] if authfile else []
    options += ["--ca-file", ca_file] if ca_file else []
    for name in probes.names():
        show(name, options)


def stand_in() -> None:
    """Every probe against a healthy Harbor, then with its registry down, then with an expired certificate."""
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        options = simulated.options(harbor, Path(folder))

        heading("1. Everything is fine")
        for name in probes.names():
            show(name, options, folder)

        # As the shipped services do: the probe that owns the failure alerts, the others name it.
        options.append("--isolate")
        heading("2. The registry container has stopped")
        harbor.switch("registry-down")
        for name in probes.names():
            show(name, options + SERVICE.get(name, []), folder)

        heading("3. The certificate has expired")
        harbor.reset()
        harbor.certificate = "expired"
        for name in probes.names():
            show(name, options + SERVICE.get(name, []), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--authfile", default="")
    parser.add_argument("--ca-file", default="")
    args = parser.parse_args()
    if args.url:
        real(args.url, args.authfile, args.ca_file)
    else:
        stand_in()


if __name__ == "__main__":
    main()
