"""--options-file: what stands in it reaches the probe as it is, and what is wrong is named with its line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from harborlib.run import options
from harborlib.text import units

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VALUES = st.text(min_size=1, max_size=60).filter(
    lambda text: text.isprintable() and text.strip() == text and text != "--"  # argparse would drop that one
)
#: Between name and value may stand blanks, or one equals sign.
LINES = ("--keyword={}", "--keyword {}", "  --keyword \t {} ", "--keyword = {}\r")


def parser() -> options.Parser:
    """A probe's command line with an option for any text, and with thresholds."""
    found = options.parser("any", "Is it?")
    found.add_argument("--keyword")
    units.declare(found, "", "seconds", "2", "8", units.COUNT)
    return found


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes an options file as an administrator would."""

    def written(text: str) -> Path:
        path = tmp_path / "any.options"
        path.write_bytes(text.encode())
        path.chmod(0o644)
        return path

    return written


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VALUES, st.sampled_from(LINES))
def test_any_value_comes_as_it_was_written(write: Callable[[str], Path], value: str, line: str) -> None:
    line = LINES[0] if value.startswith("=") else line
    args = options.parse_arguments(parser(), ["-H", "h", "--options-file", str(write(line.format(value)))])
    assert args.keyword == value


def test_comments_flags_and_short_names(write: Callable[[str], Path]) -> None:
    path = write("\ufeff# of the portal\n\n -w 5\n--critical = ~:9\n--insecure\n--isolate\n-v\n-v\n-4\n")
    args = options.parse_arguments(parser(), ["-H", "h", f"--options-file={path}"])
    assert (str(args.warning), str(args.critical), args.verbose) == ("5", "~:9", 2)
    assert (args.insecure, bool(args.isolate), int(args.family)) == (True, True, 2)


def test_an_option_counts_where_its_file_is_named(write: Callable[[str], Path]) -> None:
    path = str(write("--warning 5\n--critical 9\n"))
    args = options.parse_arguments(parser(), ["-H", "h", "-w", "3", "--options-file", path, "-c", "7"])
    assert (str(args.warning), str(args.critical)) == ("5", "7")


def told(write: Callable[[str], Path], text: str) -> str:
    """The first line about an options file, with FILE for its path."""
    path = write(text)
    return refused(str(path)).replace(str(path), "FILE")


def refused(path: str) -> str:
    with pytest.raises(options.ParserExit) as told:
        options.parse_arguments(parser(), ["-H", "h", "--options-file", path])
    return told.value.problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# fine\n\n--warnign 5", "options file FILE, line 3: unknown option --warnign"),
        ("--password sesame", "options file FILE, line 1: unknown option --password"),
        ("--warn 5", "options file FILE, line 1: unknown option --warn"),
        ("-w5", "options file FILE, line 1: unknown option -w5"),
        ("warning 5", "options file FILE, line 1: not an option, write --name VALUE"),
        ("--", "options file FILE, line 1: unknown option --"),
        ("--keyword", "options file FILE, line 1: --keyword needs a value"),
        ("--insecure yes", "options file FILE, line 1: --insecure takes no value"),
        ("--timeout soon", "options file FILE, line 1: --timeout: not a number: 'soon'"),
        ("--output xml", "options file FILE, line 1: --output: not one of nagios, json"),
        ("--keyword a\x1b[2Jb", "options file FILE, line 1: --keyword: the value contains a control character"),
        ("--keyword a\u2028--insecure", "options file FILE, line 1: --keyword: the value contains a control character"),
        ("--options-file /etc/other", "options file FILE, line 1: --options-file is not allowed here"),
        ("--help", "options file FILE, line 1: --help is not allowed here"),
        ("-V", "options file FILE, line 1: -V is not allowed here"),
        ("#" * 65537, "options file FILE: larger than 64 KiB"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(write: Callable[[str], Path], text: str, said: str) -> None:
    assert told(write, text) == said


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_is_refused(write: Callable[[str], Path], mode: int) -> None:
    path = write("--warning 5")
    path.chmod(mode)
    said = f"options file {path}: others may write it (mode {mode:04o}), chmod go-w it"
    assert refused(str(path)) == said


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "bytes").write_bytes(b"--keyword \xff")
    assert refused(str(tmp_path / "fifo")) == f"options file {tmp_path}/fifo: not a regular file"
    assert refused(str(tmp_path / "bytes")) == f"options file {tmp_path}/bytes: not a text file in UTF-8"
    assert refused(str(tmp_path / "none")) == f"options file {tmp_path}/none: No such file or directory"
    assert refused("") == "--options-file: expected one argument"
