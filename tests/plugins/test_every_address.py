"""--every-address: each address of Harbor's name is judged as if it were the only one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from harbor_simulator import Simulator
from support import runner, screens
from support.simulators import undone

BOTH = "127.0.0.1,127.0.0.2"
COUNTS = "addresses=2;;;0 addresses_ok=1;;;0;2"
ALONE = "Note: -I 127.0.0.2 instead of --every-address asks that address alone"
PROBES = ("certificate", "v2", "health", "pull")


@pytest.fixture(scope="module")
def second(running_harbor: Simulator) -> Iterator[Simulator]:
    """Another address of the same name and port."""
    with Simulator(address="127.0.0.2", port=running_harbor.port) as simulator:
        yield simulator


@pytest.fixture
def replica(second: Simulator) -> Iterator[Simulator]:
    yield from undone(second)


def first(lines: list[str]) -> str:
    """The first line without its perfdata."""
    return lines[0].split(" | ")[0]


def test_all_are_well(check, replica: Simulator) -> None:
    assert check("v2", "--every-address", BOTH) == [
        "HARBOR V2 OK - harbor.example.com/v2/ speaks the registry protocol, only core was tested (no credentials "
        "given), at all 2 addresses | time=Ts;1;5;0 addresses=2;;;0 addresses_ok=2;;;0;2",
        "exit code 0",
    ]
    assert {request.host for request in replica.requests} == {f"localhost:{replica.port}"}


def test_one_certificate_expires(check, replica: Simulator) -> None:
    replica.certificate = "days-left=2"
    assert check("certificate", "--every-address", BOTH) == [
        "HARBOR CERTIFICATE CRITICAL - problem at 1 of 2 addresses: "
        f"127.0.0.2: localhost's certificate expires in 2 days, on DATE | time=Ts;;;0 days_left=2;30:;7: {COUNTS}",
        ALONE,
        (
            "Next: renew the certificate (with its intermediates), then restart the reverse proxy (or update the "
            "ingress's TLS secret)"
        ),
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("switch", "certificate", "line"),
    [
        ("nginx-down", "good", "cannot connect to harbor.example.com: Connection refused"),
        ("nginx-frozen", "good", "timed out after T s in the TLS handshake with harbor.example.com"),
        ("plain-http", "good", "TLS handshake with localhost failed: the server does not speak TLS on this port"),
        ("reset@/v2/", "good", "no answer from harbor.example.com: Connection reset by peer"),
        ("huge-body@/v2/", "good", "the answer to GET /v2/ is larger than 262144 bytes"),
        ("redirect-foreign@/v2/", "good", "GET /v2/ is redirected to https://registry.example.net"),
        ("html@/v2/", "good", "/v2/ answers 200 text/html, not the registry protocol"),
        ("nothing", "wrong-name", "certificate does not verify: not valid for localhost"),
    ],
)  # fmt: skip
def test_one_is_broken(check, replica: Simulator, switch: str, certificate: str, line: str) -> None:
    replica.certificate = certificate
    replica.switch(*([switch] if switch != "nothing" else []))
    lines = check("v2", "--every-address", BOTH, "-t", "2", "--output", "json")
    answer = json.loads(lines[0])
    assert answer["state"] == "CRITICAL"
    (problem,) = (part for part in answer["parts"] if part["state"] != "OK")
    assert problem["subject"] == "127.0.0.2"
    assert problem["text"].startswith(f"127.0.0.2: {line}".replace("Connection reset by peer", ""))


def test_all_have_the_same_problem(check, harbor: Simulator, replica: Simulator) -> None:
    harbor.switch("nginx-down")
    replica.switch("nginx-down")
    assert check("v2", "--every-address", BOTH) == [
        "HARBOR V2 CRITICAL - problem at all 2 addresses: cannot connect to harbor.example.com: Connection refused "
        "| addresses=2;;;0 addresses_ok=0;;;0;2",
        screens.CONNECT,
        "exit code 2",
    ]


def test_one_dead_address_is_a_warning_of_health(check, harbor: Simulator, replica: Simulator) -> None:
    """Its CRITICAL would silence every other service of this Harbor."""
    replica.switch("nginx-down")
    lines = check("health", "--isolate", "--every-address", BOTH)
    assert first(lines) == (
        "HARBOR HEALTH WARNING - problem at 1 of 2 addresses: 127.0.0.2: "
        "cannot connect to harbor.example.com: Connection refused"
    )
    assert check("health", "--every-address", BOTH)[-1] == "exit code 2"
    harbor.switch("nginx-down")
    assert check("health", "--isolate", "--every-address", BOTH)[-1] == "exit code 2"


@pytest.mark.parametrize("probe", ["certificate", "v2"])
def test_the_others_point_to_health(check, replica: Simulator, probe: str) -> None:
    replica.switch("nginx-down")
    lines = check(probe, "--isolate", "--every-address", BOTH, "--output", "json")
    answer = json.loads(lines[0])
    assert answer["cause"] == {
        "owner": "health", "see": "harbor-health", "because": "its health report fails too"
    }  # fmt: skip
    assert answer["summary"].endswith("Connection refused, its health report fails too (see harbor-health)")


def test_a_component_that_all_report_is_said_once(check, harbor: Simulator, replica: Simulator) -> None:
    harbor.switch("trivy-down")
    replica.switch("trivy-down")
    assert first(check("health", "--every-address", BOTH)).startswith(
        "HARBOR HEALTH CRITICAL - problem at all 2 addresses: trivy is unhealthy: "
    )


def test_several_components_at_one_address(check, harbor: Simulator, replica: Simulator) -> None:
    replica.switch("trivy-down", "jobservice-down")
    assert first(check("health", "--every-address", BOTH)) == (
        "HARBOR HEALTH CRITICAL - problem at 1 of 2 addresses: "
        "127.0.0.2: 2 of 8 components unhealthy: jobservice, trivy"
    )


def test_pull(harbor: Simulator, replica: Simulator) -> None:
    replica.switch("storage-lost")
    common = ["-H", harbor.url, "--ca-file", harbor.ca_file, *runner.NEEDED["check_harbor_pull"]]
    outcome = runner.here("check_harbor_pull", *common, "--every-address", BOTH)
    assert outcome.code == 2
    assert outcome.first.startswith("HARBOR PULL CRITICAL - problem at 1 of 2 addresses: 127.0.0.2: ")
    assert "addresses=2;;;0 addresses_ok=1;;;0;2" in outcome.out


def test_no_name(check, replica: Simulator) -> None:
    """Said once, and it belongs to health."""
    lines = check("v2", "--every-address", "--isolate", url="https://harbor..test")
    assert first(lines) == (
        "HARBOR V2 UNKNOWN - cannot resolve harbor..test: not a valid host name, "
        "Harbor as a whole is down (see harbor-health)"
    )


def test_an_address_as_harbor(check, harbor: Simulator) -> None:
    harbor.external_url = f"https://127.0.0.1:{harbor.port}"
    lines = check("v2", "--every-address", url=f"https://127.0.0.1:{harbor.port}")
    assert lines[0].endswith("addresses=1;;;0 addresses_ok=1;;;0;1")
    assert "at all" not in lines[0]


def test_empty_as_an_engine_passes_it(check, replica: Simulator) -> None:
    assert "addresses" not in check("v2", "--every-address=")[0]
    assert not replica.requests


@pytest.mark.parametrize("option", [["--proxy", "http://127.0.0.1:1"], ["--connect-to", "127.0.0.1"]])
def test_what_does_not_go_together(check, option: list[str]) -> None:
    with pytest.raises(SystemExit) as told:
        check("v2", "--every-address", *option)
    assert told.value.problem == f"--every-address and {option[0]} cannot be combined"  # type: ignore[attr-defined]
