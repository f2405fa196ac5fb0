"""The command line: the options that every plugin has, and how it refuses a wrong one.

Help, version and usage errors go to stdout and exit with 3 (UNKNOWN): a monitoring engine shows what stands there,
and no other exit code would be true.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from harborlib import __version__
from harborlib.judge.isolation import OWNERS
from harborlib.text import units
from harborlib.text.cleaning import clean, cut
from harborlib.text.helptext import Layout
from harborlib.wire import credentials
from harborlib.wire.failure import Unusable
from harborlib.wire.origin import Origin, host_and_port

from . import optionsfile

USAGE_LINE = 200  # characters of a usage error, which has room for a path
STATES = ("ok", "warning", "critical", "unknown")


class Told(SystemExit):
    """What ends a run before it has begun: help, the version, a usage error (`problem` says which, else "").

    `text` is what to print; the exit code is 3.
    """

    def __init__(self, text: str, problem: str = "") -> None:
        super().__init__(3)
        self.text = text
        self.problem = problem


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that speaks as a plugin: one line, exit code 3, and no value repeated.

    A mistyped secret (`--password ...`, a password in a URL) must not appear in any output. Nothing is printed here:
    what there is to say is raised as Told.
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

    def parse_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As in argparse, but names what it does not know without repeating its value; raises Told."""
        try:
            words = list(optionsfile.expanded(self, sys.argv[1:] if args is None else args))
        except Unusable as error:
            self.error(str(error))
        parsed, extra = self.parse_known_args(words, namespace)
        if extra:
            names = [
                word.partition("=")[0] if word.startswith("--") else word[:2] for word in extra if word[0:1] == "-"
            ]
            self.error(f"unknown option {names[0]}" if names else "arguments without an option are not taken")
        return parsed

    def _get_values(self, action, arg_strings):  # type: ignore[no-untyped-def]
        """As in argparse, which up to 3.12 takes `--` in `--option=--` for the end of all options: for no value."""
        if action.option_strings and arg_strings == ["--"]:
            raise argparse.ArgumentError(action, "-- is not a value")
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        """Raise Told with the one line that says what is wrong with the command line."""
        message = re.sub(r"ignored explicit argument .*", "takes no value", message, flags=re.DOTALL)
        text = cut(clean(message.replace("argument ", "", 1)), USAGE_LINE)
        raise Told(f"{self.title} UNKNOWN - usage: {text}\nNext: see {self.prog} --help\n", text)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Leave with 3 whatever argparse thinks of it: it would say 0 after --help."""
        raise Told(self.said + (message or ""))

    def _print_message(self, message: str, file: object = None) -> None:
        self.said += message


def parser(probe: str, description: str) -> Parser:
    """The parser with the options common to all plugins; each plugin declares its own on top."""
    result = Parser(probe, description)
    where = result.add_argument_group("where Harbor is")
    add = where.add_argument
    add("-H", "--harbor", metavar="URL", type=Origin.parse, help="Harbor's URL or host name (or $HARBOR_URL)")
    add(
        "-I",
        "--connect-to",
        metavar="HOST[:PORT]",
        type=host_and_port,
        help="dial this host, for one replica",
    )
    family = where.add_mutually_exclusive_group().add_argument
    family("-4", dest="family", action="store_const", const=socket.AF_INET, help="IPv4 only")
    family("-6", dest="family", action="store_const", const=socket.AF_INET6, help="IPv6 only")
    result.set_defaults(family=socket.AF_UNSPEC)
    add("--proxy", metavar="URL", type=proxy, help="HTTP proxy to go through; the environment's is not used")

    add = result.add_argument_group("TLS and login").add_argument
    add("--ca-file", metavar="FILE", help="CA certificates to trust instead of the system's")
    add("--client-cert", metavar="FILE", help="client certificate, PEM")
    add("--client-key", metavar="FILE", help="its key, PEM without a pass phrase")
    add("--insecure", action="store_true", help="do not verify the certificate")
    add(
        "--authfile",
        metavar="FILE",
        help="file with username= and password= (or $HARBOR_USERNAME, $HARBOR_PASSWORD)",
    )
    add("--authfile-any-mode", action="store_true", help="accept an authfile that others may read")

    add = result.add_argument_group("judgement and output").add_argument
    add(
        "-t",
        "--timeout",
        metavar="TIME",
        type=units.duration,
        default=15,
        help="answer within this time (%(default)s s)",
    )
    add("--unreachable", metavar="STATE", type=str.lower, choices=STATES, default="critical",
        help="state when Harbor cannot be reached: %(choices)s (%(default)s)")  # fmt: skip
    add("--isolate", metavar="OWNERS", nargs="?", type=owners, const=frozenset(OWNERS),
        help="UNKNOWN for a failure that another scheduled probe reports; a list of those probes, alone: all of "
        + ", ".join(OWNERS))  # fmt: skip
    add("--output", choices=("nagios", "json"), default="nagios", help="output format (%(default)s)")
    add(optionsfile.OPTION, metavar="FILE", help="take further options from this file, one per line, without quotes")
    add("-v", "--verbose", action="count", default=0, help="one line per part (-v) to tracebacks (-vvv)")
    add("-V", "--version", action="version", version=f"%(prog)s {__version__}", help="show the version")
    add("-h", "--help", action="help", help="show this help")
    return result


def common(args: argparse.Namespace) -> dict[str, Any]:
    """Those of the arguments that every plugin takes, and the account, for a run that is a part of another one."""
    names = (*vars(parser("any", "").parse_args([])), "login")
    return {name: getattr(args, name) for name in names}


def finish(parser: Parser, args: argparse.Namespace) -> None:
    """What no single option can check: fills in the environment's values, reads the secrets, refuses contradictions.

    Raises Told.
    """
    if args.harbor is None:
        try:
            args.harbor = Origin.parse(os.environ.get("HARBOR_URL", ""))
        except argparse.ArgumentTypeError as error:
            parser.error(
                f"HARBOR_URL: {error}" if os.environ.get("HARBOR_URL") else "-H/--harbor or HARBOR_URL is needed"
            )
    try:
        args.login = credentials.read(args.authfile, args.authfile_any_mode)
    except Unusable as error:
        parser.error(str(error))
    if args.login and args.harbor.scheme != "https":
        parser.error("a login needs https: the password is not sent in clear text")
    if args.proxy and args.connect_to:
        parser.error("--proxy and --connect-to exclude each other")
    if args.client_key and not args.client_cert:
        parser.error("--client-key needs --client-cert")
    for option in ("ca_file", "client_cert", "client_key"):
        path = getattr(args, option)
        if path and not os.access(path, os.R_OK):
            parser.error(f"--{option.replace('_', '-')}: cannot read {path}")


def owners(text: str) -> frozenset[str]:
    """The value of --isolate: names of owners, separated by commas."""
    names = {name.strip() for name in text.split(",")} - {""}
    unknown = sorted(names - set(OWNERS))
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"unknown owner {unknown[0][:40] if unknown else ''!r} (known: {', '.join(OWNERS)})"
        )
    return frozenset(names)


def name(text: str) -> str:
    """A name as Harbor gives it to its parts; raises ArgumentTypeError."""
    if not re.fullmatch(r"[\w.-]{1,60}", text.strip(), re.ASCII):
        raise argparse.ArgumentTypeError(f"not a name: {text[:40]!r}")
    return text.strip()


def names(text: str) -> list[str]:
    """A list of names, separated by commas; raises ArgumentTypeError."""
    return [name(item) for item in text.split(",")]


class Image(NamedTuple):
    """An image by name: `P/R` and a tag or a digest."""

    repository: str
    reference: str

    def __str__(self) -> str:
        return f"{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}"


def part(text: str) -> str:
    """A project, or a part of a repository's name, as the registry wants it; raises ArgumentTypeError."""
    if not re.fullmatch(r"[a-z0-9]+([._-]+[a-z0-9]+)*", text) or len(text) > 255:
        raise argparse.ArgumentTypeError(f"not lower case letters and digits, with . _ - between: {text[:60]!r}")
    return text


