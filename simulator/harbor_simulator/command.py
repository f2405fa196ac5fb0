"""The command check_harbor_simulator: run the simulator until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
from typing import TYPE_CHECKING

from .accounts import MONITOR, MONITOR_SECRET, Account, default_accounts
from .faults import FAULTS
from .hostile import DISTORTIONS

if TYPE_CHECKING:
    from .simulator import Simulator

NAME = "check_harbor_simulator"
INSTALL = "pip install 'check-harbor[simulator]'"
CANARY, CANARY_SECRET = "robot$canary", "sEcret-of/the+canary=robot"
CANARY_ACTIONS = dict.fromkeys(("priv", "pub"), ("pull", "push", "delete"))
IMAGE = "pub/canary:1.0"
LAYER = bytes(range(256)) * 32
DESCRIPTION = """\
A Harbor stand-in on 127.0.0.1, to try the check_harbor plugins without a Harbor and to see what they say when one
fails. It prints its URL, its CA file and two logins, then serves until Ctrl-C or SIGTERM. Nothing is kept.
"""
EPILOG = f"""\
Certificates:
  good, expired, not-yet-valid, self-signed, wrong-name, full-chain, incomplete-chain, wrong-order,
  expired-intermediate, expired-cross-signature, common-name-only, address-as-dns-name, no-subject, another-default,
  weak-key, weak-signature, days-left=N

Examples:
  {NAME}
  {NAME} --port 8443 --switch registry-down --switch portal-down
  {NAME} --certificate days-left=5
"""


def switches() -> str:
    """All switches, one line each."""
    lines = [(name, fault.breaks) for name, fault in FAULTS.items()]
    lines += [(name, str(function.__doc__)) for name, function in DISTORTIONS.items()]
    lines.append(("status-NNN", "an error page with this status on all paths of core"))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def show(text: str) -> None:
    """Print a text, after which the command ends; whoever reads it may have had enough before, as `head` does."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(text)


def described(name: str, description: str, epilog: str) -> argparse.ArgumentParser:
    """A parser without options, whose help keeps the lines of these texts."""
    form = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(
        prog=name, description=description, epilog=epilog, formatter_class=form, allow_abbrev=False
    )


def parser() -> argparse.ArgumentParser:
    """The command line options."""
    found = described(NAME, DESCRIPTION, EPILOG)
    add = found.add_argument
    add("--port", type=int, default=0, help="port to listen on (default: a free one)")
    add("--switch", action="append", default=[], metavar="NAME", help="what is broken, a name of --list; repeatable")
    add("--certificate", default="good", metavar="KIND", help="what TLS clients get to see, as below (default: good)")
    add("--http", action="store_true", help="serve plain HTTP under an http:// URL")
    add("--list", action="store_true", help="print all switches and exit")
    return found


def main() -> int:
    """Run the command; returns its exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])  # until a clean exit is possible
    options = parser()
    args = options.parse_args()
    if args.list:
        show(switches())
        return 0
    try:
        from .simulator import Simulator
    except ModuleNotFoundError as missing:
        library = str(missing.name).partition(".")[0]
        options.exit(1, f"{NAME}: the Python library {library} is missing: {INSTALL}\n")
    users = {**default_accounts(), CANARY: Account(CANARY_SECRET, projects=CANARY_ACTIONS)}
    scheme = "http" if args.http else "https"
    with contextlib.ExitStack() as stack:
        try:
            wanted = Simulator(*args.switch, scheme=scheme, certificate=args.certificate, port=args.port, users=users)
            harbor = stack.enter_context(wanted)
        except ValueError as problem:
            options.error(str(problem))
        except (OSError, OverflowError) as problem:
            options.exit(2, f"{NAME}: cannot listen on port {args.port}: {problem}\n")
        repository, _, tag = IMAGE.partition(":")
        harbor.content.put_image(repository, tag, LAYER)
        print(introduction(harbor, args.switch), flush=True)
        signal.sigwait([signal.SIGINT, signal.SIGTERM])
    return 0


def introduction(harbor: Simulator, broken: list[str]) -> str:
    """What a user needs to send requests to it: a line for each fact, then commands to copy."""
    monitor, canary = authfile("monitor", MONITOR, MONITOR_SECRET), authfile("canary", CANARY, CANARY_SECRET)
    facts = {
        "url": harbor.url,
        "ca_file": harbor.ca_file,
        "username": MONITOR,
        "password": MONITOR_SECRET,
        "authfile": monitor,
        "canary_username": CANARY,
        "canary_password": CANARY_SECRET,
        "canary_authfile": canary,
        "switches": ",".join(broken) or "none",
    }
    commands = {
        "check_harbor_health": [],
        "check_harbor_queue": ["--authfile", monitor],
        "check_harbor_login": ["--repository", IMAGE.partition(":")[0], "--authfile", canary],
        "check_harbor_pull": ["--image", IMAGE, "--authfile", canary],
        "check_harbor_push": ["--project", "pub", "--depth", "image", "--authfile", canary],
    }
    where = ["-H", harbor.url, *([] if harbor.scheme == "http" else ["--ca-file", harbor.ca_file])]
    lines = [f"{name}={value}" for name, value in facts.items()]
    lines += [f"# {shlex.join([name, *where, *further])}" for name, further in commands.items()]
    return "\n".join(lines)


def authfile(name: str, username: str, password: str) -> str:
    """A file with these credentials that only its owner can read; it exists as long as the process."""
    from .certificates import directory

    path = directory() / f"{name}.auth"
    path.touch(mode=0o600)
    path.write_text(f"username={username}\npassword={password}\n", encoding="ascii")
    return str(path)
