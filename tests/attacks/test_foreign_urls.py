"""No URL that a server sends takes a login, a token or a client certificate to anybody but Harbor."""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from harborlib.wire import deadline, tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import ROUTE, Failure
from harborlib.wire.origin import URL_LIMIT, Origin, Target
from harborlib.wire.request import Request
from harborlib.wire.transport import Transport

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

import runner
from attacks.odd_urls import TEMPLATES, urls
from attacks.recorder import Recorder, client_certificate
from contract.adversary import Adversary
from contract.conftest import ACCOUNTS
from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator
from harbor_simulator.certificates import ca_file
from harbor_simulator.messages import Response
from listeners import listening, proxy

BASIC = base64.b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode())
EVIL, HARBOR = "evil.example.net:8443", "harbor.example.com"
HERE = Target(Origin.parse(f"https://{HARBOR}"), "/v2/pub/img/x?state=1")
MANY = 100_000
SOME = 300  # as many as go over real sockets


# Parsers


def understood(text: str) -> Target | None:
    try:
        return HERE.follow(text)
    except ValueError:
        return None


def of_urllib3(text: str) -> tuple | None:
    """The server that urllib3 would dial."""
    try:
        url = urllib3.util.parse_url(text)
    except urllib3.exceptions.HTTPError:
        return None
    return url.scheme, (url.host or "").strip("[]"), url.port or {"https": 443, "http": 80}.get(url.scheme or "")


def of_the_standard_library(text: str) -> tuple | None:
    """The server that urlsplit sees, which is not always the one that is dialed."""
    try:
        url = urlsplit(text)
        return url.scheme, url.hostname or "", url.port or {"https": 443, "http": 80}.get(url.scheme)
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


@given(st.text(max_size=200) | st.text(alphabet="/\\@:?#.%[]\t evilharbor443", max_size=60).map("https:/".__add__))
def test_any_text_is_refused_or_read_by_all_in_the_same_way(text: str) -> None:
    found = understood(text)
    if found:
        agreed(found)


@given(st.text(max_size=200) | st.text(alphabet="/\\@:?#.%[]\t evilharbor443", max_size=60).map("https:/".__add__))
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


# Sockets


def transport(url: str, through: str | None = None) -> Transport:
    return Transport(Origin.parse(url), Route(), tls.context(ca_file(), None, None, True), through)


@pytest.fixture
def evil() -> Iterator[Recorder]:
    """Nothing secret may reach it: no byte of the login or of a token, and no client certificate."""
    with Recorder() as recorder:
        yield recorder
    assert not [said for said in recorder.heard if is_secret(said)]
    assert not any(recorder.shown)


def is_secret(said: bytes) -> bool:
    secrets = (BASIC, BASIC.rstrip(b"="), MONITOR_SECRET.encode(), b"eyJ", b"uthorization")
    return any(secret in said for secret in secrets)


def test_the_recorder_hears_what_is_said_to_it(tmp_path) -> None:
    """Or the tests here would prove nothing."""
    secret = Request("GET", "/x", {"Authorization": f"Basic {BASIC.decode()}"})
    with Recorder() as recorder:
        context = tls.context(ca_file(), str(client_certificate(tmp_path)), None, True)
        client = Transport(Origin.parse(f"https://{recorder.where}"), Route(), context, None)
        assert deadline.supervised(lambda: client.send(secret), 5).status == 200
    assert [is_secret(said) for said in recorder.heard] == [True]
    assert recorder.shown[0]


