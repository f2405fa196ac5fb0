"""What registry clients accept. docker, containerd, podman and helm are written in Go, which differs from OpenSSL.

Go checks only subjectAltName (since 1.15), refuses SHA-1 signatures (since 1.18) and RSA keys under 1024 bits
(since 1.24) or over 8192, and supports few kinds of keys.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

#: How a subjectAltName entry is shown: as openssl.cnf writes it.
DNS, IP = "DNS:", "IP:"
#: Stands for a subjectAltName that we cannot read; OpenSSL may be able to.
UNREADABLE = "entries that cannot be read"
#: Key types that Go verifies; "EC" means the NIST curves. A type unknown to cryptography is newer than this code.
KNOWN_KEYS = ("RSA", "EC", "Ed25519", "NoneType")
BROKEN_DIGESTS = ("md5", "sha1")
RSA_BITS = range(1024, 8193)


def is_address(host: str) -> bool:
    """Whether a host is an IP address, which is not sent as SNI."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def entry(host: str) -> str:
    """The entry that subjectAltName must contain for this host."""
    return f"{IP if is_address(host) else DNS}{host}"


def is_named(host: str, names: Sequence[str]) -> bool:
    """Whether one of these subjectAltName entries matches this host."""
    if is_address(host):
        address = ipaddress.ip_address(host)
        return any(name == f"{IP}{address}" for name in names)
    return any(_fits(name[len(DNS) :], host) for name in names if name.startswith(DNS))


def _fits(pattern: str, host: str) -> bool:
    """Whether a name, which may begin with `*` for one label, matches the host."""
    labels, wanted = pattern.lower().split("."), host.lower().rstrip(".").split(".")
    return len(labels) == len(wanted) and labels[0] in ("*", wanted[0]) and labels[1:] == wanted[1:]


def refused_key(key: str, bits: int) -> str:
    """Why clients refuse a key of this kind and size, or ""."""
    if key not in KNOWN_KEYS:
        return f"{key} key"
    return f"{bits}-bit RSA key" if key == "RSA" and bits not in RSA_BITS else ""
