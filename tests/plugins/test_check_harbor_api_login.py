"""check_harbor_api: credentials that are refused, are missing, or cannot be looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from harbor_simulator import MONITOR, Simulator
from support import runner
from support.planted import plant
from support.screens import DATABASE, screen

SYSTEMINFO = "/api/v2.0/systeminfo"
LOGIN = "Next: check username= and password= in the authfile, then the state and expiry of the account in the web UI"
STRANGER = "login refused (/systeminfo treats it as anonymous)"


@pytest.mark.parametrize("version", ["2.0.6", "2.4.3", "2.5.6", "2.14.4"])
def test_login_refused_by_any_version(check, version: str) -> None:
    with Simulator(version=version, users={}) as old:
        assert check("api", against=old, login=True) == [f"HARBOR API CRITICAL - {STRANGER}", LOGIN, "exit code 2"]


@pytest.mark.parametrize("recording", ["a1-healthy/systeminfo.anon", "g-readonly/systeminfo.anon"])
def test_recorded_stranger(ask, harbor: Simulator, recording: str) -> None:
    plant(harbor, recording)
    assert ask("api") == [f"HARBOR API CRITICAL - {STRANGER}", LOGIN, "exit code 2"]


@pytest.fixture
def refused(harbor: Simulator, tmp_path: Path) -> tuple[str, ...]:
    """Arguments with a wrong password."""
    path = tmp_path / "authfile"
    path.write_text(f"username={MONITOR}\npassword=wrong\n")
    path.chmod(0o600)
    return ("-H", harbor.url, "--ca-file", harbor.ca_file, "--authfile", str(path))


@pytest.mark.parametrize("further", [(), ("--isolate",), ("--unreachable", "unknown")])
def test_a_wrong_password_is_asked_with_once(
    harbor: Simulator, refused: tuple[str, ...], further: tuple[str, ...]
) -> None:
    outcome = runner.here("check_harbor_api", *refused, *further)
    assert screen(outcome, harbor) == [f"HARBOR API CRITICAL - {STRANGER}", LOGIN, "exit code 2"]
    assert [request.path for request in harbor.requests if request.authorization] == [SYSTEMINFO]


def test_no_login(harbor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARBOR_USERNAME", raising=False)
    outcome = runner.here("check_harbor_api", "-H", harbor.url, "--ca-file", harbor.ca_file)
    assert screen(outcome, harbor) == [
        "HARBOR API UNKNOWN - usage: credentials are required: --authfile FILE, or HARBOR_USERNAME and HARBOR_PASSWORD",
        "Next: see check_harbor_api --help",
        "exit code 3",
    ]


def test_database_down(ask, harbor: Simulator) -> None:
    harbor.switch("database-down", "cached-configuration")
    assert ask("api") == [
        f"HARBOR API CRITICAL - {STRANGER}, Harbor says database is unhealthy",
        DATABASE,
        "exit code 2",
    ]
    first, *_, code = ask("api", "--isolate")
    assert first == (
        f"HARBOR API UNKNOWN - {STRANGER}, Harbor says database is unhealthy (see harbor-component-database)"
    )
    assert code == "exit code 3"
