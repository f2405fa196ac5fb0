"""The certificate chain as a server sends it, read with pyOpenSSL, which returns it even if it does not verify."""

from __future__ import annotations

import datetime
import functools
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from OpenSSL import SSL, crypto

from .certificates import FOREIGN, NEEDED, SPARE, Certificate, Served
from .clients import DNS, IP, UNREADABLE, is_address
from .failure import CONTENT, TLS, Failure, starve

TLS_1_1 = 0x0302
NIST_CURVES = ("secp224r1", "secp256r1", "secp384r1", "secp521r1")


def served(
    dial: Callable[[], socket.socket], host: str, ca_file: str | None, client_cert: str | None, client_key: str | None
) -> Served:
    """The chain as it is sent, and OpenSSL's verdict on it; raises Failure (tls, content, and those of `dial`).

    Old versions and ciphers are allowed, so that a server that speaks nothing newer can be identified.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"ALL:!aNULL:@SECLEVEL=0")
    if client_cert:
        context.use_certificate_chain_file(client_cert)
        context.use_privatekey_file(client_key or client_cert)
    complaints = heard(context, ca_file)
    sock = dial()
    sock.settimeout(None)  # pyOpenSSL cannot wait on its own
    connection = SSL.Connection(context, sock)
    try:
        if not is_address(host):
            connection.set_tlsext_host_name(host.encode())
        connection.set_connect_state()
        connection.do_handshake()
        chain, path = connection.get_peer_cert_chain() or [], connection.get_verified_chain() or []
        version = connection.get_protocol_version()
    except (SSL.Error, OSError) as error:
        raise Failure(TLS, f"no TLS handshake with {host}: {handshake_error(error)}") from None
    finally:
        connection.close()
    return understood(host, chain, path or chain[:1], complaints, version)


def heard(context: SSL.Context, ca_file: str | None) -> list[tuple[int, crypto.X509]]:
    """The list that collects OpenSSL's complaints in handshakes of this context, which continue nevertheless."""
    complaints: list[tuple[int, crypto.X509]] = []

    def note(_: SSL.Connection, certificate: crypto.X509, number: int, depth: int, good: int) -> bool:
        if not good:
            complaints.append((number, certificate))
        return True

    system = ssl.get_default_verify_paths()
    files = (ca_file, None) if ca_file else (system.cafile, system.capath)
    if any(files):
        load(context, *files)
    store = context.get_cert_store()
    if store:
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    context.set_verify(SSL.VERIFY_PEER, note)
    return complaints


def load(context: SSL.Context, ca_file: str | None, folder: str | None) -> None:
    """Load CAs, which `ssl` could read before; raises Starved."""
    try:
        context.load_verify_locations(ca_file, folder)
    except SSL.Error:
        try:
            open(ca_file or os.devnull, "rb").close()  # OpenSSL does not say why it cannot
        except OSError as error:
            starve(error)
        raise


def understood(
    host: str,
    chain: Sequence[crypto.X509],
    path: Sequence[crypto.X509],
    complaints: Sequence[tuple[int, crypto.X509]] = (),
    version: int = 0,
) -> Served:
    """What we need from every certificate; raises Failure (content)."""
    read = functools.cache(read_certificate)  # most certificates of the path are in the chain
    try:
        needed = [certificate.to_cryptography() for certificate in path]
        elements = placed([certificate.to_cryptography() for certificate in chain], needed, read)
        errors = [(number, read(certificate.to_cryptography())) for number, certificate in complaints]
        return Served(elements, [read(certificate) for certificate in needed], errors, version)
    except Exception as error:  # the exceptions for broken certificates differ between versions of cryptography
        starve(error)
        raise Failure(CONTENT, f"a certificate of {host} cannot be read") from None


