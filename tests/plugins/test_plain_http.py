"""http for https, a redirect to https, plain HTTP to a port for TLS: what every probe that meets them says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harbor_simulator import Simulator
from support import listeners, runner, screens

#: Probes that need no account, and so can be asked over http; those that need one refuse it.
OPEN = pytest.mark.parametrize("probe", ["component", "health", "portal", "pull", "v2"])
ALL = pytest.mark.parametrize(
    "probe", ["api", "certificate", "component", "gc", "health", "login", "portal", "pull", "push", "v2"]
)

NGINX = b"""<html>\r
<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r
<body>\r
<center><h1>400 Bad Request</h1></center>\r
<center>The plain HTTP request was sent to HTTPS port</center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""
APACHE = b"<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />"
TOMCAT = b"Bad Request\r\nThis combination of host and port requires TLS.\r\n"


def refused(body: bytes) -> bytes:
    return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)


#: How a port for TLS answers plain HTTP.
REFUSALS = {
    "nginx": refused(NGINX),
    "Go": b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
    "Apache": refused(APACHE),
    "Tomcat": refused(TOMCAT),
    "an alert of TLS": b"\x15\x03\x01\x00\x02\x02\x46",
}


def answer(probe: str, url: str, *options: str) -> list[str]:
    """The first line without its perfdata, and the step, the address made the same."""
    name = f"check_harbor_{probe}"
    outcome = runner.here(name, "-H", url, *runner.NEEDED.get(name, ()), *options)
    lines = outcome.out.replace(url.partition("://")[2], screens.HOST).splitlines()
    return [lines[0].split(" | ")[0].partition(" - ")[2], lines[-1], f"exit code {outcome.code}"]


@OPEN
def test_plain_request_to_the_port_of_the_simulator(probe: str) -> None:
    with Simulator() as harbor:
        assert answer(probe, harbor.url.replace("https", "http")) == [
            f"{screens.HOST} speaks TLS on this port, and -H says http",
            f"Next: point -H at https://{screens.HOST}",
            "exit code 2",
        ]


@pytest.mark.parametrize("server", REFUSALS)
@pytest.mark.parametrize("probe", ["health", "v2"])
def test_plain_request_to_a_port_for_tls(probe: str, server: str) -> None:
    with listeners.listening(listeners.says(REFUSALS[server])) as port:
        assert answer(probe, f"http://localhost:{port}") == [
            f"{screens.HOST} speaks TLS on this port, and -H says http",
            f"Next: point -H at https://{screens.HOST}",
            "exit code 2",
        ]


def test_connection_that_is_closed_without_a_word() -> None:
    """As some servers do that expect TLS."""
    with listeners.listening(listeners.says(b"")) as port:
        line, step, code = answer("v2", f"http://localhost:{port}")
    assert line == f"no answer from {screens.HOST}: connection closed early"
    assert step == (
        f"Next: point -H at https://{screens.HOST} if that port speaks TLS, otherwise check nginx and core: "
        f"docker ps -a (or kubectl -n NAMESPACE get pods)"
    )
    assert code == "exit code 2"


@OPEN
def test_reverse_proxy_that_speaks_plain_http_to_a_tls_port(probe: str, harbor: Simulator) -> None:
    for path in ("/", "/v2/", "/api/v2.0/health", "/api/v2.0/ping"):
        harbor.answer(path, 400, {"Content-Type": "text/html"}, NGINX.decode())
    first, step, code = answer(probe, harbor.url, "--ca-file", harbor.ca_file)
    line = f"the reverse proxy of {screens.HOST} speaks plain HTTP to a port where Harbor speaks TLS"
    assert line.startswith(first.rstrip("."))
    assert step == (
        "Next: set the backend protocol of the reverse proxy to HTTPS, or point it at Harbor's port for plain HTTP"
    )
    assert code == "exit code 2"


@pytest.mark.parametrize("body", [b"400 Bad Request", b"<html>The request was malformed</html>"])
def test_any_other_400(body: bytes) -> None:
    with listeners.listening(listeners.says(refused(body))) as port:
        assert "TLS" not in "".join(answer("v2", f"http://localhost:{port}"))


@pytest.fixture(scope="module")
def moved() -> Iterator[str]:
    """A port for plain HTTP that sends everybody to https on the same host, as Harbor's nginx does."""
    head = b"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n"
    with listeners.listening(listeners.says(head + b"Connection: close\r\n\r\n")) as port:
        yield f"http://localhost:{port}"


@OPEN
def test_redirect_to_https(probe: str, moved: str) -> None:
    first, step, code = answer(probe, moved)
    assert first.endswith(" is redirected to https://localhost")
    assert (step, code) == ("Next: point -H at https://localhost", "exit code 2")


def test_redirect_of_a_proxy_that_does_not_know_of_tls(harbor: Simulator) -> None:
    """To follow it, credentials would have to be sent in clear text: -H is right, and Harbor is not."""
    harbor.switch("redirect-http")
    first, step, code = answer("v2", harbor.url, "--ca-file", harbor.ca_file)
    assert first == f"GET /v2/ is redirected to http://{screens.HOST}"
    assert step == ("Next: set external_url (chart: externalURL) to https://..., and pass X-Forwarded-Proto on")
    assert code == "exit code 2"


def test_redirect_to_a_page_of_another_application(harbor: Simulator) -> None:
    """-H must not point at the login page of a reverse proxy."""
    harbor.answer("/v2/", 302, {"Location": "https://sso.example.com/login?rd=/v2/"})
    first, step, code = answer("v2", harbor.url, "--ca-file", harbor.ca_file)
    assert first == "GET /v2/ is redirected to https://sso.example.com"
    assert step == "Next: ask the owner of the reverse proxy or ingress: it sends requests for Harbor elsewhere"
    assert code == "exit code 2"


@ALL
def test_https_where_harbor_speaks_plain_http(probe: str, authfile: str) -> None:
    with Simulator(scheme="http") as harbor:
        url = harbor.url.replace("http", "https")
        login = [] if probe in ("certificate", "component", "health", "portal", "v2") else ["--authfile", authfile]
        first, step, code = answer(probe, url, *login)
    line = "TLS handshake with localhost failed: the server does not speak TLS on this port (plain HTTP?)"
    assert (first, code) == (line, "exit code 2")
    port = "Next: point -H at the port where Harbor speaks TLS, or remove this service if it has none"
    assert step == (port if probe == "certificate" else screens.NO_TLS)