def repository(text: str) -> str:
    """`PROJECT/REPOSITORY`, which may have more parts; raises ArgumentTypeError."""
    if "/" not in text or len(text) > 255:
        raise argparse.ArgumentTypeError(f"not PROJECT/REPOSITORY: {text[:60]!r}")
    return "/".join(map(part, text.split("/")))


def image(text: str) -> Image:
    """`P/R:TAG` or `P/R@sha256:...`, without a host; raises ArgumentTypeError."""
    path, at, digest = text.partition("@")
    name, _, tag = path.partition(":") if not at else (path, "", "")
    good = re.fullmatch(r"sha256:[0-9a-f]{64}", digest) if at else re.fullmatch(r"\w[\w.-]{0,127}", tag, re.ASCII)
    if not good:
        raise argparse.ArgumentTypeError(f"not P/R:TAG or P/R@sha256:DIGEST: {text[:60]!r}")
    return Image(repository(name), digest or tag)


def size(text: str) -> int:
    """A number of bytes, as 100MiB; raises ArgumentTypeError."""
    return int(units.number(text, units.BYTES))


def proxy(text: str) -> Origin:
    """A proxy's URL; credentials in it would be seen by everybody who can list processes."""
    found = Origin.parse(text if "://" in text else f"http://{text}")
    if found.scheme != "http":
        raise argparse.ArgumentTypeError("only http:// proxies are spoken to; TLS goes through them end to end")
    return found


def parse(parser: Parser, argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The arguments, complete and checked; raises Told."""
    args = parser.parse_args(argv)
    finish(parser, args)
    return args
