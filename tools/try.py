"""`make try`: run every probe and show what an operator would type and see.

Against a simulated Harbor: healthy, then under two failures, then under a third all at once. With --url: against that
Harbor, once.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import probes  # isort: split

from harborlib.harbor.refusals import NEEDED
from harborlib.run.probe import Probe

import simulated

# Like the shipped services: the registry has its own service, so health does not judge it.
SERVICE = {"health": ["--delegate", "registry"]}
SERVED_EVERYWHERE = {"component"}  # every Harbor has what it needs
PLAIN = (
    "Over http no password is sent: what needs an account is not run, nor is check_harbor_certificate. "
    "If Harbor has https, use that."
)
OVER = "The simulated Harbor is gone now. To type commands yourself, start one: .venv/bin/python simulator"
FINE, NO_LOGIN = "fine", "no login"
STATES = ["OK", "WARNING", "CRITICAL", "UNKNOWN"]


def show(probe: Probe, options: list[str], shared: list[str], folder: str | None) -> str:
    """Run one probe in this folder and show its command line without the shared options, its output and exit code.

    Not shown are an OK result in a scene with a failure (FINE), one that follows from another service's (its name is
    returned), and a probe that only lacks credentials (NO_LOGIN). A command line that is wrong for any other reason
    ends the run: each probe would report the same.
    """
    arguments = [*probe.example, *options]
    command = [sys.executable, probes.file(probe.name), *shared, *arguments]
    run = subprocess.run(command, cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
    if run.returncode == 0 and "--isolate" in shared:
        return FINE
    owner = re.search(r"\(see (\S+)\)", run.stdout.partition("\n")[0])
    if owner and run.returncode == STATES.index("UNKNOWN"):
        return owner[1]
    if f"UNKNOWN - usage: {NEEDED}" in run.stdout:
        return NO_LOGIN
    print(f"$ {shlex.join([probes.command(probe), *arguments])}\n{run.stdout}{ending(run.returncode)}\n", flush=True)
    if "UNKNOWN - usage: " in run.stdout:
        sys.exit(run.returncode)
    return ""


def ending(code: int) -> str:
    """The line with an exit code and its meaning."""
    return f"exit code {code} ({STATES[code] if code < len(STATES) else 'no plugin state'})"


def uses_canary(probe: Probe) -> bool:
    """Whether its service logs in as the canary robot."""
    return any(service.login == "canary" for service in probe.services)


def scene(
    title: str, chosen: list[Probe], shared: list[str], folder: str | None = None, canary: Sequence[str] = ()
) -> None:
    """Run each of these probes once; `canary` are the options of the canary robot."""
    headline(title)
    options = {probe.name: SERVICE.get(probe.name, []) if "--isolate" in shared else [] for probe in chosen}
    options.update({probe.name: list(canary) for probe in chosen if uses_canary(probe)})
    print(f"All commands run with {shlex.join(shared)}")
    for probe in chosen:
        if options[probe.name]:
            print(f"{probes.command(probe)} also with {shlex.join(options[probe.name])}")
    print(f"Running {len(chosen)} probes one after the other ...\n", flush=True)
    results = {probes.command(probe): show(probe, options[probe.name], shared, folder) for probe in chosen}
    names: dict[str, list[str]] = {}
    for name, result in results.items():
        names.setdefault(result, []).append(name)
    fine, no_login = names.pop(FINE, []), names.pop(NO_LOGIN, [])
    names.pop("", None)
    for owner, following in names.items():
        count = len(following)
        number = "1 probe follows from this and is" if count == 1 else f"{count} probes follow from this and are"
        print(f'{number} UNKNOWN with "(see {owner})": {", ".join(following)}\n', flush=True)
    if fine:
        print(f"The other {len(fine)} are OK.\n", flush=True)
    if no_login:
        print(f"Not run, they need an account (AUTHFILE=): {', '.join(no_login)}\n", flush=True)


def headline(title: str) -> None:
    """Print an underlined title."""
    print(f"{title}\n{'-' * len(title)}", flush=True)


def triage(options: list[str], folder: str | None = None) -> None:
    """All probes at once, as a user runs them: on a terminal with its colors."""
    print(f"$ {shlex.join(['check_harbor_triage', *options])}", flush=True)
    command = [sys.executable, probes.file("triage"), *options]
    code = subprocess.run(command, cwd=folder, check=False).returncode
    print(ending(code), flush=True)


def is_for_http(probe: Probe) -> bool:
    """Whether a probe needs neither an account nor a certificate."""
    return not probe.asks and not probe.account.startswith("yes") and probe.name != "certificate"


def real(url: str, authfile: str, ca_file: str) -> None:
    """Run every probe once against a real Harbor, except those that need names of objects in it, or write to it."""
    options = ["-H", url]
    options += ["--authfile", authfile] if authfile else []
    options += ["--ca-file", ca_file] if ca_file else []
    there = [probe for probe in probes.single() if probe.name in SERVED_EVERYWHERE or not probe.example]
    left_out = [probes.command(probe) for probe in probes.single() if probe not in there]
    if url.lower().startswith("http://"):
        there = [probe for probe in there if is_for_http(probe)]
        options = ["-H", url]
        print(f"{PLAIN}\n")
        for name in ("HARBOR_USERNAME", "HARBOR_PASSWORD"):
            os.environ.pop(name, None)
    headline(f"Against {url}: all at once")
    triage(options)
    print(flush=True)
    scene(f"Against {url}: one by one", there, options)
    print(f"Not run, they need names of objects in your Harbor (see --help): {', '.join(left_out)}")


def stand_in() -> None:
    """Every probe against a healthy Harbor, then with its registry down, then with an expired certificate; triage."""
    with tempfile.TemporaryDirectory() as folder, simulated.harbor(simulated.two_robots()) as harbor:
        options = simulated.options(harbor, Path(folder))
        canary = simulated.canary_options(Path(folder))
        names = probes.single()
        scene("1. Everything is fine", names, options, folder, canary)
        # Like the shipped services: the probe that owns the failure alerts, the others refer to it.
        harbor.switch("registry-down")
        scene("2. The registry container has stopped", names, [*options, "--isolate"], folder, canary)
        harbor.reset()
        harbor.certificate = "expired"
        scene("3. The certificate has expired", names, [*options, "--isolate"], folder, canary)
        harbor.reset()
        harbor.switch("database-down")
        headline("4. PostgreSQL has stopped: run triage")
        triage([*options, "--canary-authfile", canary[1]], folder)
    print(f"\n{OVER}")


def main() -> None:
    """Run every probe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="")
    parser.add_argument("--authfile", default="")
    parser.add_argument("--ca-file", default="")
    args = parser.parse_args()
    for name, path in (("AUTHFILE", args.authfile), ("CA_FILE", args.ca_file)):
        if path and not os.access(path, os.R_OK):
            sys.exit(f"{name}: {'cannot read' if os.path.exists(path) else 'no such file:'} {path}")
    if args.url:
        real(args.url, args.authfile, args.ca_file)
    else:
        stand_in()


if __name__ == "__main__":
    main()
