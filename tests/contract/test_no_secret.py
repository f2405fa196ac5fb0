"""The password, its Base64 form and tokens: in no output whatever comes back, in no argument, at no other server.

That no output holds them is a property of every test: runner.Outcome refuses such an output.
"""

from __future__ import annotations

import base64
import subprocess
import threading
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from urllib.parse import quote

import pytest

from attacks import trial
from contract import grammar, twists
from contract.adversary import Adversary
from contract.conftest import ACCOUNTS, for_every_plugin
from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator
from harbor_simulator.hostile import DISTORTIONS
from support import runner
from support.listeners import listening
from support.runner import SECRET, Outcome

pytestmark = pytest.mark.timeout(300)  # many tests here run every plugin

BASE64 = base64.b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode()).decode()
FORMS = {"password": MONITOR_SECRET, "base64": BASE64, "in a URL": quote(MONITOR_SECRET, safe="")}
#: What an echo of a request answers; {} is a secret.
ECHOES = {
    "in the reason": "HTTP/1.1 500 {}\r\nContent-Length: 0\r\n\r\n",
    "in the request id": "HTTP/1.1 500 No\r\nX-Request-Id: {}\r\nContent-Length: 0\r\n\r\n",
    "at the end of a long request id": "HTTP/1.1 500 No\r\n"
    f"X-Request-Id: {'x' * 50}" + "{}\r\nContent-Length: 0\r\n\r\n",
    "in the content type": "HTTP/1.1 200 OK\r\nContent-Type: text/html; {}\r\nContent-Length: 0\r\n\r\n",
    "as a host": "HTTP/1.1 302 Found\r\nLocation: https://{}/\r\nContent-Length: 0\r\n\r\n",
    "in a path": "HTTP/1.1 302 Found\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n",
    "in the challenge": 'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="https://{}/",service="{}"\r\n'
    "Content-Length: 0\r\n\r\n",
    "as the scheme": "HTTP/1.1 401 No\r\nWWW-Authenticate: {}\r\nContent-Length: 0\r\n\r\n",
    "instead of HTTP": "{}\r\n\r\n",
    "in the status": "HTTP/1.1 {} OK\r\n\r\n",
    "in an encoding": "HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: 0\r\n\r\n",
    "in an error": "HTTP/1.1 500 No\r\nContent-Type: application/json\r\nX-Request-Id: 1\r\n\r\n"
    '{{"errors":[{{"code":"{}","message":"{}"}}]}}',
}


def test_the_check_itself_finds_a_secret():
    for secret in (MONITOR_SECRET, BASE64, "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJoYXJib3IifQ.c2ln"):
        with pytest.raises(AssertionError):
            Outcome(0, f"HARBOR V2 OK - {secret}\n")
        with pytest.raises(AssertionError):
            Outcome(0, "", f"Traceback: {secret}\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("echo", ECHOES)
def test_echo(echo, form, here):
    """What reads it is common to all plugins: they take turns."""
    reply = ECHOES[echo].format(FORMS[form], FORMS[form]).encode()
    turn = list(ECHOES).index(echo) + list(FORMS).index(form)
    with Adversary(lambda head: [reply]) as server:
        for name in runner.NAMES[turn % 3 :: 3]:
            argv = ("-t", "5", "-vvv")
            told(here(name, *argv, url=server.url), here(name, *argv, "--output", "json", url=server.url))


@pytest.mark.parametrize("form", FORMS)
def test_reported_by_harbor(form, here, harbor):
    """As a name and as the reason of a component, and wherever else Harbor has a text."""
    harbor.switch("registry-down", "trivy-down")
    harbor.state.distortions.append((("/",), twists.texts_become(f"<{FORMS[form]}>")))
    for_every_plugin(lambda name: told(here(name, "-vvv"), here(name, "--output", "json")))


def told(text, report):
    for outcome in (text, report):
        assert not any(form in outcome.out for form in (*FORMS.values(), BASE64[:40], MONITOR_SECRET.lower()))
    grammar.checked(text, traceback=True)
    grammar.checked_json(report)


@pytest.mark.parametrize("output", ["nagios", "json"])
def test_fault_of_our_own(output, authfile, tmp_path, plugin_python, monkeypatch):
    """An exception that holds the login, in a plugin that shows tracebacks."""
    does = 'raise RuntimeError(f"cannot use {login.header} of {login!r} with {login.password}")'
    plugin = trial.written(tmp_path, "check_harbor_broken", does)
    monkeypatch.setenv("PYTHONPATH", str(runner.PLUGINS))
    command = [plugin_python, plugin, "-H", "h", "--authfile", authfile, "-vvv", "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    out = Outcome(done.returncode, done.stdout, done.stderr).out
    assert "internal error: RuntimeError: cannot use Basic *** of Credentials('robot$monitor') with ***" in out
    assert "Traceback (most recent call last)" in out or output == "json"


def test_not_in_the_process_list(name, against, plugin_python, monkeypatch):
    monkeypatch.setenv("HARBOR_USERNAME", MONITOR)
    monkeypatch.setenv("HARBOR_PASSWORD", MONITOR_SECRET)
    greeted = threading.Event()

    def hang(sock):
        while sock.recv(65536):
            greeted.set()

    with listening(hang) as port:
        argv = against(name, "-t", "30", url=f"https://localhost:{port}")
        command = runner.command(name, *argv, python=plugin_python)
        with Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE) as process:
            greeted.wait(20)
            shown = Path(f"/proc/{process.pid}/cmdline").read_text() + Path(f"/proc/{process.pid}/comm").read_text()
            process.kill()
    assert name in shown
    assert SECRET.search(shown) is None


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("path", ["/", "/v2/", "/service/token"])
def test_nothing_to_another_server(path, scheme, here, harbor):
    """Neither after a redirect nor after a challenge."""
    with Simulator(scheme=scheme, users=ACCOUNTS) as other:
        harbor.state.distortions.append(((path,), elsewhere(other.url)))

        def keeps_its_credentials(name):
            other.requests.clear()
            here(name, "-t", "5")
            here(name, "-t", "5", "--isolate")
            assert [request.path for request in other.requests if request.authorization] == []

        for_every_plugin(keeps_its_credentials)


def elsewhere(url):
    """Send everybody away, by a redirect and by a challenge."""
    realm = f'Bearer realm="{url}/service/token",service="harbor-registry"'

    def distortion(request, response):
        redirected = DISTORTIONS["redirect-foreign"](request, response)
        redirected.status = 401 if request.path == "/v2/" else 307
        redirected.headers.update({"Location": url + request.target, "WWW-Authenticate": realm})
        return redirected

    return distortion


@pytest.mark.parametrize("kind", ["expired", "self-signed", "wrong-name"])
def test_nothing_past_a_certificate(kind, here, harbor):
    """With --isolate a request without credentials ignores an invalid certificate; one with credentials never does."""
    harbor.certificate = kind

    def keeps_its_credentials(name):
        harbor.requests.clear()
        here(name, "-t", "5", "--isolate")
        assert [request.path for request in harbor.requests if request.authorization] == []

    for_every_plugin(keeps_its_credentials)


@pytest.mark.parametrize("switch", ["plain-http", "redirect-http"])
def test_nothing_over_http(switch, here, harbor):
    harbor.switch(switch)

    def keeps_its_credentials(name):
        harbor.requests.clear()
        here(name, "-t", "5")
        assert [request.path for request in harbor.requests if request.authorization and not request.tls] == []

    for_every_plugin(keeps_its_credentials)
