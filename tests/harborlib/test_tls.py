"""The one TLS context, and the words for a handshake that fails."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from harborlib.wire import tls
from harborlib.wire.dial import Route
from harborlib.wire.failure import CERTIFICATE, TLS, Failure, Unusable

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from harbor_simulator import Simulator
from harbor_simulator.certificates import root
from harbor_simulator.issuing import issue
from support.listeners import listening, says


def test_context() -> None:
    context = tls.context(None, None, None, verify=True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not context.verify_flags & getattr(ssl, "VERIFY_X509_STRICT", 0)


def test_ca_file_instead_of_the_system_s(harbor: Simulator) -> None:
    assert [ca["subject"] for ca in tls.context(harbor.ca_file, None, None, True).get_ca_certs()] != []
    assert len(tls.context(harbor.ca_file, None, None, True).get_ca_certs()) == 1


def failure(harbor: Simulator, host: str = "localhost", verify: bool = True) -> Failure | None:
    """What a handshake ends in."""
    context = tls.context(harbor.ca_file, None, None, verify)
    try:
        tls.shake_hands(Route().dial("127.0.0.1", harbor.port), context, host)
    except Failure as found:
        return found
    return None


def test_good_ones(harbor: Simulator) -> None:
    for kind in ("good", "full-chain", "expired-cross-signature", "no-subject", "weak-key", "weak-signature"):
        harbor.certificate = kind
        assert failure(harbor) is None, kind


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
        ("self-signed", "self-signed certificate"),
        ("wrong-name", "not valid for localhost"),
        ("common-name-only", "not valid for localhost"),
        ("incomplete-chain", "unable to get local issuer certificate"),
        ("expired-intermediate", "certificate has expired"),
    ],
)
def test_bad_ones(harbor: Simulator, kind: str, words: str) -> None:
    harbor.certificate = kind
    found = failure(harbor)
    assert found
    assert (found.stage, found.detail) == (CERTIFICATE, f"certificate does not verify: {words}")
    assert found.next_step == (tls.OWN_CA if kind == "incomplete-chain" else "")
    assert failure(harbor, verify=False) is None


def test_addresses_are_verified_too(harbor: Simulator) -> None:
    assert failure(harbor, "127.0.0.1") is None
    found = failure(harbor, "127.0.0.2")
    assert found
    assert found.detail == "certificate does not verify: not valid for 127.0.0.2"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS on this port (plain HTTP?)"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the server does not speak TLS on this port (plain HTTP?)"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "refused by the server (sslv3 alert handshake failure), it may require "
                                          "a client certificate"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "the server speaks only TLS below 1.2"),
        (b"", "connection closed in the handshake"),
    ],
)  # fmt: skip
def test_no_handshake(answer: bytes, words: str) -> None:
    context = tls.context(None, None, None, verify=True)
    with listening(says(answer)) as port, pytest.raises(Failure) as found:
        tls.shake_hands(Route().dial("127.0.0.1", port), context, "localhost")
    told = found.value.detail.replace("ssl/tls alert", "sslv3 alert")  # OpenSSL changed its mind
    assert (found.value.stage, told) == (TLS, f"TLS handshake with localhost failed: {words}")


@pytest.fixture
def client(tmp_path: Path) -> tuple[Path, Path]:
    """A client certificate and its key."""
    issued = issue("monitor", issuer=root())
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    certificate.write_bytes(issued.certificate.public_bytes(Encoding.PEM))
    locked = BestAvailableEncryption(b"sesame")
    key.write_bytes(issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
    return certificate, key


def refusal(*files: object) -> str:
    """What is said of files that cannot be used."""
    names = [str(file) if file else None for file in files]
    with pytest.raises(Unusable) as refused:
        tls.context(names[0], names[1], names[2], verify=True)
    return str(refused.value)


def test_a_pass_phrase_is_not_asked_for(client: tuple[Path, Path]) -> None:
    certificate, key = client
    assert refusal(None, certificate, key) == f"client certificate: no usable PEM in {key} (the key has a pass phrase)"


@pytest.mark.parametrize("content", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_that_is_no_certificate(client: tuple[Path, Path], tmp_path: Path, content: str) -> None:
    other = tmp_path / "other.pem"
    other.write_text(content)
    problem = f"no usable PEM in {other} (no certificate or key in it)"
    assert refusal(None, other, None) == f"client certificate: {problem}"
    assert refusal(None, client[0], other) == f"client certificate: {problem}"


def test_a_key_of_another(client: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(issue("other").key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert refusal(None, client[0], other) == f"client certificate: no usable PEM in {other} (key values mismatch)"


def test_a_certificate_without_its_key(client: tuple[Path, Path]) -> None:
    told = refusal(None, client[0], None)
    assert told.startswith(f"client certificate: no usable PEM in {client[0]} (")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert refusal(nowhere, None, None) == f"--ca-file: cannot read {nowhere}: No such file or directory"
    assert refusal(None, nowhere, None) == f"client certificate: cannot read {nowhere}: No such file or directory"


def test_files_that_are_something_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    for content in (b"", b"hello\n", bytes(100), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        file.write_bytes(content)
        assert refusal(file, None, None).startswith(f"--ca-file: no usable PEM in {file} (")


def test_openssl_agrees_that_the_ca_is_good(harbor: Simulator) -> None:
    """So that the tests above fail for the reason they name."""
    shown = subprocess.run(
        ["openssl", "x509", "-in", harbor.ca_file, "-noout", "-checkend", "86400"], capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
