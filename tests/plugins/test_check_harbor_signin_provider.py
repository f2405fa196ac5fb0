"""check_harbor_signin with a real OpenID provider, over real TLS, which Harbor (the simulator) really asks."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from harbor_simulator import Simulator, tls
from harbor_simulator.certificates import ca_file
from harbor_simulator.world import Provider
from support import runner
from support.screens import screen

mock = pytest.importorskip("oidc_provider_mock", reason="needs the Python package oidc-provider-mock")
serving = pytest.importorskip("werkzeug.serving")

CLIENT = (
    "Next: compare client ID, secret and redirect URI of Harbor (Administration > Configuration) with the provider's"
)
Signin = Callable[..., list[str]]


class Real:
    """The provider on localhost, and the Harbor that it knows."""

    def __init__(self, harbor: Simulator) -> None:
        context = tls.context("good", "localhost", "1.2")
        application = mock.app(require_client_registration=True)
        self.server = serving.make_server("localhost", 0, application, threaded=True, ssl_context=context)
        self.where = f"localhost:{self.server.server_port}"
        self.issuer = f"https://{self.where}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        client = self._register(f"{harbor.url}/c/oidc/callback")
        harbor.world.provider = Provider(self.issuer, client["client_id"], client["client_secret"], ca_file())

    def _register(self, url: str) -> dict[str, str]:
        data = json.dumps({"redirect_uris": [url]}).encode()
        request = urllib.request.Request(f"{self.issuer}/oauth2/clients", data, {"Content-Type": "application/json"})
        context = ssl.create_default_context(cafile=ca_file())
        with urllib.request.urlopen(request, context=context) as answer:
            found: dict[str, str] = json.load(answer)
            return found

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def real(harbor: Simulator) -> Iterator[Real]:
    harbor.switch("oidc")
    provider = Real(harbor)
    yield provider
    provider.stop()
    harbor.world.provider = None


@pytest.fixture
def signin(harbor: Simulator, real: Real) -> Signin:
    """Run the probe; the provider's address and the client's name made the same. On a busy machine nothing is slow."""

    def run(*options: str) -> list[str]:
        assert harbor.world.provider
        common = ["-H", harbor.url, "--ca-file", harbor.ca_file, "-w", "60", "-c", "60"]
        outcome = runner.here("check_harbor_signin", *common, *options)
        state = [request.query["state"] for request in harbor.requests if "state" in request.query]
        assert not any(secret in outcome.out for secret in state)
        client = harbor.world.provider.client
        outcome = replace(outcome, out=outcome.out.replace(real.where, "PROVIDER").replace(client, "CLIENT"))
        return screen(outcome, harbor)

    return run


def change(harbor: Simulator, **changes: str | None) -> None:
    """Let Harbor be set up differently from what the provider knows."""
    assert harbor.world.provider
    harbor.world.provider = replace(harbor.world.provider, **changes)  # type: ignore[arg-type]


def test_people_can_log_in(signin: Signin, real: Real, harbor: Simulator) -> None:
    line = "PROVIDER (LabLogin) shows its login page and accepts Harbor as a client"
    for options in ((), ("--issuer", real.issuer), ("--isolate",)):
        assert signin(*options) == [f"HARBOR SIGNIN OK - {line} | time=Ts;60;60;0", "exit code 0"]
    assert not any(request.authorization for request in harbor.requests)


def test_wrong_client_secret(signin: Signin, harbor: Simulator) -> None:
    change(harbor, secret="another")
    line = "PROVIDER does not accept the client ID CLIENT with its secret (invalid_client)"
    assert signin() == [f"HARBOR SIGNIN CRITICAL - {line} | time=Ts;60;60;0", CLIENT, "exit code 2"]


def test_client_that_the_provider_does_not_know(signin: Signin, harbor: Simulator) -> None:
    change(harbor, client="nosuchclient")
    lines = signin()
    assert "CRITICAL: PROVIDER refuses client CLIENT or its redirect URI (400)" in lines
    assert "CRITICAL: PROVIDER does not accept the client ID CLIENT with its secret (invalid_client)" in lines
    assert lines[-1] == "exit code 2"


def test_redirect_uri_on_another_address(signin: Signin, harbor: Simulator) -> None:
    harbor.external_url = "https://old.example.com"
    lines = signin()
    assert "CRITICAL: PROVIDER refuses client CLIENT or its redirect URI (400)" in lines
    back = "WARNING: the provider sends people back to https://old.example.com/c/oidc/callback"
    assert any(line.startswith(back) for line in lines)


def test_provider_that_is_down(signin: Signin, real: Real) -> None:
    real.stop()
    line = "Harbor cannot use its OIDC provider LabLogin (500 for /c/oidc/login)"
    assert signin()[0] == f"HARBOR SIGNIN CRITICAL - {line}"
    lines = signin("--issuer", real.issuer)
    assert any(f"{line}, from here: cannot connect to PROVIDER: Connection refused" in one for one in lines)


def test_wrong_issuer(signin: Signin, real: Real, harbor: Simulator) -> None:
    wrong = real.issuer + "/"
    change(harbor, issuer=wrong)
    assert any("from here: wrong issuer, the provider calls itself https://PROVIDER" in line
               for line in signin("--issuer", wrong))  # fmt: skip


def test_certificate_that_harbor_does_not_trust(signin: Signin, real: Real, harbor: Simulator) -> None:
    change(harbor, ca_file=None)
    lines = signin("--issuer", real.issuer)
    assert any("from here: the provider answers, as the same issuer" in line for line in lines)
    assert lines[-1] == "exit code 2"


def test_certificate_that_this_host_does_not_trust(harbor: Simulator, real: Real) -> None:
    with Simulator("oidc", scheme="http") as other:
        other.world.provider = harbor.world.provider
        outcome = runner.here("check_harbor_signin", "-H", other.url)
    lines = outcome.out.replace(real.where, "PROVIDER").splitlines()
    line = "WARNING: this host does not get the provider's login page: PROVIDER: certificate does not verify: unable to"
    assert any(one.startswith(line) for one in lines), lines
