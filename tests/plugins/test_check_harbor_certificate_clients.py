"""check_harbor_certificate: what clients written in Go refuse and OpenSSL does not, and what they do not need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from harbor_simulator import Simulator
from harbor_simulator.issuing import DAY, HALF_DAY, YEAR, Identity, Issued, common_name, issue, now, with_sha1

INSTALL = "Next: install Harbor's certificate on the reverse proxy or ingress that answers here: it serves its own"
ISSUE_AGAIN = "Next: get a new certificate: RSA 2048 or EC P-256, signed with SHA-256"
LEAVE_OUT = (
    "Next: remove it from the reverse proxy's certificate file, then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)
REPLACE = (
    "Next: replace that CA certificate in the certificate file, then restart the reverse proxy (or update the "
    "ingress's TLS secret)"
)
IGNORED = "and clients ignore the common name"


def rename(entry: str) -> str:
    return f"Next: get a certificate with {entry} in subjectAltName, or point -H at a name it covers"


def certificate(leaf: Issued, *further: Issued) -> Identity:
    """What a server shows: a certificate with its key, and others."""
    return Identity(leaf.key, (leaf.certificate, *(element.certificate for element in further)))


@pytest.fixture(scope="module")
def ca() -> Issued:
    """A CA with an RSA key, which can sign with SHA-1."""
    return issue("Our CA", authority=True, key=rsa.generate_private_key(65537, 2048))


@pytest.fixture
def judge(check: Callable[..., list[str]], harbor: Simulator, tmp_path: Path, ca: Issued) -> Callable[..., list[str]]:
    """The lines of a run with this chain, this CA file and this name."""

    def run(shown: Identity, *options: str, host: str = "localhost", trusted: tuple[Issued, ...] = (ca,)) -> list[str]:
        harbor.certificate = shown
        file = tmp_path / "trusted.pem"
        file.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in trusted))
        where = ["-I", f"127.0.0.1:{harbor.port}", "--ca-file", str(file)]
        return check("certificate", *where, *options, url=f"https://{host}")

    return run


def refused(line: str, step: str) -> list[str]:
    """What is printed of a chain that clients refuse."""
    return [f"HARBOR CERTIFICATE CRITICAL - {line} | time=Ts;;;0", step, "exit code 2"]


@pytest.mark.parametrize(
    ("host", "names", "line"),
    [
        ("harbor.test", [], f"not valid for harbor.test: no DNS name in subjectAltName (SAN), {IGNORED}"),
        ("127.0.0.1", [], f"not valid for 127.0.0.1: no IP address in subjectAltName (SAN), {IGNORED}"),
        (
            "harbor.test",
            [x509.UniformResourceIdentifier("https://harbor.test")],
            f"not valid for harbor.test: no DNS name in subjectAltName (SAN), {IGNORED}",
        ),
        (
            "127.0.0.1",
            [x509.DNSName("127.0.0.1")],
            "not valid for 127.0.0.1, only for DNS:127.0.0.1: an address must be an IP address in subjectAltName",
        ),
        ("harbor.test", [x509.DNSName("other.test")], "not valid for harbor.test, only for DNS:other.test"),
        ("a.b.c.test", [x509.DNSName("*.c.test")], "not valid for a.b.c.test, only for DNS:*.c.test"),
        ("harbor.test", [x509.DNSName("h*.harbor.test")], "not valid for harbor.test, only for DNS:h*.harbor.test"),
        (
            "harbor.test",
            [x509.DNSName(f"n{number}.test") for number in range(7)],
            "not valid for harbor.test, only for DNS:n0.test, DNS:n1.test, DNS:n2.test, DNS:n3.test, DNS:n4.test "
            "and 2 more",
        ),
        (
            "harbor.test",
            [x509.DNSName("*.test")],
            "not valid for harbor.test, only for DNS:*.test: no wildcard may stand before the last part of a name",
        ),
    ],
)  # fmt: skip
def test_name_that_is_not_an_alternative_name(
    judge, ca: Issued, host: str, names: list[x509.GeneralName], line: str
) -> None:
    leaf = issue(host, issuer=ca, alternative=names)
    kind = "IP" if host[0].isdigit() else "DNS"
    assert judge(certificate(leaf), "--judge", "validity", host=host) == refused(line, rename(f"{kind}:{host}"))


def test_names_of_an_address(judge, ca: Issued) -> None:
    shown = certificate(issue("localhost", "::1", "10.0.0.1", issuer=ca))
    line = "not valid for 127.0.0.1, only for DNS:localhost, IP:::1, IP:10.0.0.1"
    assert judge(shown, "--judge", "validity", host="127.0.0.1") == refused(line, rename("IP:127.0.0.1"))
    for host in ("[::1]", "[0:0::1]", "10.0.0.1", "LOCALHOST"):
        assert judge(shown, host=host)[-1] == "exit code 0", host


@pytest.mark.parametrize("pattern", ["*.b.test", "A.B.test", "a.b.test"])
def test_name_that_is_covered(judge, ca: Issued, pattern: str) -> None:
    assert judge(certificate(issue(pattern, issuer=ca)), host="a.b.test")[-1] == "exit code 0"


def test_default_certificate_of_an_ingress(judge) -> None:
    """Whoever trusted it would find that it is for another name."""
    untrusted = "Ingress Fake Certificate's certificate is self-signed and not"
    line = f"not valid for harbor.test, only for DNS:ingress.local, {untrusted}"
    shown = certificate(issue("Ingress Fake Certificate", alternative=[x509.DNSName("ingress.local")]))
    first, name, trust, step, code = judge(shown, "--judge", "validity", host="harbor.test")
    assert first.startswith(f"HARBOR CERTIFICATE CRITICAL - {line}")
    assert (name, trust) == (
        "CRITICAL: not valid for harbor.test, only for DNS:ingress.local",
        "CRITICAL: Ingress Fake Certificate's certificate is self-signed and not trusted here",
    )
    assert (step, code) == (INSTALL, "exit code 2")
    told = "".join(judge(shown, "--judge", "validity", "--output", "json", host="harbor.test"))
    assert told.count(INSTALL.replace("Next: ", "")) == 3
    assert "--ca-file" not in told


def test_every_complaint_is_listed(judge, ca: Issued) -> None:
    leaf = with_sha1(issue("other.test", issuer=ca, not_before=now() - YEAR, not_after=now() - 2 * DAY), ca)
    stranger = issue("Another CA", authority=True)
    assert judge(certificate(leaf), "--judge", "validity", trusted=(stranger,))[1:] == [
        "CRITICAL: not valid for localhost, only for DNS:other.test",
        "CRITICAL: other.test's certificate expired 2 days ago, on DATE",
        "CRITICAL: other.test's issuer, Our CA, is neither served nor trusted here",
        "CRITICAL: other.test: signed with SHA1, which docker, containerd and helm refuse",
        rename("DNS:localhost"),
        "exit code 2",
    ]


def test_intermediate_that_is_no_ca(judge, ca: Issued) -> None:
    middle = issue("No CA", issuer=ca)
    lines = judge(certificate(issue("localhost", issuer=middle), middle), "--judge", "validity")
    assert (
        lines[0] == "HARBOR CERTIFICATE CRITICAL - No CA: it issued another certificate, but is not a CA | time=Ts;;;0"
    )
    assert lines[-2:] == ["Next: get a new certificate from a CA that clients trust", "exit code 2"]


def test_signatures_that_clients_look_at(judge, ca: Issued) -> None:
    """Of the whole path, but for a certificate that is trusted as it is."""
    middle = issue("Middle CA", issuer=ca, authority=True, key=rsa.generate_private_key(65537, 2048))
    old = with_sha1(middle, ca)
    shown = certificate(issue("localhost", issuer=middle), old)
    line = "Middle CA: signed with SHA1, which docker, containerd and helm refuse"
    assert judge(shown, "--judge", "validity") == refused(line, ISSUE_AGAIN)
    assert judge(shown, trusted=(ca, old))[-1] == "exit code 0"
    own = with_sha1(issue("localhost", issuer=ca), ca)
    assert judge(certificate(own), trusted=(own,))[-1] == "exit code 0"


def test_every_certificate_of_the_ca_file_is_trusted(judge, ca: Issued) -> None:
    """An intermediate alone is enough for clients written in Go."""
    middle = issue("Middle CA", issuer=ca, authority=True)
    assert judge(certificate(issue("localhost", issuer=middle)), trusted=(middle,))[-1] == "exit code 0"


def test_subject_like_its_cas(judge, ca: Issued) -> None:
    """Equal names make no self-signed certificate: the key is another one."""
    leaf = issue("localhost", subject=common_name("Our CA"), issuer=ca)
    assert judge(certificate(leaf))[-1] == "exit code 0"
    line = "Our CA has the same name as its CA, so clients do not look for that CA"
    stranger = issue("Another CA", authority=True)
    assert judge(certificate(leaf), "--judge", "validity", trusted=(stranger,)) == refused(
        line, "Next: get a certificate with a subject that differs from its CA's"
    )


@pytest.mark.parametrize(
    ("wishes", "state", "line"),
    [
        ({}, "OK", "harbor.test's certificate is valid for 89 days, until DATE (issued by Our CA)"),
        ({"not_before": now() - YEAR, "not_after": now() + 3 * DAY + HALF_DAY}, "CRITICAL",
         "harbor.test's certificate expires in 3 days, on DATE"),
        ({"not_before": now() - YEAR, "not_after": now() - 2 * DAY + HALF_DAY}, "CRITICAL",
         "harbor.test's certificate expired 1 day ago, on DATE"),
    ],
)  # fmt: skip
def test_without_a_subject(judge, ca: Issued, wishes: dict[str, Any], state: str, line: str) -> None:
    """It goes by its first alternative name, as certificates of Let's Encrypt's shorter profiles must."""
    shown = certificate(issue("harbor.test", "www.harbor.test", subject=x509.Name([]), issuer=ca, **wishes))
    assert judge(shown, host="harbor.test")[0].startswith(f"HARBOR CERTIFICATE {state} - {line}")


def test_without_a_subject_and_its_issuer(judge, ca: Issued) -> None:
    middle = issue("Middle CA", issuer=ca, authority=True)
    shown = certificate(issue("localhost", subject=x509.Name([]), issuer=middle))
    assert judge(shown, "--judge", "validity")[0] == (
        "HARBOR CERTIFICATE CRITICAL - localhost's issuer, Middle CA, is neither served nor trusted here | time=Ts;;;0"
    )


def spare(ca: Issued, kind: str, **dates) -> tuple[Issued, ...]:
    """What is served behind an intermediate of a CA that clients know."""
    if kind == "root":
        return (issue("Our CA", key=ca.key, authority=True, **dates),)
    old = issue("Old Root", authority=True, **dates)
    cross = issue("Our CA", key=ca.key, issuer=old, authority=True, **dates)
    return (cross,) if kind == "cross-signature" else (cross, old)


@pytest.mark.parametrize("kind", ["root", "cross-signature", "cross-signature and its root"])
def test_expired_element_that_no_client_needs(judge, ca: Issued, kind: str) -> None:
    """Clients know its CA by another certificate; the cross-signature of a root that has expired is the usual case."""
    middle = issue("Middle CA", issuer=ca, authority=True)
    further = spare(ca, kind, not_before=now() - YEAR, not_after=now() - 3 * DAY + HALF_DAY)
    shown = certificate(issue("localhost", issuer=middle), middle, *further)
    said = ["Our CA's certificate expired 2 days ago, on DATE, but no client needs it"]
    said += ["Old Root's certificate expired 2 days ago, on DATE, but no client needs it"] * (len(further) - 1)
    lines = judge(shown)
    assert lines[0].startswith(f"HARBOR CERTIFICATE WARNING - {said[0]}")
    assert " days_left_1=89;23:;7: days_left_2=-3;30:" in lines[0]
    assert lines[-2:] == [LEAVE_OUT, "exit code 1"]
    assert [line for line in judge(shown, "-v") if line.startswith("WARNING")] == [
        f"WARNING: {each} [certificate.superfluous]" for each in said
    ]
    assert judge(shown, "--judge", "validity")[-1] == "exit code 0"
    assert judge(shown, "--judge", "expiry", "--reminder", "third")[-1] == "exit code 0"


def test_element_that_no_client_needs_is_never_critical(judge, ca: Issued) -> None:
    middle = issue("Middle CA", issuer=ca, authority=True)
    due = spare(ca, "cross-signature", not_before=now() - YEAR, not_after=now() + 2 * DAY + HALF_DAY)
    shown = certificate(issue("localhost", issuer=middle), middle, *due)
    line = "Our CA's certificate expires in 2 days, on DATE, but no client needs it"
    for options in ([], ["-w", "50:", "-c", "20:"]):
        first, step, code = judge(shown, *options)
        assert first.startswith(f"HARBOR CERTIFICATE WARNING - {line} | ")
        assert (step, code) == (LEAVE_OUT, "exit code 1")


@pytest.mark.parametrize("kind", ["root", "cross-signature", "cross-signature and its root"])
def test_good_element_that_no_client_needs(judge, ca: Issued, kind: str) -> None:
    middle = issue("Middle CA", issuer=ca, authority=True)
    shown = certificate(issue("localhost", issuer=middle), middle, *spare(ca, kind))
    assert judge(shown)[-1] == "exit code 0"


def test_expired_cross_signature_that_clients_need(judge, ca: Issued) -> None:
    """Where only its root is trusted, every client refuses the chain."""
    cross, old = spare(
        ca, "cross-signature and its root", not_before=now() - YEAR, not_after=now() - 3 * DAY + HALF_DAY
    )
    shown = certificate(issue("localhost", issuer=ca), cross)
    assert judge(shown, "--judge", "validity", trusted=(old,)) == [
        "HARBOR CERTIFICATE CRITICAL - Our CA's certificate expired 2 days ago, on DATE, "
        "Old Root's certificate expired 2 days ago, on DATE | time=Ts;;;0",
        "CRITICAL: Our CA's certificate expired 2 days ago, on DATE",
        "CRITICAL: Old Root's certificate expired 2 days ago, on DATE",
        REPLACE,
        "exit code 2",
    ]  # fmt: skip


def test_element_that_is_served_twice(judge, ca: Issued) -> None:
    middle = issue("Middle CA", issuer=ca, authority=True)
    assert judge(certificate(issue("localhost", issuer=middle), middle, middle))[-1] == "exit code 0"
