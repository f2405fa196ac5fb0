"""Certificates that no CA should issue, and some do; a server's OpenSSL takes all of these."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from harbor_simulator.certificates import root
from harbor_simulator.issuing import DAY, Identity, now

NAMES = x509.ObjectIdentifier("2.5.29.17")
LOCALHOST = b"\x82\x09localhost"
COMMON_NAME = x509.NameOID.COMMON_NAME


def names(*general: bytes) -> bytes:
    """A subjectAltName of `localhost` and what is given (as it stands in the certificate)."""
    content = LOCALHOST + b"".join(general)
    return b"\x30" + length(content) + content


def length(content: bytes) -> bytes:
    size = len(content)
    return bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")


#: What a subjectAltName holds besides `localhost`.
ALTERNATIVE_NAMES = {
    "x400Address": names(b"\xa3\x02\x30\x00"),
    "an address of three bytes": names(b"\x87\x03abc"),
    "a name that is not ASCII": names(b"\x82\x04\xff\xfe\x00\x1b"),
    "a URI that is none": names(b"\x86\x07http://"),
    "an empty directoryName": names(b"\xa4\x02\x30\x00"),
    "five thousand names": names(*[b"\x82\x05a.b.c"] * 5000),
    "a name of control characters": names(b"\x82\x06\x1b[2J|\n"),
    "nothing": b"\x30\x00",
}
SUBJECTS = {
    "without a subject": x509.Name([]),
    "control characters": x509.Name([x509.NameAttribute(COMMON_NAME, "\x1b[2J | 'a'=1;2\n(see harbor-health)")]),
    "other alphabets": x509.Name([x509.NameAttribute(COMMON_NAME, "\u6e2f\u202e\U0001f6a2")]),
    "many names": x509.Name([x509.NameAttribute(COMMON_NAME, f"{number}" * 10) for number in range(200)]),
    "a unique identifier": x509.Name(
        [x509.NameAttribute(x509.NameOID.X500_UNIQUE_IDENTIFIER, b"\x00\xff", x509.name._ASN1Type.BitString)]
    ),
}


def made(subject: x509.Name | None = None, alternative: bytes = b"", **dates: datetime.datetime) -> Identity:
    """A certificate under the CA that clients trust."""
    key, ca = ec.generate_private_key(ec.SECP256R1()), root()
    builder = (
        x509.CertificateBuilder().issuer_name(ca.certificate.subject).serial_number(17).public_key(key.public_key())
    )
    builder = builder.subject_name(x509.Name([x509.NameAttribute(COMMON_NAME, "x")]) if subject is None else subject)
    builder = builder.not_valid_before(dates.get("begin", now() - DAY)).not_valid_after(
        dates.get("end", now() + 60 * DAY)
    )
    if alternative:
        builder = builder.add_extension(x509.UnrecognizedExtension(NAMES, alternative), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return Identity(key, (builder.sign(ca.key, hashes.SHA256()),))


def utc(year: int) -> datetime.datetime:
    return datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc)


def altered(old: bytes, new: bytes) -> Identity:
    """A certificate in which some bytes are others: its signature is then wrong, which only a client notices."""
    identity = made(alternative=names())
    content = identity.chain[0].public_bytes(Encoding.DER)
    assert old in content
    return Identity(identity.key, (Raw(content.replace(old, new, 1)),))  # type: ignore[arg-type]


class Raw:
    """A certificate that cryptography need not understand."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def public_bytes(self, _encoding: Encoding) -> bytes:
        return ssl.DER_cert_to_PEM_cert(self.content).encode()


ODD: dict[str, Callable[[], Identity]] = {
    **{name: partial(made, alternative=value) for name, value in ALTERNATIVE_NAMES.items()},
    **{name: partial(made, value, names()) for name, value in SUBJECTS.items()},
    "the year 9999": lambda: made(alternative=names(), end=utc(9999)),
    "the year 1950": lambda: made(alternative=names(), begin=utc(1950), end=utc(1951)),
    "for no time": lambda: made(alternative=names(), begin=utc(2026), end=utc(2026)),
    "version 4": lambda: altered(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),
    "a serial number of zero": lambda: altered(b"\x02\x01\x11", b"\x02\x01\x00"),
    "a negative serial number": lambda: altered(b"\x02\x01\x11", b"\x02\x01\x91"),
    "a date that is none": lambda: altered(b"\x17\x0d2", b"\x17\x0dx"),
    "an unknown signature": lambda: altered(bytes.fromhex("2a8648ce3d0403"), bytes.fromhex("2a8648ce3d0409")),
}
