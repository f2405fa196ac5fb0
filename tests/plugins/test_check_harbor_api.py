"""check_harbor_api: what an operator sees."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from harbor_simulator import Simulator
from harbor_simulator.content import moment
from support.planted import plant
from support.screens import CONTENT, CORE, SLOW

SYSTEMINFO = "/api/v2.0/systeminfo"
WELL = "HARBOR API OK - harbor.example.com accepts the credentials, Harbor v2.10.3 is writable"

CLOCK = (
    "Next: compare date -u here with docker exec harbor-core date -u (or the same in the core pod), and correct "
    "the wrong clock"
)

READ_ONLY = "Harbor is in read-only mode: pushes are refused"
WRITABLE = "Next: switch it off unless maintenance is in progress (Administration > Configuration > System Settings)"
UPDATE = "Next: update Harbor, or lower --minimum-version"
ADDRESS = (
    "Next: pass --external-url if clients use another address than -H, else set external_url (chart: externalURL) "
    "to theirs and run ./prepare and docker compose up -d (or helm upgrade)"
)


def perfdata(skew: str = "0", read_only: int = 0, time: str = "time=Ts;1;8;0", limits: str = "30;300") -> str:
    return f" | {time} skew={skew}s;{limits};0 read_only={read_only};;;0;1"


def facts(harbor: Simulator, **others: object) -> dict[str, object]:
    """What /systeminfo says to a login, with these differences."""
    well = {
        "current_time": moment(time.time()),
        "external_url": harbor.url,
        "harbor_version": "v2.10.3-672ec4ad",
        "read_only": False,
    }
    return {name: value for name, value in {**well, **others}.items() if value is not None}


@pytest.fixture
def asked(ask) -> Callable[..., list[str]]:
    """A run that finds planted facts, whose clock stands since they were planted: a moment that does not matter."""

    def run(*options: str) -> list[str]:
        first, *further = ask("api", *options)
        return [re.sub(r"(?<= skew=0)\.\ds", "s", first), *further]

    return run


def test_all_well(ask) -> None:
    assert ask("api") == [WELL + perfdata(), "exit code 0"]
    assert ask("api", "--isolate", "--minimum-version", "2.10") == [WELL + perfdata(), "exit code 0"]


@pytest.mark.parametrize(
    "recording", ["a1-healthy/systeminfo.plain", "a1-healthy/systeminfo.robot-probeall", "g-readonly/systeminfo.admin"]
)
def test_recorded(ask, harbor: Simulator, recording: str) -> None:
    """The day of the recording is long ago, so the clocks differ; its address is another one, too."""
    plant(harbor, recording)
    first, *further, code = ask("api", "--skew-critical", "~:")
    assert "WARNING: Harbor's external_url is https://harbor.test:8443, not https://harbor.example.com" in further
    assert ("WARNING: " + READ_ONLY in further) == ("readonly" in recording)
    assert (first.startswith("HARBOR API WARNING - Harbor's clock is "), code) == (True, "exit code 1")


NO_CLOCK, NO_MODE = "clock (needs 2.5)", "read-only mode (needs 2.2)"


@pytest.mark.parametrize(
    ("version", "told", "shown"),
    [
        ("2.0.6", f", not checked: {NO_MODE}, {NO_CLOCK}", ""),
        ("2.1.6", f", not checked: {NO_MODE}, {NO_CLOCK}", ""),
        ("2.2.4", f" is writable, not checked: {NO_CLOCK}", " read_only=0;;;0;1"),
        ("2.4.3", f" is writable, not checked: {NO_CLOCK}", " read_only=0;;;0;1"),
        ("2.5.6", " is writable", " skew=0s;30;300;0 read_only=0;;;0;1"),
    ],
)
def test_old_harbor_shows_less(
    asked, harbor: Simulator, monkeypatch: pytest.MonkeyPatch, version: str, told: str, shown: str
) -> None:
    monkeypatch.setattr(harbor.world, "version", tuple(map(int, version.split("."))))
    line = f"HARBOR API OK - harbor.example.com accepts the credentials, Harbor v{version}{told} | time=Ts;1;8;0{shown}"
    assert asked() == [line, "exit code 0"]


def test_old_harbor_in_read_only_mode(ask, harbor: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harbor.world, "version", (2, 3, 5))
    harbor.switch("read-only-mode")
    assert ask("api")[0].startswith(f"HARBOR API WARNING - {READ_ONLY} | ")


def test_read_only(ask, harbor: Simulator) -> None:
    harbor.switch("read-only-mode")
    assert ask("api", "--isolate") == [
        f"HARBOR API WARNING - {READ_ONLY}" + perfdata(read_only=1),
        WRITABLE,
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("wrong", "options", "state", "line"),
    [
        (100, (), "WARNING", "Harbor's clock is 1 min 40 s ahead of this host's (warning at 30 s)"),
        (-100, (), "WARNING", "Harbor's clock is 1 min 39 s behind this host's (warning at 30 s)"),
        (3600, (), "CRITICAL", "Harbor's clock is 59 min ahead of this host's (critical at 5 min)"),
        (-3600, (), "CRITICAL", "Harbor's clock is 59 min behind this host's (critical at 5 min)"),
        (20, ("--skew-warning", "10s"), "WARNING", "Harbor's clock is 19 s ahead of this host's (warning at 10 s)"),
    ],
)
def test_clocks_differ(ask, harbor: Simulator, wrong: float, options: tuple[str, ...], state: str, line: str) -> None:
    # Half a second less, so that the moments between the two clocks' readings do not tell.
    wrong += 0.5 if wrong < 0 else -0.5
    line = line.replace("1 min 40 s", "1 min 39 s")
    harbor.answer(SYSTEMINFO, body=facts(harbor, current_time=moment(time.time() + wrong)))
    first, *further = ask("api", *options)
    assert first.startswith(f"HARBOR API {state} - {line} | time=Ts;1;8;0 skew=")
    assert further == [CLOCK, f"exit code {('OK', 'WARNING', 'CRITICAL').index(state)}"]


def test_a_slow_answer_is_no_wrong_clock(ask, harbor: Simulator) -> None:
    harbor.delay(SYSTEMINFO, 0.6)
    assert ask("api", "--skew-warning", "0.1s", "--skew-critical", "0.2s") == [
        WELL + perfdata(limits="0.1;0.2"),
        "exit code 0",
    ]


def test_slow(ask, harbor: Simulator) -> None:
    harbor.delay(SYSTEMINFO, 0.3)
    assert ask("api", "-w", "0.1", "-c", "3s") == [
        "HARBOR API WARNING - the answer took T s (warning at 0.1 s)" + perfdata(time="time=Ts;0.1;3;0"),
        SLOW,
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("2.10", ""),
        ("2.10.3", ""),
        ("v2.9.9", ""),
        ("2.10.4", "Harbor v2.10.3 is older than 2.10.4"),
        ("3.0", "Harbor v2.10.3 is older than 3.0.0"),
    ],
)
def test_minimum_version(ask, wanted: str, problem: str) -> None:
    expected = [f"HARBOR API WARNING - {problem}" + perfdata(), UPDATE, "exit code 1"]
    assert ask("api", "--minimum-version", wanted) == (expected if problem else [WELL + perfdata(), "exit code 0"])


@pytest.mark.parametrize(("found", "told"), [("dev", "dev"), (None, "(none)")])
def test_a_version_that_cannot_be_compared(asked, harbor: Simulator, found: object, told: str) -> None:
    harbor.answer(SYSTEMINFO, body=facts(harbor, harbor_version=found))
    assert asked("--minimum-version", "2.10") == [
        f"HARBOR API WARNING - Harbor's version {told} cannot be compared with 2.10.0" + perfdata(),
        UPDATE,
        "exit code 1",
    ]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("http://{}", "http://harbor.example.com"),
        ("https://other.example.net", "https://other.example.net"),
        ("no address", "no address"),
        (None, "(none)"),
    ],
)
def test_external_url(asked, harbor: Simulator, found: str | None, told: str) -> None:
    address = found and found.format(f"{harbor.host}:{harbor.port}")
    harbor.answer(SYSTEMINFO, body=facts(harbor, external_url=address))
    assert asked() == [
        f"HARBOR API WARNING - Harbor's external_url is {told}, not https://harbor.example.com" + perfdata(),
        ADDRESS,
        "exit code 1",
    ]


def test_external_url_that_is_expected(asked, harbor: Simulator) -> None:
    harbor.answer(SYSTEMINFO, body=facts(harbor, external_url="https://registry.example.net"))
    assert asked("--external-url", "registry.example.net")[-1] == "exit code 0"
    assert asked("--external-url", "http://registry.example.net")[:1] == [
        "HARBOR API WARNING - Harbor's external_url is https://registry.example.net, not http://registry.example.net"
        + perfdata()
    ]


def test_external_url_in_other_words(asked, harbor: Simulator) -> None:
    harbor.answer(SYSTEMINFO, body=facts(harbor, external_url=harbor.url.upper() + "/"))
    assert asked()[-1] == "exit code 0"


def test_details(ask, harbor: Simulator) -> None:
    harbor.answer(SYSTEMINFO, body=facts(harbor, current_time=moment(time.time() + 290), read_only=True))
    assert ask("api", "-v", "-w", "@9", "--minimum-version", "3.0", "--external-url", "registry.example.net")[1:-1] == [
        "WARNING: the answer took T s (warning within 0 s to 9 s) [api.slow]",
        "WARNING: Harbor's clock is 4 min ahead of this host's (warning at 30 s) [api.clocks-differ]",
        f"WARNING: {READ_ONLY} [api.read-only]",
        "WARNING: Harbor v2.10.3 is older than 3.0.0 [api.too-old]",
        "WARNING: Harbor's external_url is https://harbor.example.com, not https://registry.example.net "
        "[api.external-url-differs]",
        SLOW,
    ]


@pytest.mark.parametrize("isolate", [(), ("--isolate",)])
def test_tables_locked(ask, harbor: Simulator, isolate: tuple[str, ...]) -> None:
    harbor.switch("tables-locked")
    first, *further = ask("api", "-t", "2", *isolate)
    assert first == "HARBOR API CRITICAL - timed out after T s waiting for the answer to GET /api/v2.0/systeminfo"
    assert further[-1] == "exit code 2"


def test_not_json(ask, harbor: Simulator) -> None:
    harbor.switch("garbage-json@/api/v2.0/systeminfo")
    assert ask("api") == [
        "HARBOR API UNKNOWN - unexpected answer to GET /api/v2.0/systeminfo: not JSON",
        CONTENT,
        "exit code 3",
    ]


def test_core_fails(ask, harbor: Simulator) -> None:
    harbor.switch("status-500@/api/v2.0/systeminfo")
    assert ask("api", "--isolate") == [
        "HARBOR API CRITICAL - 500 for /api/v2.0/systeminfo from the reverse proxy",
        CORE,
        "exit code 2",
    ]


@pytest.mark.parametrize("text", ["2", "two.ten", "2.10.3.4", "-1.0"])
def test_usage(ask, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="3"):
        ask("api", f"--minimum-version={text}")
    assert capfd.readouterr().out.startswith(
        f"HARBOR API UNKNOWN - usage: --minimum-version: not a version: '{text}'\nNext: "
    )
