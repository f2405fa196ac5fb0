"""--authfile: what cannot be a login is a usage error that names the file, and never a hang."""

from __future__ import annotations

import os

from harborlib.wire import credentials

import pytest

from contract.conftest import for_every_plugin
from harbor_simulator import MONITOR, MONITOR_SECRET

GOOD = f"username={MONITOR}\npassword={MONITOR_SECRET}\n".encode()
#: What a file holds, and what is said of it after its name.
BAD = {
    "empty": (b"", "the file is empty"),
    "only a username": (b"username=robot$monitor\n", "password is missing"),
    "only a password": (b"password=secret\n", "username is missing"),
    "an empty password": (b"username=robot$monitor\npassword=\n", "password is missing"),
    "a password alone": (f"{MONITOR_SECRET}\n".encode(), "line 1 is neither username= nor password="),
    "user:password": (f"{MONITOR}:{MONITOR_SECRET}\n".encode(), "line 1 is neither username= nor password="),
    "another key": (GOOD + b"token=secret\n", "line 3 is neither username= nor password="),
    "a colon in the username": (b"username=a:b\npassword=secret\n", "a username cannot hold a colon"),
    "a control character": (b"username=a\npassword=sec\x1bret\n", "password contains a control character"),
    "binary": (bytes(range(256)), "not a text file in UTF-8"),
    "utf-16": (GOOD.decode().encode("utf-16"), "not a text file in UTF-8"),
    "nul bytes": (bytes(1000), "line 1 is neither username= nor password="),
    "huge": (b"#" * 100_000 + b"\n" + GOOD, "larger than 64 KiB"),
}
FINE = {
    "CRLF": GOOD.replace(b"\n", b"\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "no newline at the end": GOOD.rstrip(),
    "comments, blanks, another order": b"# the robot\n\n" + b"\n".join(reversed(GOOD.split(b"\n"))),
    "blanks around": GOOD.replace(b"=", b" = ", 1).replace(b"\n", b"  \n"),
    "capitals": GOOD.replace(b"username", b"USERNAME"),
}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "authfile"


@pytest.fixture
def refused(refusal, against, file):
    """What a plugin says of the file instead of running."""

    def run(name, *further):
        words = refusal(name, *against(name, "--authfile", str(file), *further), step=credentials.WRITE)
        start = f"authfile {file}: "
        assert words.startswith(start)
        return words[len(start) :]

    return run


def everybody_says(refused, words):
    def says(name):
        assert refused(name) == words

    for_every_plugin(says)


@pytest.mark.parametrize("case", BAD)
def test_no_login(case, file, refused):
    content, words = BAD[case]
    file.write_bytes(content)
    file.chmod(0o600)
    everybody_says(refused, words)


@pytest.mark.parametrize("case", FINE)
def test_a_login(case, file, here):
    file.write_bytes(FINE[case])
    file.chmod(0o640)

    def logs_in(name):
        outcome = here(name, "--authfile", str(file))
        assert outcome.code == 0, outcome.out

    for_every_plugin(logs_in)


def test_missing(refused):
    everybody_says(refused, "No such file or directory")


def test_directory(file, refused):
    file.mkdir()
    everybody_says(refused, "Is a directory")


def test_fifo(file, refused):
    """Nobody writes to it: whoever reads would wait for ever."""
    os.mkfifo(file, 0o600)
    everybody_says(refused, "not a regular file")


def test_device(file, refused):
    file.symlink_to("/dev/zero")
    everybody_says(refused, "not a regular file")


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666, 0o777])
def test_others_may_touch_it(mode, file, refused, here):
    file.write_bytes(GOOD)
    file.chmod(mode)
    everybody_says(refused, f"others may read it (mode {mode:04o}), chmod o= it")

    def logs_in(name):
        outcome = here(name, "--authfile", str(file), "--authfile-any-mode")
        assert outcome.code == 0, outcome.out

    for_every_plugin(logs_in)
