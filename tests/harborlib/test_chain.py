"""The chain as served: what is read of it, also of certificates that nobody should have issued."""

from __future__ import annotations

import datetime
import time
import warnings
from collections.abc import Sequence
from typing import Any

from harborlib.wire import chain
from harborlib.wire.certificates import DAY, FOREIGN, NEEDED, SPARE, Certificate, Served, refusals
from harborlib.wire.clients import UNREADABLE
from harborlib.wire.dial import Route
from harborlib.wire.failure import CONTENT, TLS, Failure, Starved

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from OpenSSL import crypto

from harbor_simulator import Simulator
from harbor_simulator.certificates import root
from harbor_simulator.issuing import Identity, issue
from support.listeners import listening, says

# Object identifiers as they stand in a certificate.
ECDSA_SHA256, P256 = bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d030107")
EC_KEY, KEY_ID, NAMES = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("551d0e"), bytes.fromhex("551d11")


def served(harbor: Simulator, host: str = "localhost") -> Served:
    return chain.served(lambda: Route().dial("127.0.0.1", harbor.port), host, harbor.ca_file, None, None)


def test_a_full_chain_leaf_first(harbor: Simulator) -> None:
    harbor.certificate = "full-chain"
    found = served(harbor)
    leaf, intermediate = found.elements
    assert (leaf.subject, leaf.issuer) == ("localhost", intermediate.subject)
    assert leaf.names == ("DNS:localhost", "IP:127.0.0.1")
    assert (leaf.key, leaf.bits, leaf.signature, leaf.weakness) == ("EC", 256, "sha256", "")
    assert round(leaf.lifetime, 1) == 90.5
    assert found.version > chain.TLS_1_1
    assert [*found.elements, found.path[-1]] == found.path
    assert (found.complaints, found.is_trusted, found.path[-1].self_signed) == ([], True, True)


@pytest.mark.parametrize("kind", ["expired", "not-yet-valid", "self-signed", "wrong-name"])
def test_also_what_does_not_verify(harbor: Simulator, kind: str) -> None:
    harbor.certificate = kind
    (leaf,) = served(harbor).elements
    assert leaf.self_signed is (kind == "self-signed")


def test_weak_ones(harbor: Simulator) -> None:
    harbor.certificate = "weak-key"
    assert served(harbor).elements[0].weakness == "1024-bit RSA key"
    harbor.certificate = "weak-signature"
    leaf, above = served(harbor).elements
    assert (leaf.refused_algorithm, above.refused_algorithm) == ("signed with SHA1", "")


def test_old_tls_is_recognized(harbor: Simulator) -> None:
    harbor.switch("tls-1.1")
    assert served(harbor).version == chain.TLS_1_1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak TLS on this port (plain HTTP?)"),
        (b"", "connection closed"),
    ],
)
def test_no_tls(answer: bytes, words: str) -> None:
    with listening(says(answer)) as port, pytest.raises(Failure) as failure:
        chain.served(lambda: Route().dial("127.0.0.1", port), "localhost", None, None, None)
    assert (failure.value.stage, failure.value.detail) == (TLS, f"no TLS handshake with localhost: {words}")


