"""Certificates, good and bad, as a server shows them; the CA is created once per process.

`identity(kind, host)` returns the KINDS that the simulator knows by name. Tests that need something else build an
Identity from `issue`, `root` and `intermediate`.
"""

from __future__ import annotations

import atexit
import datetime
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Callable

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .issuing import DAY, HALF_DAY, YEAR, Identity, Issued, Key, issue, now, with_sha1
from .once import once

FAR_AWAY = datetime.datetime(3000, 1, 1, tzinfo=datetime.timezone.utc)
_adopted: list[Issued] = []


def authority(issuer: Issued | None = None) -> Issued:
    """A CA with a name that no other one has."""
    name = f"Testing CA #{secrets.token_hex(8)}"
    return issue(name, issuer=issuer, authority=True, not_before=now() - YEAR, not_after=FAR_AWAY)


def adopt(authority: Issued) -> None:
    """Use this CA as the root, instead of one that is made for the process; before the first certificate."""
    _adopted.append(authority)


@once
def root() -> Issued:
    """The CA that clients trust through `ca_file`."""
    return _adopted[-1] if _adopted else authority()


@once
def intermediate() -> Issued:
    """A CA under the root."""
    return authority(root())


@once
def second_intermediate() -> Issued:
    """A CA under the first intermediate."""
    return authority(intermediate())


@once
def directory() -> Path:
    """The directory of PEM files, which exists as long as the process."""
    path = tempfile.mkdtemp(prefix="harbor-simulator-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)


@once
def ca_file() -> str:
    """The PEM file with the CA; it exists as long as the process."""
    path = directory() / "ca.pem"
    path.write_bytes(root().certificate.public_bytes(serialization.Encoding.PEM))
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
    """A certificate for one year (or longer) with this many days left; negative: it has expired."""
    end = now() + days * DAY + HALF_DAY
    return _leaf(host, not_before=min(end - YEAR, now() - DAY), not_after=end)


def _expired_intermediate(host: str) -> Identity:
    ca = issue("Expired CA", issuer=root(), authority=True, not_before=now() - YEAR, not_after=now() - DAY)
    return _chain(host, ca, ca)


def _expired_cross_signature(host: str) -> Identity:
    """The intermediate's issuer, cross-signed by an older root until a day ago; clients know that issuer."""
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
