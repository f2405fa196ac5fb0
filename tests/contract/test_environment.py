"""What a plugin takes from its environment ($HARBOR_URL, $HARBOR_USERNAME, $HARBOR_PASSWORD), and nothing else."""

from __future__ import annotations

import base64

import pytest

from contract.conftest import for_every_plugin
from harbor_simulator import MONITOR, MONITOR_SECRET
from support import runner

BASIC = "Basic " + base64.b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode()).decode()


@pytest.fixture
def bare(harbor, monkeypatch):
    """The arguments without -H and without a login, which the environment has."""
    for name, value in (("URL", harbor.url), ("USERNAME", MONITOR), ("PASSWORD", MONITOR_SECRET)):
        monkeypatch.setenv(f"HARBOR_{name}", value)
    return lambda name, *further: ["--ca-file", harbor.ca_file, *runner.NEEDED.get(name, ()), *further]


def logins(harbor):
    """The credentials that arrived, other than tokens."""
    sent = {request.headers["Authorization"] or "" for request in harbor.requests}
    return {login for login in sent if login.startswith("Basic")}


def test_url_and_login(bare, harbor, authfile):
    def logs_in(name):
        assert runner.here(name, *bare(name)).code == 0
        from_environment = logins(harbor)
        harbor.requests.clear()
        assert runner.here(name, *bare(name, "-H", harbor.url, "--authfile", authfile)).code == 0
        assert from_environment == logins(harbor) <= {BASIC}
        harbor.requests.clear()

    for_every_plugin(logs_in)


def test_arguments_come_first(bare, harbor, authfile, monkeypatch):
    monkeypatch.setenv("HARBOR_URL", "https://elsewhere.example.com")
    monkeypatch.setenv("HARBOR_USERNAME", "somebody")
    monkeypatch.setenv("HARBOR_PASSWORD", "else")

    def logs_in(name):
        harbor.requests.clear()
        assert runner.here(name, *bare(name, "-H", harbor.url, "--authfile", authfile)).code == 0
        assert logins(harbor) <= {BASIC}

    for_every_plugin(logs_in)


@pytest.fixture
def everybody_says(bare, refusal):
    """Checks that all plugins refuse what they have from their environment, in these words."""

    def run(words):
        def says(name):
            assert refusal(name, *bare(name)) == words

        for_every_plugin(says)

    return run


@pytest.mark.parametrize("missing", ["username", "password"])
def test_half_a_login(missing, everybody_says, monkeypatch):
    monkeypatch.delenv(f"HARBOR_{missing.upper()}")
    everybody_says(f"environment (HARBOR_USERNAME, HARBOR_PASSWORD): {missing} is missing")


def test_url_with_a_password(everybody_says, monkeypatch):
    monkeypatch.setenv("HARBOR_URL", "https://admin:sesame@harbor.example.com")
    everybody_says("HARBOR_URL: no user or password in the URL: every local user can read arguments, use --authfile")


def test_login_over_http(everybody_says, monkeypatch):
    monkeypatch.setenv("HARBOR_URL", "http://harbor.example.com")
    everybody_says(
        "a login needs https, the password is not sent in clear text: point -H at https://harbor.example.com"
    )


def test_nothing_else(here, monkeypatch):
    """No proxy, no CA and no netrc that is meant for other programs."""
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(variable, "/dev/null")

    def works(name):
        outcome = here(name)
        assert outcome.code == 0, outcome.out

    for_every_plugin(works)


def test_no_netrc(harbor, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine localhost login somebody password else\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    def logs_in_nowhere(name):
        harbor.requests.clear()
        runner.here(name, "-H", harbor.url, "--ca-file", harbor.ca_file, *runner.NEEDED.get(name, ()))
        assert logins(harbor) == set()

    for_every_plugin(logs_in_nowhere)


def test_no_cookies(here, harbor):
    """With Harbor's session cookie a POST would need a CSRF token. Several requests: what isolation asks on top."""
    harbor.switch("status-500@/api/v2.0/", "status-500@/v2/", "status-500@/service/")

    def sends_none(name):
        harbor.requests.clear()
        here(name, "--isolate")
        assert len(harbor.requests) > 1 or name in runner.HANDSHAKE_ONLY or name == "check_harbor_portal"
        assert [request.path for request in harbor.requests if "Cookie" in request.headers] == []

    for_every_plugin(sends_none)


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-16"},
        {"PYTHONWARNINGS": "default", "PYTHONDEVMODE": "1"},
        {"COLUMNS": "20", "TERM": "xterm-256color", "FORCE_COLOR": "1"},
    ],
)
def test_output_is_the_same_everywhere(variables, process, harbor, monkeypatch):
    monkeypatch.setenv("HOME", "/nonexistent")
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    harbor.switch("registry-down")
    outcome = process("check_harbor_component")
    assert (outcome.code, outcome.err) == (2, "")
    assert outcome.first.startswith("HARBOR COMPONENT CRITICAL - registry is unhealthy: ")