@pytest.mark.timeout(120)
def test_no_redirect_takes_the_login_along(evil: Recorder) -> None:
    """Of the seeded URLs those that urlsplit and urllib3 read differently, and others."""
    here = {"url": ""}
    location = {"now": ""}

    def reply(head: bytes) -> list[bytes]:
        to = b"" if b" /there " in head else f"Location: {location['now']}\r\n".encode()
        status = b"HTTP/1.1 307 Go\r\n" if to else b"HTTP/1.1 200 OK\r\n"
        return [status + to + b"Connection: close\r\nContent-Length: 0\r\n\r\n"]

    with Adversary(reply) as harbor:
        where = harbor.url.partition("//")[2]
        odd = [url for url in urls(MANY // 10, evil.where, where) if "\r" not in url and "\n" not in url]
        chosen = odd[: len(TEMPLATES)] + [url for url in odd if of_urllib3(url) != of_the_standard_library(url)][:SOME]
        client, here["url"] = transport(harbor.url), harbor.url
        secret = Request("GET", "/x", {"Authorization": f"Basic {BASIC.decode()}"})
        for location["now"] in chosen:
            with suppress(Failure):
                deadline.supervised(lambda: client.send(secret), 5)
    assert len(chosen) > SOME
    assert evil.heard == []


def carried(carrier: str, harbor: Simulator, url: str) -> None:
    """Let Harbor send this URL where a plugin may look for one."""
    url = url.encode().decode("latin-1").replace("\n", "").replace("\r", "").replace("\x00", "")
    challenge = {"WWW-Authenticate": f'Bearer realm="{url}",service="harbor-registry"'}
    if carrier == "realm":
        harbor.answer("/v2/", 401, challenge)
    elif carrier == "asset":
        page = f"<title>Harbor</title><script src='{url}'></script><link rel=stylesheet href='{url}'>"
        harbor.answer("/", 200, {"Content-Type": "text/html"}, page)
    else:
        headers = {"Link": f'<{url}>; rel="next"'} if carrier == "next page" else {"Location": url}
        status = {"next page": 200, "upload": 202}.get(carrier, 307)

        def send_there(_request: object, response: Response) -> Response:
            return replace(response, status=status, headers={"Content-Type": "application/json", **headers}, body=b"[]")

        harbor.state.distortions.append(((BELOW[carrier],), send_there))


BELOW = {
    "redirect": "/api/",
    "redirect of a token": "/service/",
    "redirect of /v2/": "/v2/",
    "blob": "/v2/pub/img/blobs/",
    "upload": "/v2/pub/canary/blobs/uploads/",
    "next page": "/api/v2.0/quotas",
}
CARRIERS = {
    "redirect": ("check_harbor_api", "check_harbor_quota", "check_harbor_triage"),
    "redirect of a token": ("check_harbor_login", "check_harbor_pull"),
    "redirect of /v2/": ("check_harbor_v2", "check_harbor_login"),
    "realm": ("check_harbor_v2", "check_harbor_login", "check_harbor_push"),
    "blob": ("check_harbor_pull",),
    "upload": ("check_harbor_push",),
    "asset": ("check_harbor_portal",),
    "next page": ("check_harbor_quota",),
}


@pytest.fixture(scope="module")
def running_harbor() -> Iterator[Simulator]:
    with Simulator(users=ACCOUNTS) as simulator:
        yield simulator


@pytest.fixture
def argv(harbor: Simulator, authfile: str) -> Callable[[str], list[str]]:
    def arguments(name: str) -> list[str]:
        more = ["--assets"] if name == "check_harbor_portal" else []
        needed = runner.NEEDED.get(name, []) + more
        return ["-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", authfile, "-t", "5", *needed]

    return arguments


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.timeout(180)
def test_no_url_takes_a_secret_along(carrier: str, harbor: Simulator, evil: Recorder, argv) -> None:
    """Every odd URL in every place, in turn with every plugin that looks there."""
    names = CARRIERS[carrier]
    for number, template in enumerate(TEMPLATES):
        harbor.reset()
        carried(carrier, harbor, template.format(evil=evil.where, harbor=f"{harbor.host}:{harbor.port}"))
        name = names[number % len(names)]
        if name == "check_harbor_triage" and number % 12:
            name = names[0]  # it takes as long as all others together
        runner.here(name, *argv(name))
    # An object store is asked for what Harbor says is there, without a word of who asks.
    assert carrier == "blob" or evil.heard == []


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_url_takes_a_secret_along_as_process(
    carrier: str, harbor: Simulator, evil: Recorder, argv, tmp_path, plugin_python: str
) -> None:
    """The same with the libraries of --plugin-python, and a client certificate."""
    certificate = str(client_certificate(tmp_path))
    for template in (TEMPLATES[0], TEMPLATES[7]):
        harbor.reset()
        carried(carrier, harbor, template.format(evil=evil.where, harbor=f"{harbor.host}:{harbor.port}"))
        name = CARRIERS[carrier][0]
        outcome = runner.process(name, *argv(name), "--client-cert", certificate, python=plugin_python)
        assert outcome.err == ""
        assert outcome.code in ((0,) if carrier in ("asset", "next page") else (2, 3)), outcome.out
    assert evil.heard == []


@pytest.mark.parametrize("place", ["object store", "harbor"])
def test_a_client_certificate_is_for_harbor_alone(
    place: str, harbor: Simulator, argv, tmp_path, plugin_python: str
) -> None:
    certificate = ("--client-cert", str(client_certificate(tmp_path)))
    with Recorder() as other:
        if place == "harbor":
            runner.process("check_harbor_portal", "-H", other.where, "--ca-file", harbor.ca_file, *certificate,
                           python=plugin_python)  # fmt: skip
        else:
            carried("blob", harbor, f"https://{other.where}/bucket?signature=1")
            runner.process("check_harbor_pull", *argv("check_harbor_pull"), *certificate, python=plugin_python)
    assert other.heard
    assert all(other.shown) if place == "harbor" else not any(other.shown)
    assert [said for said in other.heard if is_secret(said)] == []


@pytest.mark.parametrize("option", ["-H", "--proxy"])
@pytest.mark.parametrize("userinfo", ["u:p@", "u@", ":p@", "@", "u:p\\@", "u%3Ap@"])
def test_no_user_or_password_in_a_url(
    option: str, userinfo: str, harbor: Simulator, authfile: str, plugin_python: str
) -> None:
    """It would be sent instead of the login that was given."""
    harbor.requests.clear()
    urls = {"-H": harbor.url, option: f"https://{userinfo}localhost:{harbor.port}/"}
    given = [word for pair in urls.items() for word in pair]
    outcome = runner.process("check_harbor_api", *given, "--authfile", authfile, python=plugin_python)
    assert (outcome.code, harbor.requests) == (3, [])
    assert f"usage: {option}" in outcome.out


# The second line


def astray(call: Callable[[], object]) -> None:
    with pytest.raises(Failure) as failure:
        call()
    assert failure.value.stage == ROUTE
    assert " is not sent: it would not go to " in failure.value.detail


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_what_is_dialed_is_what_was_checked(scheme: str, evil: Recorder) -> None:
    """Were a URL read in another way after all: neither the adapter nor a connection goes there."""
    client = transport(f"{scheme}://{HARBOR}")
    for url in (f"{scheme}://{evil.where}/", f"{scheme}://{evil.where}\\@{HARBOR}/", f"{scheme}://u:p@{HARBOR}/"):
        astray(lambda url=url: client.session.get(url))
    pool = client.session.get_adapter(f"{scheme}://{HARBOR}").poolmanager
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
        astray(lambda: client.session.get(f"{scheme}://{evil.where}/"))
        adapter = client.session.get_adapter(f"{scheme}://{HARBOR}")
        host, evil_port = evil.where.split(":")
        if scheme == "https":
            pool = adapter.proxy_manager_for(through).connection_from_host(host, int(evil_port), scheme)
            astray(lambda: pool.urlopen("GET", f"https://{evil.where}/"))
        other = adapter.proxy_manager_for(f"http://{evil.where}").connection_from_host(HARBOR, 443, scheme)
        astray(lambda: other.urlopen("GET", f"{scheme}://{HARBOR}/", assert_same_host=False))
    assert (asked, evil.heard) == ([], [])


def test_a_login_is_not_sent_to_an_object_store(harbor: Simulator, evil: Recorder) -> None:
    from harborlib.harbor.client import Client

    args = argparse.Namespace(harbor=Origin.parse(harbor.url), login=None, isolate=None, insecure=False)
    request = Request("GET", "/", {"Authorization": f"Basic {BASIC.decode()}"})
    with pytest.raises(Failure) as failure:
        Client(args, None).send(request._replace(origin=Origin.parse(f"https://{evil.where}")))
    assert failure.value.detail == f"GET / is not sent: a login does not go to {evil.where}"
    assert evil.heard == []
