"""Each kind of certificate is what its name says, and clients say so too."""

from __future__ import annotations

import datetime
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import SignatureAlgorithmOID
from OpenSSL import SSL

from harbor_simulator import Simulator
from harbor_simulator.certificates import KINDS, intermediate, root
from harbor_simulator.issuing import DAY, Identity, common_name, issue, now

# OpenSSL's X509_V_ERR_*.
GOOD, NOT_YET_VALID, EXPIRED, SELF_SIGNED, NO_ISSUER, WRONG_NAME, WRONG_ADDRESS = 0, 9, 10, 18, 20, 62, 64
VERDICTS = {
    "good": GOOD,
    "days-left=5": GOOD,
    "days-left=400": GOOD,
    "days-left=-3": EXPIRED,
    "expired": EXPIRED,
    "not-yet-valid": NOT_YET_VALID,
    "self-signed": SELF_SIGNED,
    "wrong-name": WRONG_NAME,
    "full-chain": GOOD,
    "incomplete-chain": NO_ISSUER,
    "wrong-order": GOOD,
    "expired-intermediate": EXPIRED,
    "expired-cross-signature": GOOD,
    "address-as-dns-name": GOOD,
    "no-subject": GOOD,
    "another-default": SELF_SIGNED,
}


def verdict(harbor: Simulator, name: str = "localhost", ciphers: str = "DEFAULT") -> int:
    """OpenSSL's, 0 when it finds nothing wrong."""
    context = ssl.create_default_context(cafile=harbor.ca_file)
    context.set_ciphers(ciphers)
    with socket.create_connection(("127.0.0.1", harbor.port), timeout=5) as sock:
        try:
            context.wrap_socket(sock, server_hostname=name).close()
        except ssl.SSLCertVerificationError as problem:
            return problem.verify_code
    return GOOD


def chain(harbor: Simulator) -> list[x509.Certificate]:
    """The certificates in the order in which they are sent."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", harbor.port), timeout=5) as sock:
        sock.settimeout(None)
        connection = SSL.Connection(context, sock)
        connection.set_connect_state()
        connection.do_handshake()
        certificates = [certificate.to_cryptography() for certificate in connection.get_peer_cert_chain() or ()]
        connection.shutdown()
    return certificates


def subjects(certificates: list[x509.Certificate]) -> list[x509.Name]:
    return [certificate.subject for certificate in certificates]


def days_left(certificate: x509.Certificate) -> int:
    return (not_after(certificate) - now()).days


def not_after(certificate: x509.Certificate) -> datetime.datetime:
    # Only newer releases of cryptography have not_valid_after_utc, and they warn about not_valid_after.
    if hasattr(certificate, "not_valid_after_utc"):
        return certificate.not_valid_after_utc
    return certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize("kind", VERDICTS)
def test_what_clients_find_wrong(kind: str) -> None:
    with Simulator(certificate=kind) as harbor:
        assert verdict(harbor) == VERDICTS[kind]


def test_every_kind_is_tried() -> None:
    # OpenSSL takes a common name where Python does not forbid it, and its builds differ about the weak ones.
    assert KINDS.keys() - VERDICTS.keys() == {"common-name-only", "weak-key", "weak-signature"}


def test_good_for_host_localhost_and_the_address() -> None:
    with Simulator(host="harbor.test") as harbor:
        names = ("harbor.test", "localhost", "127.0.0.1", "other.test")
        assert [verdict(harbor, name) for name in names] == [GOOD, GOOD, GOOD, WRONG_NAME]


@pytest.mark.parametrize("days", [0, 5, 400, -3])
def test_days_left(days: int) -> None:
    with Simulator(certificate=f"days-left={days}") as harbor:
        assert days_left(chain(harbor)[0]) == days


def test_chains_are_sent_as_named() -> None:
    with Simulator() as harbor:
        assert len(chain(harbor)) == 1
        harbor.certificate = "incomplete-chain"
        assert len(chain(harbor)) == 1
        harbor.certificate = "full-chain"
        leaf, ca = chain(harbor)
        assert (leaf.issuer, ca.issuer) == (ca.subject, root().certificate.subject)
        harbor.certificate = "wrong-order"
        leaf, first, second = chain(harbor)
        assert (leaf.issuer, second.issuer) == (second.subject, first.subject)
        harbor.certificate = "expired-intermediate"
        leaf, ca = chain(harbor)
        assert (days_left(leaf), days_left(ca)) == (89, -2)
        harbor.certificate = "expired-cross-signature"
        leaf, ca, cross = chain(harbor)
        assert (ca.issuer, cross.subject) == (cross.subject, root().certificate.subject)
        assert (days_left(ca) > 0, days_left(cross)) == (True, -2)


def test_names_are_where_they_are_said_to_be() -> None:
    with Simulator(certificate="common-name-only") as harbor:
        (leaf,) = chain(harbor)
        assert leaf.subject == common_name("localhost")
        with pytest.raises(x509.ExtensionNotFound):
            leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        harbor.certificate = "address-as-dns-name"
        assert [verdict(harbor, name) for name in ("localhost", "127.0.0.1")] == [GOOD, WRONG_ADDRESS]
        harbor.certificate = "no-subject"
        (leaf,) = chain(harbor)
        assert list(leaf.subject) == []
        assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_weak_ones_are_weak() -> None:
    with Simulator(certificate="weak-key") as harbor:
        key = chain(harbor)[0].public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 1024
        harbor.certificate = "weak-signature"
        leaf, ca = chain(harbor)
        assert leaf.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA1
        assert ca.signature_algorithm_oid != SignatureAlgorithmOID.RSA_WITH_SHA1


def test_the_signature_with_sha1_is_right() -> None:
    with Simulator(certificate="weak-signature") as harbor:
        assert verdict(harbor, ciphers="ALL:@SECLEVEL=0") == GOOD


def test_an_identity_of_the_test() -> None:
    leaf = issue("a.test", "::1", issuer=intermediate(), not_after=now() + 3 * DAY)
    own = Identity(leaf.key, (leaf.certificate, intermediate().certificate, root().certificate))
    with Simulator(certificate=own) as harbor:
        assert subjects(chain(harbor)) == subjects(list(own.chain))
        assert [verdict(harbor, name) for name in ("a.test", "::1", "localhost")] == [GOOD, GOOD, WRONG_NAME]


def test_a_renewal_shows_to_new_connections() -> None:
    with Simulator(certificate="days-left=5") as harbor:
        before = chain(harbor)[0].serial_number
        assert chain(harbor)[0].serial_number == before
        harbor.certificate = "good"
        assert chain(harbor)[0].serial_number != before
