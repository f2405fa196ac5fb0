"""`make try`: run every probe and show what an operator would type and see.

Against a simulated Harbor: healthy, then under two failures, then under a third all at once. With --url: against that
Harbor, once.
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
SERVED_EVERYWHERE = {"check_harbor_component"}  # what it needs every Harbor has
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def show(name: str, options: list[str], shared: list[str], folder: str | None) -> bool:
    """Run one probe in this folder and show its command line without the shared options, its output and exit code.

    In a scene where something fails, what is OK is not shown; True then.
    """
    arguments = [*probes.needed(name), *options]
    command = [sys.executable, probes.file(name), *shared, *arguments]
    run = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
    if run.returncode == 0 and "--isolate" in shared:
        return True
    state = STATES[run.returncode] if run.returncode < len(STATES) else "no plugin state"
    print(f"$ {shlex.join([name, *arguments])}\n{run.stdout}exit code {run.returncode} ({state})\n", flush=True)
    return False


def scene(title: str, names: list[str], shared: list[str], folder: str | None = None) -> None:
    """Each of these probes once."""
    print(f"{title}\n{'-' * len(title)}\nEach with {shlex.join(shared)}\n", flush=True)
    options = {name: SERVICE.get(name, []) if "--isolate" in shared else [] for name in names}
    fine = [name for name in names if show(name, options[name], shared, folder)]
    if fine:
        print(f"The other {len(fine)} are OK.\n", flush=True)


def triage(options: list[str], folder: str | None = None) -> None:
    """All probes at once, as a person runs them: on a terminal with its colours."""
    print(f"$ {shlex.join(['check_harbor_triage', *options])}", flush=True)
    subprocess.run([sys.executable, probes.file("check_harbor_triage"), *options], cwd=folder, check=False)


def real(url: str, authfile: str, ca_file: str) -> None:
    """Every probe once against a real Harbor, but those that need names of things in it, or write to it."""
    options = ["-H", url]
    options += ["--authfile", authfile] if authfile else []
    options += ["--ca-file", ca_file] if ca_file else []
    names = [name for name in probes.single() if name in SERVED_EVERYWHERE or not probes.needed(name)]
    scene(f"Against {url}", names, options)
    left_out = sorted(set(probes.single()) - set(names))
    print(f"Not run, for they need names of things in your Harbor (see --help): {', '.join(left_out)}\n")
    triage(options)


def stand_in() -> None:
    """Every probe against a healthy Harbor, then with its registry down, with an expired certificate; then triage."""
    with tempfile.TemporaryDirectory() as folder, simulated.harbor() as harbor:
        options = simulated.options(harbor, Path(folder))
        names = probes.single()
        scene("1. Everything is fine", names, options, folder)
        # As the shipped services do: the probe that owns the failure alerts, the others name it.
        harbor.switch("registry-down")
        scene("2. The registry container has stopped", names, [*options, "--isolate"], folder)
        harbor.reset()
        harbor.certificate = "expired"
        scene("3. The certificate has expired", names, [*options, "--isolate"], folder)
        harbor.reset()
        harbor.switch("database-down")
        print("4. PostgreSQL has stopped, and somebody asks what is wrong\n", flush=True)
        triage(options, folder)


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
