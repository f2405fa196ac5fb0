"""What clients written in Go accept, by names and by keys."""

from __future__ import annotations

from harborlib.wire import clients

import pytest


@pytest.mark.parametrize(
    ("host", "names", "named"),
    [
        ("a.test", ["DNS:a.test"], True),
        ("A.test.", ["DNS:a.TEST"], True),
        ("a.test", ["DNS:b.test", "DNS:*.test"], True),
        ("a.b.test", ["DNS:*.test"], False),
        ("b.test", ["DNS:*.b.test"], False),
        ("ab.c.test", ["DNS:a*.c.test"], False),
        ("a.test", ["IP:a.test"], False),
        ("192.0.2.1", ["IP:192.0.2.1"], True),
        ("192.0.2.1", ["DNS:192.0.2.1", "DNS:*.0.2.1"], False),
        ("2001:DB8:0::1", ["IP:2001:db8::1"], True),
        ("a.test", [], False),
    ],
)
def test_names(host: str, names: list[str], named: bool) -> None:
    assert clients.is_named(host, names) is named


@pytest.mark.parametrize(
    ("key", "bits", "problem"),
    [
        ("RSA", 1023, "1023-bit RSA key"),
        ("RSA", 1024, ""),
        ("RSA", 8192, ""),
        ("RSA", 8193, "8193-bit RSA key"),
        ("EC", 224, ""),
        ("Ed25519", 256, ""),
        ("brainpoolP256r1", 256, "brainpoolP256r1 key"),
        ("DSA", 2048, "DSA key"),
        ("Ed448", 456, "Ed448 key"),
        ("NoneType", 256, ""),
    ],
)
def test_keys(key: str, bits: int, problem: str) -> None:
    assert clients.refused_key(key, bits) == problem


@pytest.mark.parametrize(
    ("host", "address"), [("192.0.2.1", True), ("2001:db8::1", True), ("localhost", False), ("1.2.3", False)]
)
def test_addresses_are_no_names(host: str, address: bool) -> None:
    assert clients.is_address(host) is address
    assert clients.entry(host) == f"{'IP' if address else 'DNS'}:{host}"
