"""The command line: the options that every plugin has, and how it refuses wrong ones.

Help, version and usage errors go to stdout and exit with 3 (UNKNOWN): a monitoring engine shows stdout, and any other
exit code would be wrong.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import socket
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from harborlib import __version__
from harborlib.harbor import platform
from harborlib.judge.isolation import OWNERS
from harborlib.text import units
from harborlib.text.cleaning import clean, cut
from harborlib.text.helptext import Layout
from harborlib.wire import credentials
from harborlib.wire.failure import Unusable
from harborlib.wire.origin import Origin, host_and_port

from . import optionsfile, values

USAGE_LINE = 200  # the limit of a usage error in characters, enough for a path
#: Options for credentials that other plugins have, and what these have instead.
PASSWORD_OPTIONS = ("-a", "-p", "-u", "--password", "--user", "--username")
CREDENTIALS = "credentials come from --authfile FILE, or from HARBOR_USERNAME and HARBOR_PASSWORD"
STATES = ("ok", "warning", "critical", "unknown")


class ParserExit(SystemExit):
    """Ends a run before it starts: help, the version, a usage error (`problem` says which error, else "").

    `text` is the output; the exit code is 3.
    """

    def __init__(self, text: str, problem: str = "") -> None:
        super().__init__(3)
        self.text = text
        self.problem = problem


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that behaves like a plugin: one line, exit code 3, and no value repeated.

    A mistyped secret (`--password ...`, a password in a URL) must not appear in any output. Nothing is printed here:
    every message is raised as ParserExit.
    """

    def __init__(self, probe: str, description: str) -> None:
        super().__init__(
            prog=f"check_harbor_{probe}",
            usage=f"check_harbor_{probe} -H URL [options]",
            description=description,
            formatter_class=Layout,
            allow_abbrev=False,
            add_help=False,
        )
        self.title = f"HARBOR {probe.upper()}"
        self.said = ""

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Like argparse, but reports unknown options without repeating their values; raises ParserExit."""
        try:
            words = list(optionsfile.expanded(self, sys.argv[1:] if args is None else args))
        except Unusable as error:
            self.error(str(error))
        parsed, extra = self.parse_known_args(words, namespace)
        if extra:
            names = [
                word.partition("=")[0] if word.startswith("--") else word[:2] for word in extra if word[0:1] == "-"
            ]
            where = "" if parsed.harbor else ": Harbor's URL goes after -H"
            login = f": {CREDENTIALS}" if names and names[0] in PASSWORD_OPTIONS else ""
            self.error(
                f"unknown option {names[0]}{login}" if names else f"positional arguments are not accepted{where}"
            )
        self._confirm_thresholds(parsed)
        return parsed

    def _confirm_thresholds(self, args: argparse.Namespace) -> None:
        """Refuse a pair of thresholds, both given, in which the critical one alerts first."""
        pairs = {action.dest: action for action in self._actions if isinstance(action.type, units.RangeType)}
        for name, critical in pairs.items():
            warning = pairs.get(name.replace("critical", "warning"))
            given = warning and all(getattr(args, each.dest) is not each.default for each in (warning, critical))
            if not warning or warning is critical or not given or not isinstance(critical.type, units.RangeType):
                continue
            if critical.type.unordered(getattr(args, warning.dest), getattr(args, name)):
                first, second = warning.option_strings[0], critical.option_strings[0]
                self.error(f"{second} alerts before {first}: {critical.type.bad} values are bad, swap the two")

    def _get_values(self, action, arg_strings):  # type: ignore[no-untyped-def]
        """Like argparse, which up to 3.12 reads the `--` in `--option=--` as the end of all options, not as a value."""
        if action.option_strings and arg_strings == ["--"]:
            raise argparse.ArgumentError(action, "-- is not a value")
        return super()._get_values(action, arg_strings)

    def error(self, message: str, next_step: str = "") -> NoReturn:
        """Raise ParserExit with one line that says what is wrong with the command line, and the next step."""
        for action in self._actions:
            if action.required and message == f"the following arguments are required: {action.option_strings[-1]}":
                message = f"{action.option_strings[-1]} {action.metavar} is required ({action.help})"
        message = re.sub(r"ignored explicit argument .*", "takes no value", message, flags=re.DOTALL)
        text = cut(clean(message.replace("argument ", "", 1)), USAGE_LINE)
        raise ParserExit(
            f"{self.title} UNKNOWN - usage: {text}\nNext: {next_step or f'see {self.prog} --help'}\n", text
        )

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit with 3, whatever argparse asks for: after --help it would exit with 0."""
        raise ParserExit(self.said + (message or ""))

    def _print_message(self, message: str, file: object = None) -> None:
        self.said += message


def parser(probe: str, description: str) -> Parser:
    """The parser with the options that all plugins share; each plugin adds its own."""
    result = Parser(probe, description)
    _declare_where(result)
    _declare_login(result.add_argument_group("TLS and credentials"))
    _declare_output(result.add_argument_group("judgment and output"))
    return result


