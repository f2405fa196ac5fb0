"""The command line: what the types of the options take, and that nothing makes the parser stumble."""

from __future__ import annotations

import argparse
import contextlib
import re
from collections.abc import Callable

from harborlib.harbor import components
from harborlib.judge import isolation
from harborlib.run import options, values
from harborlib.text import units
from harborlib.wire.origin import Origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

COMMON = [
    option
    for action in options.parser("any", "Is it?")._actions
    for option in action.option_strings
    if option not in ("-h", "--help", "-V", "--version", "--authfile", "--ca-file", "--client-cert", "--client-key")
]
WORDS = st.text(alphabet="-=:./ a1~@%\u00e4\x1b\n") | st.text()
USAGE = re.compile(r"HARBOR ANY UNKNOWN - usage: [ -{}~]{1,200}\nNext: see check_harbor_any --help\n")
DIGEST = "sha256:" + "0123456789abcdef" * 4


@given(st.lists(st.sampled_from(COMMON) | WORDS, max_size=6))
def test_any_command_line_is_taken_or_a_usage_error(arguments: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HARBOR_URL", raising=False)
        ended: options.ParserExit | None = None
        try:
            args = options.parse_arguments(options.parser("any", "Is it?"), arguments)
        except options.ParserExit as left:
            ended = left
    assert (ended.code == 3 and USAGE.fullmatch(ended.text)) if ended else isinstance(args.harbor, Origin)


@pytest.mark.parametrize("option", ["-H", "-I", "-t", "--isolate", "--output", "--ca-file", "-w", "--free-critical"])
def test_two_dashes_are_no_value(option: str) -> None:
    """Up to Python 3.12 argparse makes an empty list of them, or takes the option as not given."""
    parser = options.parser("any", "Is it?")
    units.declare(parser, "", "days left", "30:", None, units.DAYS, units.LOW)
    units.declare(parser, "free", "bytes, or % of all", "10%", "5%", units.PERCENT, units.LOW)
    with pytest.raises(options.ParserExit, match="3") as told:
        parser.parse_args([f"{option}=--" if option.startswith("--") else f"{option}--"])
    assert told.value.problem.endswith(": -- is not a value")


def test_defaults() -> None:
    args = options.parse_arguments(options.parser("any", "Is it?"), ["-H", "harbor.example.com"])
    assert (args.timeout, args.unreachable, args.isolate, args.output, args.verbose) == (
        15,
        "critical",
        None,
        "nagios",
        0,
    )
    assert (args.login, args.insecure, args.proxy, args.connect_to) == (None, False, None, None)


def test_isolate_alone_means_all() -> None:
    args = options.parse_arguments(options.parser("any", "Is it?"), ["-H", "harbor.example.com", "--isolate", "-vvv"])
    assert args.isolate == frozenset(isolation.OWNERS)
    assert args.verbose == 3


def test_thresholds_of_a_second_metric() -> None:
    parser = options.parser("any", "Is it?")
    units.declare(parser, "", "days left", "30:", None, units.DAYS, units.LOW)
    units.declare(parser, "free", "bytes, or % of all", "10%", "5%", units.PERCENT, units.LOW)
    args = parser.parse_args(["--free-critical", "2%:"])
    found = [str(args.warning), str(args.critical), str(args.free_warning), str(args.free_critical)]
    assert found == ["30:", "None", "10:", "2:"]
    assert "warning below this number, or outside this range: bytes, or % of all (default 10%)" in " ".join(
        parser.format_help().split()
    )


HIGH, LOW = units.HIGH, units.LOW


@pytest.mark.parametrize(
    ("bad", "given", "refused"),
    [
        (HIGH, ["-w", "5", "-c", "1"], "-c alerts before -w: high values are bad, swap the two"),
        (HIGH, ["-w", "0:5", "-c", "0:4"], "-c alerts before -w: high values are bad, swap the two"),
        (HIGH, ["-w", "5", "-c", "5"], ""),
        (HIGH, ["-w", "5", "-c", "~:"], ""),
        (HIGH, ["-w", "~:", "-c", "1"], ""),
        (HIGH, ["-w", "@5:9", "-c", "1"], ""),
        (HIGH, ["-c", "0.1"], ""),
        (HIGH, ["-w", "99"], ""),
        (LOW, ["-w", "7", "-c", "30"], "-c alerts before -w: low values are bad, swap the two"),
        (LOW, ["-c", "30:", "-w", "7:"], "-c alerts before -w: low values are bad, swap the two"),
        (LOW, ["-w", "30", "-c", "7"], ""),
        (LOW, ["-w", "30", "-c", "~:"], ""),
        (LOW, ["-w", "~:", "-c", "7"], ""),
    ],
)
def test_the_critical_threshold_comes_after_the_warning(bad: str, given: list[str], refused: str) -> None:
    """Of a default and one that is given each does what it says."""
    parser = options.parser("any", "Is it?")
    units.declare(parser, "", "something", *(("5", "20") if bad == HIGH else ("20", "5")), units.COUNT, bad)
    said = ""
    try:
        parser.parse_args(given)
    except options.ParserExit as ended:
        said = ended.problem
    assert said == refused


def test_each_pair_of_thresholds_is_looked_at() -> None:
    parser = options.parser("any", "Is it?")
    units.declare(parser, "", "seconds", "2", "8", units.COUNT)
    units.declare(parser, "free", "bytes", None, None, units.BYTES, LOW)
    with pytest.raises(options.ParserExit) as told:
        parser.parse_args(["-w", "1", "-c", "3", "--free-warning", "1GiB", "--free-critical", "2GiB"])
    assert told.value.problem == "--free-critical alerts before --free-warning: low values are bad, swap the two"


TYPES: dict[str, tuple[Callable[[str], object], list[tuple[str, object]], list[str]]] = {
    "owners": (
        values.owners,
        [("health", frozenset({"health"})), (" redis , health,", frozenset({"redis", "health"}))],
        ["", ",", "nobody", "health;redis", "Health"],
    ),
    "name": (
        values.name,
        [("registry", "registry"), (" a.b-c_1 ", "a.b-c_1")],
        ["", "a b", "a/b", "\u00e4", "x" * 61, "a\n"[:1] + "\nb"],
    ),
    "names": (values.names, [("a,b", ["a", "b"]), ("a", ["a"])], ["", "a,", "a,,b"]),
    "part": (
        values.part,
        [("pub", "pub"), ("a.b-c__d", "a.b-c__d")],
        ["", "Pub", "a/b", "-a", "a-", "a b", "\u00e4", "x" * 256],
    ),
    "components": (
        components.names,
        [("trivy", ["trivy"]), ("redis, notary", ["redis", "notary"])],
        ["", "trivvy", "redis,", "Redis"],
    ),
    "repository": (
        values.repository,
        [("a/b", "a/b"), ("a/b/c-d__e.f", "a/b/c-d__e.f")],
        ["", "a", "a/", "/b", "A/b", "a/b:c", "a//b", "a/-b", "a/" + "b" * 254],
    ),
    "image": (
        values.image,
        [("a/b:1.0", ("a/b", "1.0")), (f"a/b@{DIGEST}", ("a/b", DIGEST)), ("a/b/c:x", ("a/b/c", "x"))],
        [
            "",
            "a/b",
            "a/b:",
            "a/b:.x",
            "h.example.com:5000/a/b:1",
            f"a/b:1@{DIGEST}",
            "a/b@sha256:0",
            "a/b:" + "x" * 129,
        ],
    ),
    "size": (values.size, [("100MiB", 104857600), ("5", 5)], ["", "MiB", "1e9"]),
    "proxy": (
        values.proxy,
        [("h:3128", Origin("http", "h", 3128)), ("http://h", Origin("http", "h", 80))],
        ["", "https://h", "socks5://h", "http://u:p@h"],
    ),
}


@pytest.mark.parametrize(("kind", "number"), [(kind, n) for kind, row in TYPES.items() for n in range(len(row[1]))])
def test_taken(kind: str, number: int) -> None:
    take, examples, _ = TYPES[kind]
    text, found = examples[number]
    assert take(text) == found


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, row in TYPES.items() for text in row[2]])
def test_refused(kind: str, text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        TYPES[kind][0](text)


@pytest.mark.parametrize(
    ("take", "text", "told"),
    [
        (values.image, "img", "not P/R:TAG or P/R@sha256:DIGEST: 'img'"),
        (values.image, "img:1.0", "not PROJECT/REPOSITORY: 'img'"),
        (values.image, "h:5000/p/r:1", "write it without the registry's name: 'p/r:1'"),
        (values.image, f"h.x:5000/p/r@{DIGEST}", f"write it without the registry's name: 'p/r@{DIGEST}'"),
        (values.repository, "h:5000/p/r", "write it without the registry's name: 'p/r'"),
        (values.part, "Pub", "not lower case letters and digits, with . _ - between: 'Pub'"),
        (
            components.names,
            "trivvy",
            "unknown component 'trivvy' (known: core, database, jobservice, portal, redis, "
            "registry, registryctl, trivy)",
        ),
    ],
)
def test_a_refusal_says_what_is_accepted(take: Callable[[str], object], text: str, told: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        take(text)
    assert str(refused.value) == told


@given(st.sampled_from(sorted(TYPES)), WORDS | st.text(alphabet="ab/:@sha256.-_"))
def test_any_text_is_taken_or_refused(kind: str, text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        TYPES[kind][0](text)


@pytest.mark.parametrize("text", [f"a/b@{DIGEST}", "a/b:1.0"])
def test_an_image_is_written_as_it_was_given(text: str) -> None:
    assert str(values.image(text)) == text


@pytest.mark.parametrize(
    ("harbor", "option", "name", "refused"),
    [
        ("harbor.example.com:8443", "image", "harbor.example.com/p/r:1", True),
        ("harbor.example.com", "artifact", "harbor.example.com/p/r/s:1", True),
        ("localhost", "repository", "localhost/p/r", True),
        ("harbor.example.com", "image", "team.example/p/r:1", False),
        ("harbor.example.com", "image", "harbor.example.com/r:1", False),
        ("harbor", "image", "harbor/p/r:1", False),
    ],
)
def test_a_name_that_begins_with_the_registry(harbor: str, option: str, name: str, refused: bool) -> None:
    """docker needs it there, the API does not; the name of a project may hold dots, and be that of a short host."""
    parser = options.parser("any", "Is it?")
    parser.add_argument(f"--{option}", type=values.repository if option == "repository" else values.image)
    told = ""
    try:
        options.parse_arguments(parser, ["-H", harbor, f"--{option}", name])
    except options.ParserExit as ended:
        told = ended.problem
    bare = name.partition("/")[2]
    assert told == (f"--{option}: write it without the registry's name: {bare!r}" if refused else "")


def test_a_required_option_that_lacks_says_what_it_takes() -> None:
    parser = options.parser("any", "Is it?")
    parser.add_argument("--image", metavar="P/R:TAG", required=True, help="the image with its project")
    with pytest.raises(options.ParserExit) as told:
        parser.parse_args(["-H", "harbor.example.com"])
    assert told.value.problem == "--image P/R:TAG is required (the image with its project)"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["harbor.example.com"], "positional arguments are not accepted: Harbor's URL goes after -H"),
        (["-H", "h", "sesame"], "positional arguments are not accepted"),
        (["-u", "admin", "-p", "sesame"], f"unknown option -u: {options.CREDENTIALS}"),
        (["-psesame"], f"unknown option -p: {options.CREDENTIALS}"),
    ],
)
def test_what_other_plugins_take(given: list[str], problem: str) -> None:
    """The words name where it belongs; the value, which can be a password, is not repeated."""
    with pytest.raises(options.ParserExit) as told:
        options.parser("any", "Is it?").parse_args(given)
    assert told.value.problem == problem
