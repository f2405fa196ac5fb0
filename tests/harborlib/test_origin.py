"""Where Harbor is: URLs and host names as people give them, and as an enemy would."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from harborlib.wire.origin import Origin, host_and_port

import pytest
from hypothesis import given
from hypothesis import strategies as st

URLS = st.text(alphabet="htps:/[]@?#%.-1234567890abcé \\\n\t") | st.text()


@pytest.mark.parametrize(
    ("text", "url", "where"),
    [
        ("harbor.example.com", "https://harbor.example.com", "harbor.example.com"),
        ("harbor.example.com:8443", "https://harbor.example.com:8443", "harbor.example.com:8443"),
        ("https://harbor.example.com", "https://harbor.example.com", "harbor.example.com"),
        ("https://harbor.example.com:443/", "https://harbor.example.com", "harbor.example.com"),
        ("HTTPS://Harbor.Example.COM", "https://harbor.example.com", "harbor.example.com"),
        ("http://harbor.example.com", "http://harbor.example.com", "harbor.example.com"),
        ("http://harbor.example.com:443", "http://harbor.example.com:443", "harbor.example.com:443"),
        (" 192.0.2.1 ", "https://192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "https://[2001:db8::1]", "[2001:db8::1]"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("häfen.example.com", "https://xn--hfen-loa.example.com", "xn--hfen-loa.example.com"),
    ],
)
def test_origin(text: str, url: str, where: str) -> None:
    found = Origin.parse(text)
    assert (found.url, found.where) == (url, where)
    assert Origin.parse(url) == found


@pytest.mark.parametrize(
    "text",
    ["", " ", "https://", "ftp://h", "https://u@h", "https://u:p@h", "https://:p@h", "h/path", "h?query", "h#part",
     "h:0", "h:65536", "h:-1", "h:x", "[::1", "::1]", "a b", "a\nb", "a'b", "a|b", "a%b", "<h>", "h\\@evil.example.com",
     "\u2100.example.com", "a" * 64 + "\u00e4"],
)  # fmt: skip
def test_no_origin(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        Origin.parse(text)


REFUSALS = {
    "not a URL or host name",
    "not a host name or address",
    "no user or password in the URL: every local user can read arguments, use --authfile",
    "the URL must begin with https:// or http://",
    "only scheme, host and port: https://harbor.example.com[:port]",
}


def read(parse: Callable[[str], Any], text: str) -> Any:
    """What a text is, or the words in which it is refused."""
    try:
        return parse(text)
    except argparse.ArgumentTypeError as refusal:
        return str(refusal)


@given(URLS)
def test_any_text_is_an_origin_or_refused_without_repeating_it(text: str) -> None:
    found = read(Origin.parse, text)
    if isinstance(found, Origin):
        assert Origin.parse(found.url) == found
        assert 0 < found.port < 65536
        assert found.host.isascii()
        assert not set(found.host) & set(" /?#@\\\n")
    else:
        assert found in REFUSALS


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_login_gets_through(user: str, password: str) -> None:
    for text in (f"https://{user}:{password}@harbor.example.com", f"https://{user}@harbor.example.com"):
        found = read(Origin.parse, text)
        assert found in REFUSALS or found.host != "harbor.example.com"  # "a/b@harbor.example.com" is the host a


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.1", ("192.0.2.1", 0)),
        ("192.0.2.1:8443", ("192.0.2.1", 8443)),
        ("node1.example.com:443", ("node1.example.com", 443)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("[::1]", ("::1", 0)),
    ],
)
def test_host_and_port(text: str, found: tuple[str, int]) -> None:
    assert host_and_port(text) == found


@given(URLS)
def test_any_text_is_a_host_or_refused(text: str) -> None:
    found = read(host_and_port, text)
    if isinstance(found, tuple):
        host, port = found
        assert host
        assert 0 <= port < 65536
    else:
        assert found == "not HOST[:PORT]"