def _declare_where(parser: Parser) -> None:
    where = parser.add_argument_group("where Harbor is")
    add = where.add_argument
    add("-H", "--harbor", metavar="URL", type=Origin.parse,
        help="Harbor's URL; HOST[:PORT] alone means https (or $HARBOR_URL)")  # fmt: skip
    add(
        "-I",
        "--connect-to",
        metavar="HOST[:PORT]",
        type=host_and_port,
        help="connect to this host instead (tests one replica behind a load balancer)",
    )
    family = where.add_mutually_exclusive_group().add_argument
    family("-4", dest="family", action="store_const", const=socket.AF_INET, help="IPv4 only")
    family("-6", dest="family", action="store_const", const=socket.AF_INET6, help="IPv6 only")
    parser.set_defaults(family=socket.AF_UNSPEC, replica="", every_address=None)
    add("--proxy", metavar="URL", type=values.proxy, help="HTTP proxy to use; proxy variables are ignored")


def declare_every_address(parser: Parser) -> None:
    """Declare the option of the probes that can judge each address of Harbor's name."""
    parser.add_argument("--every-address", metavar="ADDRESSES", nargs="?", type=values.addresses, const=(),
                        help="judge each address of Harbor's name on its own; ADDRESSES: comma-separated; without a "
                        'value, or "all": those in DNS; empty: off')  # fmt: skip


def _declare_login(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--ca-file",
        metavar="FILE",
        help="CA certificates to trust instead of the system's (for object stores: in addition to the system's)",
    )
    add("--client-cert", metavar="FILE", help="client certificate, PEM")
    add("--client-key", metavar="FILE", help="its key, PEM without a passphrase")
    add("--insecure", action="store_true", help="do not verify the certificate")
    add("--authfile", metavar="FILE",
        help="file with username= and password= (or $HARBOR_USERNAME, $HARBOR_PASSWORD)")  # fmt: skip
    add("--authfile-any-mode", action="store_true", help="accept an authfile that others may read")


def _declare_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-t", "--timeout", metavar="TIME", type=units.duration, default=15,
        help="total time limit, DNS and TLS included (default %(default)ss)")  # fmt: skip
    add("--unreachable", metavar="STATE", type=str.lower, choices=STATES, default="critical",
        help="state when Harbor gives no usable answer, such as a 502 or a refused certificate: %(choices)s "
        "(default %(default)s)")  # fmt: skip
    add("--isolate", metavar="OWNERS", nargs="?", type=values.owners, const=frozenset(OWNERS),
        help="report UNKNOWN if another scheduled probe owns the failure; OWNERS: comma-separated scheduled probes; "
        "without a value: all of " + ", ".join(OWNERS))  # fmt: skip
    add("--platform", metavar="PLATFORM", type=platform.parse_platform,
        help=f"where Harbor runs, for the commands in next steps: {platform.FORM}")  # fmt: skip
    add("--output", choices=("nagios", "json"), default="nagios", help="output format (default %(default)s)")
    add(optionsfile.OPTION, metavar="FILE", help="take further options from this file, one per line, without quotes")
    add("-v", "--verbose", action="count", default=0, help="-v or -vv: one line per finding; -vvv: tracebacks")
    add("-V", "--version", action="version", version=f"%(prog)s {__version__}", help="show the version")
    add("-h", "--help", action="help", help="show this help")


def common(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments that every plugin takes, and the account, for a run that is a part of another one."""
    return {name: getattr(args, name) for name in _common_names()}


@functools.cache
def _common_names() -> tuple[str, ...]:
    """Of all arguments that every plugin takes; a plugin that runs all others needs them some thirty times."""
    return (*vars(parser("any", "").parse_args([])), "login")


def finish(parser: Parser, args: argparse.Namespace) -> None:
    """The work that concerns several options: applies environment values, reads the secrets, refuses contradictions.

    Raises ParserExit.
    """
    if args.harbor is None:
        try:
            args.harbor = Origin.parse(os.environ.get("HARBOR_URL", ""))
        except argparse.ArgumentTypeError as error:
            parser.error(
                f"HARBOR_URL: {error}" if os.environ.get("HARBOR_URL") else "-H/--harbor or HARBOR_URL is required"
            )
    try:
        args.login = credentials.read_credentials(args.authfile, args.authfile_any_mode)
        if args.login:
            credentials.need_tls(args.harbor)
    except Unusable as error:
        parser.error(str(error), error.next_step)
    _confirm_names(parser, args)
    if args.proxy and args.connect_to:
        parser.error("--proxy and --connect-to cannot be combined")
    if args.every_address is not None and (args.proxy or args.connect_to):
        parser.error(f"--every-address and {'--proxy' if args.proxy else '--connect-to'} cannot be combined")
    if args.client_key and not args.client_cert:
        parser.error("--client-key needs --client-cert")
    for option in ("ca_file", "client_cert", "client_key"):
        path = getattr(args, option)
        if path and not os.access(path, os.R_OK):
            parser.error(f"--{option.replace('_', '-')}: cannot read {path}")


def _confirm_names(parser: Parser, args: argparse.Namespace) -> None:
    """Refuse an image or a repository that begins with Harbor's own name."""
    for option in ("image", "artifact", "repository"):
        try:
            values.without_registry(str(getattr(args, option, "")), args.harbor.host)
        except argparse.ArgumentTypeError as error:
            parser.error(f"--{option}: {error}")


def parse_arguments(parser: Parser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments, complete and validated; raises ParserExit."""
    args = parser.parse_args(argv)
    finish(parser, args)
    return args
