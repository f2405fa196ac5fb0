"""Nobody reads a URL that we ask for in another way than we do, and what is dialed is what was checked."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from harborlib.wire.failure import ROUTE, Failure
from harborlib.wire.origin import URL_LIMIT, Origin, Target
from harborlib.wire.transport import Transport

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3 import ProxyManager

from attacks.client import enemy, transport
from attacks.odd_urls import of_the_standard_library, of_urllib3, urls
from attacks.recorder import Recorder
from support.listeners import listening, proxy

EVIL, HARBOR = "evil.example.net:8443", "harbor.example.com"
HERE = Target(Origin.parse(f"https://{HARBOR}"), "/v2/pub/img/x?state=1")
MANY = 100_000
ODD_TEXT = st.text(max_size=200) | st.text(alphabet="/\\@:?#.%[]\t evilharbor443", max_size=60).map("https:/".__add__)


@pytest.fixture
def evil() -> Iterator[Recorder]:
    with enemy() as recorder:
        yield recorder


def understood(text: str) -> Target | None:
    try:
        return HERE.follow(text)
    except ValueError:
        return None


def agreed(target: Target, everybody: bool = True) -> None:
    """What we ask for is read in the same way by all who read it after us."""
    asked = target.origin.url + target.path
    assert of_urllib3(asked) == target.origin
    if not everybody:
        return
    assert of_the_standard_library(asked) == target.origin
    prepared = requests.PreparedRequest()
    prepared.prepare_url(asked, None)
    assert prepared.url
    assert prepared.url.startswith(f"{target.origin.url}/")
    assert of_urllib3(prepared.url) == target.origin
    assert "@" not in urlsplit(prepared.url).netloc


@pytest.mark.timeout(300)
def test_nobody_reads_what_we_ask_for_in_another_way() -> None:
    """Among them are many that urlsplit and urllib3 read differently, or this would prove nothing."""
    known, refused, disagreed = 0, 0, 0
    for number, text in enumerate(urls(MANY, EVIL, HARBOR)):
        found = understood(text)
        known += found is not None
        refused += found is None
        if found:
            agreed(found, everybody=number % 10 == 0)
            if text.startswith(("https://", "http://")):  # what we take as it is, nobody reads in another way either
                assert of_urllib3(text) == found.origin
        elif number % 10 == 0:
            disagreed += None is not of_urllib3(text) != of_the_standard_library(text)
    assert min(known, refused) > MANY / 5
    assert disagreed > 100


@given(ODD_TEXT)
def test_any_text_is_refused_or_read_by_all_in_the_same_way(text: str) -> None:
    found = understood(text)
    if found:
        agreed(found)


@given(ODD_TEXT)
def test_the_url_of_an_option_is_refused_or_read_by_all_in_the_same_way(text: str) -> None:
    with suppress(argparse.ArgumentTypeError):
        agreed(Target(Origin.parse(text), "/"))


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        ("y", "/v2/pub/img/y"),
        ("../y/./z?a=/../b#c", "/v2/pub/y/z?a=/../b"),
        ("../../../../../y/..", "/"),
        ("/a/b/../../..", "/"),
        ("?page=2", "/v2/pub/img/x?page=2"),
        ("#part", "/v2/pub/img/x"),
        ("//harbor.example.com//a", "/a"),
        ('/a"<b>/%zz%41[]?{c}|`^', "/a%22%3Cb%3E/%25zz%41%5B%5D?%7Bc%7D%7C%60%5E"),
        (f"/{'a' * (URL_LIMIT - 1)}", f"/{'a' * (URL_LIMIT - 1)}"),
    ],
)
def test_where_a_reference_leads(reference: str, place: str) -> None:
    assert HERE.follow(reference) == (HERE.origin, place)


@pytest.mark.parametrize(
    "reference",
    [f"/{'a' * URL_LIMIT}", "https://u@harbor.example.com/", "https://:p@harbor.example.com/", "/a b", "/a\\b", "/\xe4",
     "https://harbor.example.com:/", "https://harbor.example.com:0/", "https://harbor.example.com:65536/", "https:x",
     "https://.example.com/", f"https://{'a.' * 127}com/", "https://[::1%25eth0]/", "https://[::g]/", "a:b",
     "https://harbor.example.com?x", "mailto:x@harbor.example.com", "//", "https://"],
)  # fmt: skip
def test_what_is_no_plain_url_is_refused(reference: str) -> None:
    assert understood(reference) is None


# The second line


def astray(call: Callable[[], object]) -> None:
    with pytest.raises(Failure) as failure:
        call()
    assert failure.value.stage == ROUTE
    assert " is not sent: it would not go to " in failure.value.detail


def get(client: Transport, url: str) -> None:
    client.adapter.send(requests.Request("GET", url).prepare(), proxies=client.proxies)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_is_dialed_is_what_was_checked(scheme: str, evil: Recorder) -> None:
    """Were a URL read in another way after all: neither the adapter nor a connection goes there."""
    client = transport(f"{scheme}://{HARBOR}")
    for url in (f"{scheme}://{evil.where}/", f"{scheme}://{evil.where}\\@{HARBOR}/", f"{scheme}://u:p@{HARBOR}/"):
        astray(partial(get, client, url))
    pool = client.adapter.poolmanager
    host, port = evil.where.split(":")
    astray(lambda: pool.connection_from_host(host, int(port), scheme).urlopen("GET", "/"))
    astray(lambda: pool.connection_from_host(HARBOR, int(port), scheme).urlopen("GET", "/"))
    assert evil.heard == []


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_goes_through_a_proxy_is_what_was_checked(scheme: str, evil: Recorder) -> None:
    asked: list[str] = []
    with listening(proxy(asked)) as port:
        through = f"http://127.0.0.1:{port}"
        client = transport(f"{scheme}://{HARBOR}", through)
        astray(lambda: get(client, f"{scheme}://{evil.where}/"))
        host, evil_port = evil.where.split(":")
        manager = client.adapter.poolmanager
        if scheme == "https":
            pool = manager.connection_from_host(host, int(evil_port), scheme)
            astray(lambda: pool.urlopen("GET", f"https://{evil.where}/"))
        other = ProxyManager(f"http://{evil.where}", ssl_context=client.context)
        other.pool_classes_by_scheme = manager.pool_classes_by_scheme
        pool = other.connection_from_host(HARBOR, 443, scheme)
        astray(lambda: pool.urlopen("GET", f"{scheme}://{HARBOR}/", assert_same_host=False))
    assert (asked, evil.heard) == ([], [])
