"""check_harbor_certificate: what an operator sees of a chain that clients refuse, or should not be served."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from harbor_simulator import Simulator
from harbor_simulator.certificates import intermediate, root
from harbor_simulator.issuing import DAY, Identity, issue, now

CA = "Testing CA"
GOOD = f"HARBOR CERTIFICATE OK - localhost's certificate is valid for 89 days, until DATE (issued by {CA})"
PERFDATA = "time=Ts;;;0 days_left=89;23:;7:"
RENEW = (
    "Next: renew the certificate (with its intermediates), then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)
COMPLETE = (
    "Next: add the missing intermediate to the reverse proxy's certificate file, or pass --ca-file for a private CA"
)
TRUST = "Next: pass --ca-file for a private CA, or get a certificate from a CA that clients trust"
RENAME = "Next: get a certificate with DNS:localhost in subjectAltName, or point -H at a name it covers"
CLOCK = (
    "Next: compare date -u here with docker exec harbor-core date -u (or the same in the core pod); if both "
    "agree, reinstall the previous certificate"
)
LEAVE_OUT = (
    "Next: remove it from the reverse proxy's certificate file, then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)
ORDER = (
    "Next: put the server's certificate first in the file, then each issuer, then restart the reverse proxy (or "
    "update the ingress's TLS secret)"
)
REPLACE = (
    "Next: replace that CA certificate in the certificate file, then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)
WEAK = "Next: get a new certificate: RSA 2048 or EC P-256, signed with SHA-256"


def certificate(leaf, *further) -> Identity:
    """What a server shows: a certificate with its key, and others."""
    return Identity(leaf.key, (leaf.certificate, *(element.certificate for element in further)))


def test_good(check, harbor: Simulator) -> None:
    assert check("certificate") == [f"{GOOD} | {PERFDATA}", "exit code 0"]
    assert harbor.requests == []


def test_full_chain_shows_every_element(check, harbor: Simulator) -> None:
    harbor.certificate = "full-chain"
    assert check("certificate", "-v") == [
        f"{GOOD} | {PERFDATA} days_left_1=N;30:;7:",
        "OK: handshake in T s",
        "OK: localhost's certificate is valid for 89 days, until DATE",
        f"OK: {CA}'s certificate is valid for N days, until 3000-01-01",
        "exit code 0",
    ]


@pytest.mark.parametrize(
    ("kind", "line", "step", "perfdata"),
    [
        ("expired", "localhost's certificate expired 1 day ago, on DATE", RENEW, "days_left=-2;30:;7:"),
        ("not-yet-valid", "localhost's certificate is not valid before DATE", CLOCK, "days_left=92;23:;7:"),
        ("self-signed", "localhost's certificate is self-signed and not trusted here", TRUST, "days_left=89;23:;7:"),
        ("wrong-name", "not valid for localhost, only for DNS:other.example.net", RENAME, "days_left=89;23:;7:"),
        (
            "incomplete-chain",
            f"localhost's issuer, {CA}, is neither served nor trusted here",
            COMPLETE,
            "days_left=89;23:;7:",
        ),
        (
            "weak-signature",
            "localhost: signed with SHA1, which docker, containerd and helm refuse",
            WEAK,
            "days_left=89;23:;7: days_left_1=89;23:;7:",
        ),
        (
            "common-name-only",
            "not valid for localhost: no DNS name in subjectAltName (SAN), and clients ignore the common name",
            RENAME,
            "days_left=89;23:;7:",
        ),
        (
            "expired-intermediate",
            "Expired CA's certificate expired 1 day ago, on DATE",
            REPLACE,
            "days_left=89;23:;7: days_left_1=-2;30:;7:",
        ),
    ],
)
def test_clients_refuse_it(check, harbor: Simulator, kind: str, line: str, step: str, perfdata: str) -> None:
    harbor.certificate = kind
    assert check("certificate") == [
        f"HARBOR CERTIFICATE CRITICAL - {line} | time=Ts;;;0 {perfdata}",
        step,
        "exit code 2",
    ]
    assert check("certificate", "--isolate", "--judge", "validity") == [
        f"HARBOR CERTIFICATE CRITICAL - {line} | time=Ts;;;0",
        step,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("kind", "line", "step", "perfdata"),
    [
        (
            "wrong-order",
            f"the chain is in the wrong order: localhost > {CA} > {CA}",
            ORDER,
            "days_left=89;23:;7: days_left_1=N;30:;7: days_left_2=N;30:;7:",
        ),
        ("weak-key", "localhost's certificate is weak: 1024-bit RSA key", WEAK, "days_left=89;23:;7:"),
    ],
)
def test_clients_may_accept_it(check, harbor: Simulator, kind: str, line: str, step: str, perfdata: str) -> None:
    """OpenSSL's verdict on these differs from build to build; ours is the same everywhere."""
    harbor.certificate = kind
    assert check("certificate") == [
        f"HARBOR CERTIFICATE WARNING - {line} | time=Ts;;;0 {perfdata}",
        step,
        "exit code 1",
    ]


