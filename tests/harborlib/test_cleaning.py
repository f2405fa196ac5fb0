"""Foreign text made safe: what is left of it, and that no way of writing a secret is left."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

from harborlib.text import cleaning
from harborlib.text.cleaning import clean, conceal, cut, redacted, sanitised
from harborlib.wire.credentials import Credentials

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

PASSWORD = 'p$/\u00df W0rd&<"\u00e9\\x+-_~'
ACCOUNT = Credentials("robot$m", PASSWORD)
BASE64 = ACCOUNT.header.partition(" ")[2]
#: How a server may write what it was sent.
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "lower case": str.lower,
    "upper case": lambda text: "".join(char.upper() if char.isascii() else char for char in text),
    "utf-8 taken for latin-1": lambda text: text.encode().decode("latin-1"),
    "in a path": quote,
    "in a query": lambda text: quote(text, safe=""),
    "in a query, lower case": lambda text: quote(text, safe="").lower(),
    "in a form": quote_plus,
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON as PHP and Java write it": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "in JSON, every character escaped": lambda text: re.sub(
        "....", r"\\u\g<0>", text.encode("utf-16-be").hex().upper()
    ),
    "in JSON in JSON": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in a page": html.escape,
    "in a page, by numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "in a page, by numbers to 16": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "as bytes": lambda text: repr(text.encode())[2:-1],
}
BASE64S: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a URL": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
}


@pytest.fixture(autouse=True)
def no_secret() -> Iterator[None]:
    cleaning.forget()
    yield
    cleaning.forget()


@pytest.mark.parametrize("way", WRITTEN)
def test_a_password(way: str) -> None:
    conceal(*ACCOUNT.secrets)
    assert redacted(f"a {WRITTEN[way](PASSWORD)} b") == "a *** b"


@pytest.mark.parametrize("way", BASE64S)
@pytest.mark.parametrize("text", [f"robot$m:{PASSWORD}", PASSWORD])
def test_base64(way: str, text: str) -> None:
    conceal(*ACCOUNT.secrets)
    assert redacted(f"a {BASE64S[way](text)} b").rstrip("=%3D b") == "a ***"


PRINTABLE = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=8, max_size=30)


@example("0000000\u0130", "lower case", "")  # which becomes two characters
@given(PRINTABLE, st.sampled_from(sorted(WRITTEN)), st.text("ab %&\\u0041;#", max_size=5))
def test_any_password_anyhow_anywhere(password: str, way: str, around: str) -> None:
    """Behind any beginning of an escape, too, that text and secret make up together."""
    cleaning.forget()
    conceal(*Credentials("robot$m", password).secrets)
    for text in (f"x{WRITTEN[way](password)}x", f"{around}{password}{around}"):
        assert password.lower() not in redacted(text).lower()
        assert "***" in redacted(text)


@given(st.text(), st.lists(st.text(min_size=1), max_size=4))
def test_the_rest_of_a_text_stays(text: str, secrets: list[str]) -> None:
    """Whatever is left stood there, in this order."""
    cleaning.forget()
    conceal(*secrets)
    rest = iter(text)
    assert all(char in rest for char in redacted(text).replace("***", ""))
    assert secrets or redacted(text) == text


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("a", "a banana", "a banana"),
        ("core", "core and hardcore (core)", "*** and hardcore (***)"),
        ("p4ssw0r", "xp4ssw0rx p4ssw0r", "xp4ssw0rx ***"),
        ("p4ssw0rd", "xp4ssw0rdx", "x***x"),
    ],
)
def test_a_short_password(secret: str, text: str, shown: str) -> None:
    """Blotted out within words it would make lines unreadable, and tell itself."""
    conceal(secret)
    assert redacted(text) == shown


def test_secrets_that_overlap_leave_nothing() -> None:
    conceal("abcdefgh", "efghijkl")
    assert redacted("< abcdefghijkl > < abcdefghabcdefgh >") == "< *** > < ****** >"


def test_no_half_of_a_secret_at_the_end_of_what_is_read() -> None:
    """A text of a megabyte is cut before anybody looks for secrets in it; what may be half of one goes."""
    secret = "".join(f"{number:04d}" for number in range(300))
    conceal(secret)
    for shift in range(0, len(secret), 37):
        shown = redacted(secret * (cleaning.MOST // len(secret) - 1) + "x" * shift + secret * 2)
        assert "0000" not in shown
        assert set(shown) <= {"*", "x"}


@pytest.mark.parametrize("piece", ["x", "\\", "%41", "&amp;", "\u0130", "\x1b", "a "])
def test_a_megabyte_is_no_work(piece: str) -> None:
    conceal("xxxxxxxxy")
    started = time.process_time()
    assert len(clean(piece * 1_000_000)) <= 10 * cleaning.LIMIT
    assert time.process_time() - started < 2


def test_what_only_we_may_say() -> None:
    text = "fine (see harbor-health) (see\nharbor-component-redis) (see harbor-api) (see below)"
    told = "fine [see harbor-health) [see harbor-component-redis) [see harbor-api) (see below)"
    assert clean(text) == told


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a | b", "a / b"),
        (" a\n\tb\r\n", "a b"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("caf\u00e9 \u2603 \U0001f6a2", r"caf\xe9 \u2603 \U0001f6a2"),
        ("\u202e\u200b\ud800", r"\x202e\x200b\xd800"),
        ("\u00a0\u2028", ""),
    ],
)
def test_sanitised(text: str, clean: str) -> None:
    assert sanitised(text) == clean


@given(st.text(), st.integers(60, 200))
def test_cut(text: str, width: int) -> None:
    assert len(cut(text, width)) <= width
    assert cut(text, width) == text or cut(text, width).startswith(text[:10].rstrip())
