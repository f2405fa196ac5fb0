"""The login: what is read from a file comes out as it was, and a password shows nowhere."""

from __future__ import annotations

import base64
import os
import pwd
import re
from pathlib import Path

from harborlib.text import cleaning
from harborlib.wire import credentials
from harborlib.wire.credentials import Credentials
from harborlib.wire.failure import Unusable

import pytest
from hypothesis import given
from hypothesis import strategies as st

NOBODY = 65534
PRINTABLE = (
    st.text(min_size=1, max_size=40)
    .filter(lambda text: text.isprintable() and text.strip() == text)
    .filter(lambda text: text[0] not in credentials.QUOTES or text[0] != text[-1])
)
NAMES = PRINTABLE.filter(lambda text: ":" not in text and "$$" not in text)


@given(NAMES, PRINTABLE)
def test_a_file_gives_what_was_written(tmp_path_factory: pytest.TempPathFactory, username: str, password: str) -> None:
    path = tmp_path_factory.getbasetemp() / "authfile"
    path.write_text(f"# who\nusername={username}\npassword = {password}\n", encoding="utf-8")
    path.chmod(0o600)
    account = credentials.read_credentials(str(path))
    assert account == Credentials(username, password)
    kind, _, encoded = account.header.partition(" ")
    assert kind == "Basic"
    assert base64.b64decode(encoded).decode() == f"{username}:{password}"


@given(st.text() | st.text(alphabet="username=pod \n#\r\u2028"))
def test_any_text_is_values_or_refused_without_repeating_it(text: str) -> None:
    try:
        found: object = set(credentials.parse_authfile(text, "FILE"))
    except Unusable as refusal:
        found = re.sub(r"\d+", "N", str(refusal))
    assert found in (set(), {"username"}, {"password"}, {"username", "password"}, UNREADABLE, EMPTY)


EMPTY = "authfile FILE: the file is empty"
UNREADABLE = "authfile FILE: line N is neither username= nor password="


@given(st.binary(max_size=2000))
def test_any_file_is_a_login_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Unusable):
        credentials.read_credentials(str(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xef\xbb\xbf \r\n", "the file is empty"),
        (b"# the robot\n", "username is missing"),
        (b'username=a\npassword="secret"\n', "password is in quotes, remove them: they count as part of it"),
        (b"username='a'\npassword=x\n", "username is in quotes, remove them: they count as part of it"),
        (b"username=robot$$a\npassword=x\n", "username has $$, write a single $"),
    ],
)
def test_what_looks_right_to_the_eye(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "authfile"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Unusable) as refused:
        credentials.read_credentials(str(path))
    assert (str(refused.value), refused.value.next_step) == (f"authfile {path}: {words}", credentials.WRITE)


def test_another_users_file_names_the_user_who_reads(tmp_path: Path) -> None:
    """By hand, root can read it; the engine runs as another user."""
    path = tmp_path / "authfile"
    path.write_text("username=robot$monitor\npassword=open-sesame\n")
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        with pytest.raises(Unusable) as refused:
            credentials.read_credentials(str(path))
    finally:
        if root:
            os.seteuid(0)
    assert str(refused.value) == f"authfile {path}: Permission denied for user {user}"
    assert refused.value.next_step == f"make {user} its owner (chown {user} {path}), and let {user} enter its directory"


def test_what_is_read_is_in_no_text_any_more(tmp_path: Path) -> None:
    path = tmp_path / "authfile"
    path.write_text("username=robot$monitor\npassword=open-sesame\n")
    path.chmod(0o600)
    cleaning.forget()
    account = credentials.read_credentials(str(path))
    assert account
    assert cleaning.clean(f"{account.header} of {account.password}") == "Basic *** of ***"


def test_it_is_not_in_a_repr() -> None:
    for text in (repr(Credentials("robot$monitor", "sesame")), str(Credentials("robot$monitor", "sesame"))):
        assert text == "Credentials('robot$monitor')"


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HARBOR_USERNAME", "HARBOR_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert credentials.read_credentials(None) is None
    monkeypatch.setenv("HARBOR_USERNAME", "robot$monitor")
    monkeypatch.setenv("HARBOR_PASSWORD", "\udcff")  # a byte that is not UTF-8
    with pytest.raises(Unusable, match="password contains a control character"):
        credentials.read_credentials(None)


def test_the_file_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARBOR_USERNAME", "else")
    monkeypatch.setenv("HARBOR_PASSWORD", "where")
    path = tmp_path / "authfile"
    path.write_text("username=robot$monitor\npassword=sesame\n")
    path.chmod(0o600)
    assert credentials.read_credentials(str(path)) == Credentials("robot$monitor", "sesame")