def placed(
    elements: Sequence[x509.Certificate],
    needed: Sequence[x509.Certificate],
    read: Callable[[x509.Certificate], Certificate],
) -> list[Certificate]:
    """The elements of a chain, some of which a client needs, as `read` returns them; raises what it raises."""
    found: list[Certificate] = []
    # Names whose certificates a client may use, for example a cross-signature of its CA.
    wanted = {certificate.issuer for certificate in needed}
    for position, certificate in enumerate(elements):
        if certificate in needed and certificate not in elements[:position]:
            place = NEEDED
        else:
            place = SPARE if certificate.subject in wanted or certificate in needed else FOREIGN
        if place != FOREIGN:
            wanted.add(certificate.issuer)
        found.append(read(certificate)._replace(place=place))
    return found


def read_certificate(certificate: x509.Certificate) -> Certificate:
    """What we need from a certificate; raises cryptography's exceptions for one that it cannot parse.

    An algorithm that cryptography does not know is newer than this code, and not weak.
    """
    key = known(certificate.public_key)
    names = alternative_names(certificate)
    return Certificate(
        subject=name(certificate.subject) or bare(names) or "a certificate without a name",
        issuer=name(certificate.issuer) or "a CA without a name",
        not_before=date(certificate, "not_valid_before"),
        not_after=date(certificate, "not_valid_after"),
        key=kind_of(key),
        bits=getattr(key, "key_size", 256),
        signature=getattr(known(lambda: certificate.signature_hash_algorithm), "name", "unhashed"),
        names=names,
        self_signed=certificate.subject == certificate.issuer and is_signed_by(certificate, key),
    )


def kind_of(key: Any) -> str:
    """RSA, EC, Ed25519 and the like; curves other than NIST's by their own names."""
    curve = getattr(getattr(key, "curve", None), "name", "")
    if curve and curve not in NIST_CURVES:
        return str(curve)
    return type(key).__name__.strip("_").replace("PublicKey", "").replace("EllipticCurve", "EC")


def is_signed_by(certificate: x509.Certificate, key: Any) -> bool:
    """Whether this key made a certificate's signature; False if that cannot be determined here."""
    signature, content = certificate.signature, certificate.tbs_certificate_bytes
    digest = known(lambda: certificate.signature_hash_algorithm)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(digest))
        else:
            key.verify(signature, content)
    except Exception as error:  # a wrong signature, or an unknown key or digest
        starve(error)
        return False
    return True


def known(look: Callable[[], Any]) -> Any:
    """The result of `look`; None if it raises, because cryptography does not know something."""
    try:
        return look()
    except Exception as error:
        starve(error)
        return None


def alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that the certificate is valid for, as `DNS:NAME` and `IP:ADDRESS`.

    If they cannot be read, the result is UNREADABLE.
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except Exception as error:  # the exceptions for broken certificates differ between versions of cryptography
        starve(error)
        return (UNREADABLE,)
    addresses = names.get_values_for_type(x509.IPAddress)
    return (
        *(f"{DNS}{text}" for text in names.get_values_for_type(x509.DNSName)),
        *(f"{IP}{address}" for address in addresses),
    )


def bare(names: Sequence[str]) -> str:
    """The first of the names without its type, "" if there is none."""
    return names[0].partition(":")[2] if names else ""


def name(subject: x509.Name) -> str:
    """A subject's common name, else its organizational unit, its organization, or all of it, which may be empty."""
    for kind in (
        x509.NameOID.COMMON_NAME,
        x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
        x509.NameOID.ORGANIZATION_NAME,
    ):
        values = subject.get_attributes_for_oid(kind)
        if values:
            return str(values[0].value)
    return subject.rfc4514_string()


def date(certificate: x509.Certificate, which: str) -> float:
    """One of the two dates in seconds since 1970; before version 42, cryptography returns it without a time zone."""
    aware: datetime.datetime | None = getattr(certificate, f"{which}_utc", None)
    if aware is None:
        naive: datetime.datetime = getattr(certificate, which)
        aware = naive.replace(tzinfo=datetime.timezone.utc)
    return aware.timestamp()


def handshake_error(error: Exception) -> str:
    """OpenSSL's own message for a failed handshake."""
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        text = str(error.args[0][-1][-1])
        return "the server does not speak TLS on this port (plain HTTP?)" if "wrong version number" in text else text
    return "connection closed"
