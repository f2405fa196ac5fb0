"""No URL that a server sends takes a login, a token or a client certificate to anybody but Harbor: on real sockets."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from harborlib.harbor.client import Client
from harborlib.wire.failure import Failure
from harborlib.wire.origin import Origin

import pytest

from attacks.client import SECRET, enemy, is_secret, send, transport
from attacks.odd_urls import TEMPLATES, of_the_standard_library, of_urllib3, urls
from attacks.recorder import Recorder, client_certificate
from contract.adversary import Adversary
from contract.conftest import ACCOUNTS
from harbor_simulator import Simulator
from harbor_simulator.messages import Response
from support import runner

MANY = 10_000
SOME = 300  # as many of them as go over real sockets


@pytest.fixture
def evil() -> Iterator[Recorder]:
    with enemy() as recorder:
        yield recorder


def test_the_recorder_hears_what_is_said_to_it(tmp_path) -> None:
    """Or the tests here would prove nothing."""
    with Recorder() as recorder:
        client = transport(f"https://{recorder.where}", certificate=str(client_certificate(tmp_path)))
        assert send(client, SECRET).status == 200
    assert [is_secret(said) for said in recorder.heard] == [True]
    assert recorder.shown[0]


@pytest.mark.timeout(120)
def test_no_redirect_takes_the_login_along(evil: Recorder) -> None:
    """Of the seeded URLs those that urlsplit and urllib3 read differently, and others."""
    location = {"now": ""}

    def reply(_head: bytes) -> list[bytes]:
        there = location["now"].encode()
        return [b"HTTP/1.1 307 Go\r\nLocation: " + there + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"]

    with Adversary(reply) as harbor:
        where = harbor.url.partition("//")[2]
        odd = [url for url in urls(MANY, evil.where, where) if "\r" not in url and "\n" not in url]
        apart = [url for url in odd if of_urllib3(url) != of_the_standard_library(url)][:SOME]
        client = transport(harbor.url)
        for location["now"] in odd[: len(TEMPLATES)] + apart:
            with suppress(Failure):
                send(client, SECRET)
    assert len(apart) == SOME
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
        assert outcome.code in ((0,) if carrier == "asset" else (2, 3)), outcome.out
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
    option: str, userinfo: str, harbor: Simulator, authfile: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It would be sent instead of the login that was given."""
    harbor.requests.clear()
    urls = {"-H": harbor.url, option: f"https://{userinfo}localhost:{harbor.port}/"}
    given = [word for pair in urls.items() for word in pair]
    with pytest.raises(SystemExit, match="3"):
        runner.here("check_harbor_api", *given, "--authfile", authfile)
    assert harbor.requests == []
    assert f"usage: {option}" in capfd.readouterr().out


def test_a_login_is_not_sent_to_an_object_store(harbor: Simulator, evil: Recorder) -> None:
    args = argparse.Namespace(harbor=Origin.parse(harbor.url), login=None, isolate=None, insecure=False)
    with pytest.raises(Failure) as failure:
        Client(args, None).send(SECRET._replace(origin=Origin.parse(f"https://{evil.where}")))
    assert failure.value.detail == f"GET /x is not sent: credentials do not go to {evil.where}"
    assert evil.heard == []


@pytest.mark.parametrize("digest", ["../../../../api/v2.0/projects/1", "sha256:x?", f"sha256:{'a' * 64}/.."])
def test_what_is_deleted_is_a_digest(digest: str, harbor: Simulator, argv) -> None:
    """It is Harbor that names what is left of a run before."""
    harbor.answer("/v2/pub/canary/manifests/check-harbor", 200, {"Docker-Content-Digest": digest})
    outcome = runner.here("check_harbor_push", *argv("check_harbor_push"), "--depth", "image")
    assert outcome.first.startswith(
        f"HARBOR PUSH UNKNOWN - unexpected digest of pub/canary:check-harbor: {digest[:40]}"
    )
    assert "DELETE" not in {request.method for request in harbor.requests}