def test_foreign_element(check, harbor: Simulator) -> None:
    stranger = issue("Somebody Else", authority=True)
    harbor.certificate = certificate(issue("localhost", issuer=intermediate()), intermediate(), stranger)
    assert check("certificate", "--judge", "validity") == [
        f"HARBOR CERTIFICATE WARNING - Somebody Else does not belong to the chain: localhost > {CA} > Somebody Else | "
        "time=Ts;;;0",
        LEAVE_OUT,
        "exit code 1",
    ]


def test_several_findings(check, harbor: Simulator) -> None:
    """CRITICAL first; whatever else is wrong stands below."""
    stranger = issue("Somebody Else", authority=True)
    harbor.certificate = certificate(
        issue("other.example.net", issuer=root(), not_after=now() + 3.5 * DAY, not_before=now() - 400 * DAY), stranger
    )
    assert check("certificate") == [
        "HARBOR CERTIFICATE CRITICAL - other.example.net's certificate expires in 3 days, on DATE, "
        "not valid for localhost, only for DNS:other.example... | "
        "time=Ts;;;0 days_left=3;30:;7: days_left_1=89;23:",
        "CRITICAL: other.example.net's certificate expires in 3 days, on DATE",
        "CRITICAL: not valid for localhost, only for DNS:other.example.net",
        "WARNING: Somebody Else does not belong to the chain: other.example.net > Somebody Else",
        RENEW,
        "exit code 2",
    ]


@pytest.mark.parametrize(
    ("served", "line", "step"),
    [
        (0, "localhost's issuer, harbor-ca, is neither served nor trusted here", COMPLETE),
        (1, "harbor-ca's certificate is self-signed and not trusted here", TRUST),
    ],
)
def test_ca_that_is_not_trusted(check, harbor: Simulator, served: int, line: str, step: str) -> None:
    ca = issue("harbor-ca", authority=True)
    harbor.certificate = certificate(issue("localhost", issuer=ca), *[ca][:served])
    assert check("certificate", "--judge", "validity") == [
        f"HARBOR CERTIFICATE CRITICAL - {line} | time=Ts;;;0",
        step,
        "exit code 2",
    ]


def test_ca_file_is_trusted_instead_of_the_systems_store(check, harbor: Simulator, tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    line = f"localhost's issuer, {CA}, is neither served nor trusted here"
    assert check("certificate", "--judge", "validity", "--ca-file", str(tmp_path / "other.pem"))[0] == (
        f"HARBOR CERTIFICATE CRITICAL - {line} | time=Ts;;;0"
    )


def test_self_signed_and_trusted(check, harbor: Simulator, tmp_path: Path) -> None:
    """--ca-file with the server's own certificate: clients that do the same accept it."""
    own = issue("localhost")
    harbor.certificate = certificate(own)
    (tmp_path / "own.pem").write_bytes(harbor.certificate.pem())
    assert check("certificate", "--ca-file", str(tmp_path / "own.pem"))[-1] == "exit code 0"


@pytest.mark.parametrize("kind", ["expired", "self-signed", "wrong-name", "incomplete-chain"])
def test_insecure_asks_no_client(check, harbor: Simulator, kind: str) -> None:
    harbor.certificate = kind
    *_, code = lines = check("certificate", "--insecure")
    if kind == "expired":
        assert lines[0].startswith(
            "HARBOR CERTIFICATE CRITICAL - localhost's certificate expired 1 day ago, on DATE | "
        )
        assert lines[1:] == ["Note: certificate not verified (--insecure)", RENEW, "exit code 2"]
    else:
        assert code == "exit code 0"
        assert "certificate not verified (--insecure)" in "".join(lines)


def test_clear_text_url_is_a_usage_error(check) -> None:
    assert check("certificate", url="http://harbor.example.com") == [
        "HARBOR CERTIFICATE UNKNOWN - usage: there is no certificate on http: point -H at https://...",
        "Next: see check_harbor_certificate --help",
        "exit code 3",
    ]
