"""Issues certificates: the certificates that a server shows, and its key."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]
DAY = datetime.timedelta(days=1)
HALF_DAY = DAY / 2  # added to default end dates and to days-left=N, so that N days left remain N whole days for hours
YEAR = 365 * DAY
CA_KEY_USAGE = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, eq=False)
class Issued:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True, eq=False)
class Identity:
    """What a server shows: its key, and certificates in the order of sending, its own first."""

    key: Key
    chain: tuple[x509.Certificate, ...]

    def pem(self) -> bytes:
        """Key and chain in one file, as ssl.SSLContext.load_cert_chain requires."""
        encoding = serialization.Encoding.PEM
        key = self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key + b"".join(certificate.public_bytes(encoding) for certificate in self.chain)


def now() -> datetime.datetime:
    """The current time, with its time zone."""
    return datetime.datetime.now(datetime.timezone.utc)


def issue(
    *names: str,
    issuer: Issued | None = None,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
    key: Key | None = None,
    authority: bool = False,
    subject: x509.Name | None = None,
    alternative: Iterable[x509.GeneralName] | None = None,
) -> Issued:
    """A certificate for these DNS names and IP addresses; without an issuer it is self-signed.

    By default it is valid for 90 days, starting yesterday, with a P-256 key and SHA-256. Its subject is the first of
    the names, and all of them are its alternative names, unless others are given.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    not_before = not_before or now() - DAY
    not_after = not_after or not_before + 90 * DAY + HALF_DAY
    subject = common_name(names[0]) if subject is None else subject
    signer = issuer or Issued(None, key)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(CA_KEY_USAGE, critical=True)
    else:
        alternative = list(_general_names(names) if alternative is None else alternative)
        if alternative:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=not list(subject))
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Issued(builder.sign(signer.key, hashes.SHA256()), key)


def common_name(name: str) -> x509.Name:
    """A subject that consists of a common name only."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


SHA256_WITH_RSA, SHA1_WITH_RSA = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")


def with_sha1(issued: Issued, issuer: Issued) -> Issued:
    """The certificate signed again, with SHA-1, by an issuer with an RSA key.

    cryptography no longer makes such certificates, but the identifiers of the two algorithms differ in only one byte.
    """
    if not isinstance(issuer.key, rsa.RSAPrivateKey):
        raise TypeError("the issuer has no RSA key")
    old = issued.certificate
    body = old.tbs_certificate_bytes.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    der = old.public_bytes(serialization.Encoding.DER).replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    return Issued(x509.load_der_x509_certificate(der.replace(old.signature, signature)), issued.key)


def _general_names(names: Iterable[str]) -> Iterable[x509.GeneralName]:
    for name in names:
        try:
            yield x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            yield x509.DNSName(name)
