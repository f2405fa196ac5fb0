"""Certificates good and bad, as a server shows them; the CA is made once per process.

`identity(kind, host)` gives the KINDS that the simulator knows by name. Tests with other wishes build an
Identity of their own from `issue`, `root` and `intermediate`.
"""

from __future__ import annotations

import atexit
import datetime
import ipaddress
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Union

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .once import once

Key = Union[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]
DAY = datetime.timedelta(days=1)
HALF_DAY = DAY / 2  # added to every end, so that N days left are N whole days for hours to come
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
    """What a server shows: its key, and certificates in the order in which they are sent, its own first."""

    key: Key
    chain: tuple[x509.Certificate, ...]

    def pem(self) -> bytes:
        """Key and chain in one file, as ssl.SSLContext.load_cert_chain wants it."""
        encoding = serialization.Encoding.PEM
        key = self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key + b"".join(certificate.public_bytes(encoding) for certificate in self.chain)


def now() -> datetime.datetime:
    """The time, aware of its zone."""
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
    """A certificate for these DNS names and IP addresses; without an issuer it signs itself.

    It is good for the 90 days from yesterday on, with a P-256 key and SHA-256, unless told otherwise. Its subject is
    the first of the names, and all of them are its alternative names, unless it is given others.
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
            san = x509.SubjectAlternativeName(alternative)
            builder = builder.add_extension(san, critical=not list(subject))
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return Issued(builder.sign(signer.key, hashes.SHA256()), key)


def common_name(name: str) -> x509.Name:
    """A subject that is a common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


SHA256_WITH_RSA, SHA1_WITH_RSA = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")


def with_sha1(issued: Issued, issuer: Issued) -> Issued:
    """The certificate signed once more, with SHA-1, by an issuer with an RSA key.

    cryptography makes no such certificates any more, but the names of the two algorithms differ in one byte only.
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


@once
def _root() -> trustme.CA:
    return trustme.CA()


@once
def _intermediate() -> trustme.CA:
    return _root().create_child_ca()


def _from_trustme(ca: trustme.CA) -> Issued:
    key = serialization.load_pem_private_key(ca.private_key_pem.bytes(), password=None)
    return Issued(x509.load_pem_x509_certificate(ca.cert_pem.bytes()), key)  # type: ignore[arg-type]


@once
def root() -> Issued:
    """The CA that clients trust by `ca_file`."""
    return _from_trustme(_root())


@once
def intermediate() -> Issued:
    """A CA under the root."""
    return _from_trustme(_intermediate())


@once
def second_intermediate() -> Issued:
    """A CA under the intermediate one."""
    return _from_trustme(_intermediate().create_child_ca())


@once
def directory() -> Path:
    """Where PEM files live as long as the process."""
    path = tempfile.mkdtemp(prefix="harbor-simulator-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


@once
def ca_file() -> str:
    """The PEM file with the CA; it lives as long as the process."""
    path = directory() / "ca.pem"
    _root().cert_pem.write_to_path(path)
    return str(path)


def _names(host: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((host, "localhost", "127.0.0.1")))


def _leaf(host: str, **wishes: object) -> Identity:
    leaf = issue(*_names(host), **{"issuer": root(), **wishes})  # type: ignore[arg-type]
    return Identity(leaf.key, (leaf.certificate,))


def _chain(host: str, issuer: Issued, *further: Issued) -> Identity:
    leaf = issue(*_names(host), issuer=issuer)
    return Identity(leaf.key, (leaf.certificate, *(issued.certificate for issued in further)))


def _days_left(host: str, days: int) -> Identity:
    """A one-year certificate (or a longer one) with that many days left; negative ones have passed."""
    end = now() + days * DAY + HALF_DAY
    return _leaf(host, not_before=min(end - YEAR, now() - DAY), not_after=end)


def _expired_intermediate(host: str) -> Identity:
    ca = issue("Expired CA", issuer=root(), authority=True, not_before=now() - YEAR, not_after=now() - DAY)
    return _chain(host, ca, ca)


def _expired_cross_signature(host: str) -> Identity:
    """The intermediate's issuer as an older root vouched for it, until two days ago; clients know that issuer."""
    old = issue("Old Root", authority=True, not_before=now() - YEAR, not_after=now() - DAY)
    cross = issue(
        "Testing CA", subject=root().certificate.subject, key=root().key,
        issuer=old, authority=True, not_before=now() - YEAR, not_after=now() - DAY,
    )  # fmt: skip
    return _chain(host, intermediate(), intermediate(), cross)


def _weak_signature(host: str) -> Identity:
    ca = issue("RSA CA", issuer=root(), authority=True, key=rsa.generate_private_key(65537, 2048))
    leaf = with_sha1(issue(*_names(host), issuer=ca), ca)
    return Identity(leaf.key, (leaf.certificate, ca.certificate))


KINDS: dict[str, Callable[[str], Identity]] = {
    "good": _leaf,
    "expired": lambda host: _days_left(host, -2),
    "not-yet-valid": lambda host: _leaf(host, not_before=now() + 2 * DAY),
    "self-signed": lambda host: _leaf(host, issuer=None),
    "wrong-name": lambda host: Identity(*_only(issue("other.example.net", issuer=root()))),
    "full-chain": lambda host: _chain(host, intermediate(), intermediate()),
    "incomplete-chain": lambda host: _chain(host, intermediate()),
    "wrong-order": lambda host: _chain(host, second_intermediate(), intermediate(), second_intermediate()),
    "expired-intermediate": _expired_intermediate,
    "expired-cross-signature": _expired_cross_signature,
    "common-name-only": lambda host: _leaf(host, alternative=()),
    "address-as-dns-name": lambda host: _leaf(host, alternative=[x509.DNSName(name) for name in _names(host)]),
    "no-subject": lambda host: _leaf(host, subject=x509.Name([])),
    "another-default": lambda host: Identity(*_only(issue("ingress.local"))),
    "weak-key": lambda host: _leaf(host, key=rsa.generate_private_key(65537, 1024)),
    "weak-signature": _weak_signature,
}


def _only(issued: Issued) -> tuple[Key, tuple[x509.Certificate, ...]]:
    return issued.key, (issued.certificate,)


def identity(kind: str, host: str) -> Identity:
    """The identity of one of KINDS, or of `days-left=N`, for this host (and localhost and 127.0.0.1)."""
    if kind.startswith("days-left="):
        return _days_left(host, int(kind.partition("=")[2]))
    if kind not in KINDS:
        raise ValueError(f"no such certificate: {kind}")
    return KINDS[kind](host)
