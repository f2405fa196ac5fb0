"""The command check_harbor_drill."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from pathlib import Path
from types import FrameType

from harbor_simulator.accounts import Authenticator
from harbor_simulator.command import described, show

from .engine import Engine, UnusableError
from .failures import FAILURES, Failure, chosen, table
from .site import ICINGA, IMAGE, LAYER, NAGIOS, PROJECT, Site, opened, read_login

NAME = "check_harbor_drill"
RIGHT, WRONG, USAGE, IMPOSSIBLE = 0, 1, 2, 3
DESCRIPTION = """\
A fire drill: does the pager ring? A simulated Harbor on 127.0.0.1 stands in for one host of your own Icinga 2 or
Nagios. It fails in one way after the other, and the drill reads from the engine who was notified and when. Real people
are paged. No real Harbor is asked or changed, and nothing in the engine is.
"""
EPILOG = f"""\
1. As the user who runs the plugins: make a CA and two logins, and print the host for the engine.
     {NAME} --directory /var/lib/drill --prepare
2. Add the host, with the contacts of a real Harbor, reload the engine, and run:
     {NAME} --directory /var/lib/drill --nagios /etc/nagios4/nagios.cfg --only registry-down,storage-full
     {NAME} --directory /var/lib/drill --icinga https://localhost:5665 --icinga-authfile api.auth
3. Remove the host from the engine.

Exit codes: 0 every failure paged its owner alone; 1 a row is wrong; 2 usage; 3 the drill could not be run or finished.
"""


def parser() -> argparse.ArgumentParser:
    """The command line options."""
    found = described(NAME, DESCRIPTION, EPILOG)
    add = found.add_argument
    add("--list", action="store_true", help="print all failures and which service must page, and exit")
    add("--directory", metavar="DIR", type=Path, help="the CA, the logins and the host definitions of this drill")
    add("--prepare", action="store_true", help="fill the directory and print the host definitions")
    add("--host", metavar="NAME", default="harbor-drill", help="with --prepare: the host's name in the engine")
    add("--port", metavar="PORT", type=_port, default=8443, help="with --prepare: where it serves (default: 8443)")
    add("--nagios", metavar="FILE", help="drill this Nagios, by its main configuration file")
    add("--icinga", metavar="URL", help="drill this Icinga 2, by its API")
    add("--icinga-authfile", metavar="FILE", type=Path, help="username= and password= of an API user")
    add("--icinga-ca-file", metavar="FILE", help="the CA of the API's certificate, a PEM file")
    add("--only", metavar="NAMES", help="comma-separated failures of --list (default: all)")
    add("--wait", metavar="SECONDS", type=_seconds, help="limit for a page (default: from the engine's intervals)")
    add("--hold", metavar="SECONDS", type=_seconds, help="how long to look for strays (default: likewise)")
    return found


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def main() -> int:
    """Run the command; returns its exit code."""
    options = parser()
    args = options.parse_args()
    if args.list:
        show(table())
        return RIGHT
    if not args.directory:
        options.error("--directory is needed")
    args.directory = args.directory.absolute()
    try:
        if args.prepare:
            return prepare(Site(args.directory, args.host, args.port))
        if bool(args.nagios) == bool(args.icinga):
            options.error("one of --prepare, --nagios and --icinga is needed")
        if args.icinga and not (args.icinga_authfile and args.icinga.startswith("https://")):
            options.error("--icinga needs an https:// URL and --icinga-authfile")
        failures = chosen(args.only) if args.only else FAILURES
        return run(args, failures)
    except ValueError as problem:
        options.error(str(problem))
    except UnusableError as problem:
        print(f"{NAME}: {problem}", file=sys.stderr)
        return IMPOSSIBLE
    except KeyboardInterrupt:
        return IMPOSSIBLE


def prepare(site: Site) -> int:
    """Fill the directory, print what the engine needs."""
    site.prepare()
    show(
        f"# Icinga 2 ({site.folder}/icinga2.conf):\n{site.definition(ICINGA)}\n"
        f"# Nagios ({site.folder}/nagios.cfg):\n{site.definition(NAGIOS)}"
    )
    return RIGHT


def engine_of(args: argparse.Namespace, site: Site) -> Engine:
    """The engine that the options name."""
    if args.nagios:
        from .nagios import Nagios

        return Nagios(args.nagios, site.host, site.url)
    from .icinga import Icinga

    return Icinga(args.icinga, read_login(args.icinga_authfile), args.icinga_ca_file, site.host, site.url)


def run(args: argparse.Namespace, failures: tuple[Failure, ...]) -> int:
    """The drill; prints the table, whatever ends it."""
    from harbor_simulator.simulator import Simulator

    from .rehearsal import Rehearsal
    from .report import table as result

    site = opened(args.directory)
    site.adopt()
    engine = engine_of(args, site)
    simulator = Simulator(host="127.0.0.1", port=site.port, version="2.14.4", users=site.accounts())

    def change(failure: Failure | None) -> None:
        simulator.authenticator = Authenticator(site.accounts(failure.refused if failure else ""))
        simulator.switch(*(failure.switches if failure else ()))
        simulator.certificate = failure.certificate if failure else "good"

    rehearsal = Rehearsal(engine, change, args.wait, args.hold, lambda text: print(text, file=sys.stderr, flush=True))
    signal.signal(signal.SIGTERM, _interrupt)
    code = IMPOSSIBLE
    try:
        with simulator:
            simulator.content.put_image(f"{PROJECT}/{IMAGE}", "1.0", LAYER)
            try:
                engine.start()
                with contextlib.closing(engine):
                    rehearsal.run(failures)
                code = RIGHT if any(row.right for row in rehearsal.rows) else IMPOSSIBLE
            except UnusableError as problem:
                print(f"{NAME}: {problem}", file=sys.stderr)
            except KeyboardInterrupt:
                print(f"{NAME}: interrupted", file=sys.stderr)
            if rehearsal.rows:
                print(result(rehearsal.rows), flush=True)
                linger(site)
    except OSError as problem:
        raise UnusableError(f"cannot listen on port {site.port}: {problem.strerror}") from problem
    return WRONG if any(row.wrong for row in rehearsal.rows) else code


def linger(site: Site) -> None:
    """On a terminal: keep the simulated Harbor well until its host is gone, or harbor-health would page at the end."""
    if sys.stdin.isatty():
        print(f"Remove host {site.host} from the engine, reload it, then press Enter.", file=sys.stderr, flush=True)
        sys.stdin.readline()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
