"""check_harbor_certificate: how it gets to the chain, and what it says where there is none to get."""

from __future__ import annotations

import gc
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from harbor_simulator import Simulator
from harbor_simulator.certificates import identity
from support import listeners, screens

PERFDATA = "time=Ts;;;0"
NO_TLS = "the server does not speak TLS on this port (plain HTTP?)"
TLS_PORT = "Next: point -H at the port where Harbor speaks TLS, or remove this service if it has none"
GOOD = "HARBOR CERTIFICATE OK - localhost's certificate is valid for 89 days, until DATE (issued by Testing CA)"


@pytest.mark.parametrize(
    ("switch", "line", "step"),
    [
        ("tls-1.1", f"harbor.example.com speaks only TLS below 1.2 | {PERFDATA}", screens.TLS),
        ("nginx-down", "cannot connect to harbor.example.com: Connection refused", screens.CONNECT),
        ("nginx-frozen", "timed out after T s in the TLS handshake with harbor.example.com", screens.STUCK),
        ("host-silent", "timed out after T s connecting to 127.0.0.1:PORT", screens.CONNECT),
    ],
)
def test_no_chain(check, harbor: Simulator, switch: str, line: str, step: str) -> None:
    harbor.switch(switch)
    line = line.replace("PORT", str(harbor.port))
    assert check("certificate", "-t", "1") == [f"HARBOR CERTIFICATE CRITICAL - {line}", step, "exit code 2"]


def test_whole_of_harbor_is_unreachable(check, harbor: Simulator) -> None:
    harbor.switch("nginx-down")
    assert check("certificate", "--isolate") == [
        "HARBOR CERTIFICATE UNKNOWN - cannot connect to harbor.example.com: Connection refused, "
        "Harbor as a whole is down (see harbor-health)",
        "Next: look at harbor-health first: this follows from it",
        "exit code 3",
    ]


@pytest.mark.parametrize(
    ("answer", "reason", "step"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", NO_TLS, TLS_PORT),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", NO_TLS, TLS_PORT),
        (b"", "connection closed in the handshake", screens.TLS),
    ],
)
def test_port_without_tls(check, answer: bytes, reason: str, step: str) -> None:
    with listeners.listening(listeners.says(answer)) as port:
        assert check("certificate", url=f"localhost:{port}") == [
            f"HARBOR CERTIFICATE CRITICAL - TLS handshake with localhost failed: {reason} | {PERFDATA}",
            step.replace(screens.HOST, f"localhost:{port}"),
            "exit code 2",
        ]


def test_name_without_address(check) -> None:
    assert check("certificate", url="harbor..test") == [
        "HARBOR CERTIFICATE CRITICAL - cannot resolve harbor..test: not a valid host name",
        "Next: check the name and the name servers of this monitoring host: getent hosts harbor..test",
        "exit code 2",
    ]


def test_unreachable_in_another_state(check, harbor: Simulator) -> None:
    harbor.switch("nginx-down")
    assert check("certificate", "--unreachable", "unknown")[-1] == "exit code 3"


def test_one_replica(check, harbor: Simulator) -> None:
    """The name of -H is asked for and verified, wherever --connect-to leads."""
    names: list[str] = []
    with Simulator(host="harbor.example.com") as replica:
        assert replica._context
        replica._context.sni_callback = lambda sock, name, context: names.append(name)
        target = f"127.0.0.1:{replica.port}"
        assert check("certificate", "-I", target, against=replica, url="harbor.example.com")[0].startswith(
            "HARBOR CERTIFICATE OK - harbor.example.com's certificate is valid for 89 days"
        )
        assert check("certificate", "-I", target, against=replica, url="https://127.0.0.1")[-1] == "exit code 0"
        replica._context.sni_callback = None
    assert names == ["harbor.example.com", "harbor.example.com", None, None]


def test_through_a_proxy(check, harbor: Simulator) -> None:
    asked: list[str] = []
    with listeners.listening(listeners.proxy(asked)) as port:
        lines = check("certificate", "--proxy", f"http://127.0.0.1:{port}")
    assert lines == [f"{GOOD} | {PERFDATA} days_left=89;23:;7:", "exit code 0"]
    assert asked == [f"localhost:{harbor.port}"] * 2


# Python before 3.12 leaves the answer of such a proxy open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_proxy_that_refuses(check, harbor: Simulator) -> None:
    with listeners.listening(listeners.proxy([], b"HTTP/1.1 403 Forbidden\r\n\r\n")) as port:
        assert check("certificate", "--proxy", f"127.0.0.1:{port}") == [
            f"HARBOR CERTIFICATE CRITICAL - the proxy 127.0.0.1:{port} refuses the connection: "
            "Tunnel connection failed: 403 Forbidden",
            f"Next: check that the proxy 127.0.0.1:{port} (--proxy) is up and allows harbor.example.com",
            "exit code 2",
        ]
    gc.collect()


@pytest.fixture(scope="module", params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """A server that wants a client certificate: its port, and a file with one that it accepts."""
    files: Path = tmp_path_factory.mktemp("guarded")
    clients = trustme.CA()
    clients.cert_pem.write_to_path(str(files / "clients.pem"))
    clients.issue_cert("monitoring").private_key_and_cert_chain_pem.write_to_path(str(files / "client.pem"))
    (files / "server.pem").write_bytes(identity("good", "localhost").pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = request.param
    context.load_cert_chain(files / "server.pem")
    context.load_verify_locations(files / "clients.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with listeners.listening(listeners.tls(context)) as port:
        yield port, str(files / "client.pem")


def test_with_a_client_certificate(check, guarded: tuple[int, str]) -> None:
    port, client = guarded
    assert check("certificate", "--client-cert", client, url=f"localhost:{port}")[-1] == "exit code 0"


def test_without_the_client_certificate(check, guarded: tuple[int, str], request: pytest.FixtureRequest) -> None:
    port, _ = guarded
    lines = check("certificate", url=f"localhost:{port}")
    if "TLS 1.3" in request.node.name:  # there the server says no only after the handshake
        assert lines[-1] == "exit code 0"
    else:
        first, whole, step, code = lines
        assert re.fullmatch(
            r"CRITICAL: TLS handshake with localhost failed: refused by the server \(.* alert handshake failure\), "
            r"it may require a client certificate",
            whole,
        )
        assert first.startswith(f"HARBOR CERTIFICATE {whole.replace(':', ' -', 1)[:100]}")
        assert (step, code) == (screens.TLS.replace(screens.HOST, f"localhost:{port}"), "exit code 2")