class Sent(crypto.X509):
    """A certificate as pyOpenSSL hands it over."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.content = content

    def to_cryptography(self) -> x509.Certificate:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cryptography finds some of them odd, too
            return x509.load_der_x509_certificate(self.content)


def understood(content: bytes) -> Sequence[Certificate]:
    return chain.understood("localhost", [Sent(content)], [Sent(content)]).elements


NOW = time.time()
NO_ISSUER, WRONG_NAME = "unable to get local issuer certificate", "not valid for localhost"
GOOD = issue("localhost", issuer=root()).certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ECDSA_SHA256, bytes.fromhex("2a8648ce3d04037f")),
        (P256, bytes.fromhex("2a8648ce3d03017f")),
        (EC_KEY, bytes.fromhex("2a8648ce3d027f")),
        (KEY_ID, NAMES),
    ],
    ids=["signature", "curve", "key", "the same extension twice"],
)
def test_what_the_library_does_not_know_is_not_weak(old: bytes, new: bytes) -> None:
    assert old in GOOD
    (found,) = understood(GOOD.replace(old, new))
    assert (found.subject, found.weakness, found.refused_algorithm) == ("localhost", "", "")


def test_names_that_cannot_be_read_are_no_reason_to_refuse() -> None:
    """Only OpenSSL can tell then."""
    sent = Sent(GOOD.replace(KEY_ID, NAMES))
    found = chain.understood("localhost", [sent], [sent], [(20, sent)])
    assert found.elements[0].names == (UNREADABLE,)
    told = [[each.kind for each in refusals(found, why, "localhost", NOW)] for why in (NO_ISSUER, WRONG_NAME)]
    assert told == [["untrusted"], ["wrong-name", "untrusted"]]


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_any_damaged_byte_is_read_or_refused(position: int, change: int) -> None:
    damaged = bytearray(GOOD)
    damaged[position] ^= change
    try:
        (found,) = understood(bytes(damaged))
    except Failure as failure:
        told = (failure.stage, failure.detail)
    else:
        assert isinstance(found.days_left(0), int)
        return
    assert told == (CONTENT, "a certificate of localhost cannot be read")


def test_a_chain_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, harbor: Simulator) -> None:
    def refuse(certificate: x509.Certificate) -> Certificate:
        raise x509.InvalidVersion("9 is not a valid X509 version", 9)

    monkeypatch.setattr(chain, "read_certificate", refuse)
    with pytest.raises(Failure) as failure:
        served(harbor)
    assert (failure.value.stage, failure.value.detail) == (CONTENT, "a certificate of localhost cannot be read")


@pytest.mark.parametrize(
    ("key", "name", "bits"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "EC", 384),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "brainpoolP256r1", 256),
        (rsa.generate_private_key(65537, 2048), "RSA", 2048),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", 256),
    ],
    ids=["ec", "another curve", "rsa", "ed25519"],
)
def test_keys(key: Any, name: str, bits: int) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([])).serial_number(5)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now)
    digest = None if name == "Ed25519" else hashes.SHA256()
    found = chain.read_certificate(builder.sign(key, digest))
    assert (found.key, found.bits, found.weakness, found.names) == (name, bits, "", ())


@given(st.floats(-1e9, 1e9), st.floats(0, 4e9))
def test_days_left_are_whole_days(left: float, now: float) -> None:
    certificate = Certificate("a", "b", 0, now + left, "EC", 256, "sha256", ())
    days = certificate.days_left(now)
    assert days * DAY <= left + 1
    assert left - 1 < (days + 1) * DAY


def test_self_signed_means_by_its_own_key() -> None:
    """Equal names are not enough."""
    ca = issue("Same", authority=True)
    assert chain.read_certificate(ca.certificate).self_signed
    assert not chain.read_certificate(issue("Same", issuer=ca).certificate).self_signed
    assert not chain.read_certificate(issue("Other", issuer=ca).certificate).self_signed
    rsa_ca = issue("Same", authority=True, key=rsa.generate_private_key(65537, 2048))
    assert chain.read_certificate(rsa_ca.certificate).self_signed
    assert not chain.read_certificate(issue("Same", issuer=rsa_ca).certificate).self_signed


def test_names_of_what_has_no_subject() -> None:
    nothing = x509.Name([])
    assert chain.read_certificate(issue("a.test", "b.test", subject=nothing).certificate).subject == "a.test"
    assert chain.read_certificate(issue("192.0.2.1", subject=nothing).certificate).subject == "192.0.2.1"
    unnamed = chain.read_certificate(issue("a.test", subject=nothing, alternative=()).certificate)
    assert (unnamed.subject, unnamed.issuer) == ("a certificate without a name", "a CA without a name")


def test_places_in_the_chain(harbor: Simulator) -> None:
    """The CAs that a client knows make the rest of what is served needed or not."""
    harbor.certificate = "expired-cross-signature"
    found = served(harbor)
    assert [element.place for element in found.elements] == [NEEDED, NEEDED, SPARE]
    leaf = issue("localhost", issuer=root())
    stranger = issue("Somebody Else", authority=True)
    harbor.certificate = Identity(leaf.key, (leaf.certificate, stranger.certificate, leaf.certificate))
    assert [element.place for element in served(harbor).elements] == [NEEDED, FOREIGN, SPARE]
    elements = "localhost > Somebody Else > localhost"
    assert served(harbor).superfluous == f"Somebody Else does not belong to the chain: {elements}"


def test_a_host_without_memory_is_not_the_certificates_fault() -> None:
    def look() -> None:
        raise MemoryError

    with pytest.raises(Starved, match=r"^memory$"):
        chain.known(look)
