"""The certificate chain as a server sends it, read with pyOpenSSL, which shows it even when it does not verify."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Callable, Iterable
from typing import Any

from cryptography import x509
from OpenSSL import SSL, crypto

from .certificates import Certificate
from .failure import CONTENT, TLS, Failure

TLS_1_1 = 0x0302


def served(
    dial: Callable[[], socket.socket], host: str, client_cert: str | None, client_key: str | None
) -> tuple[list[Certificate], int]:
    """The chain in the order of the wire, leaf first, and the TLS version; raises Failure (tls, content and dial's).

    Old versions and ciphers are let in, so that a server which speaks nothing else can be told apart.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_cipher_list(b"ALL:!aNULL:@SECLEVEL=0")
    if client_cert:
        context.use_certificate_chain_file(client_cert)
        context.use_privatekey_file(client_key or client_cert)
    connection = SSL.Connection(context, dial())
    try:
        if not is_address(host):
            connection.set_tlsext_host_name(host.encode())
        connection.set_connect_state()
        connection.do_handshake()
        chain, version = connection.get_peer_cert_chain() or [], connection.get_protocol_version()
    except (SSL.Error, OSError) as error:
        raise Failure(TLS, f"no TLS handshake with {host}: {reason(error)}") from None
    finally:
        connection.close()
    return understood(chain, host), version


def understood(chain: Iterable[crypto.X509], host: str) -> list[Certificate]:
    """What we need of every certificate; raises Failure (content)."""
    try:
        return [read(certificate.to_cryptography()) for certificate in chain]
    except Exception:  # what cryptography raises for one that it cannot make out changes with each version
        raise Failure(CONTENT, f"a certificate of {host} cannot be read") from None


def read(certificate: x509.Certificate) -> Certificate:
    """What we need of a certificate; raises whatever cryptography does for one that it cannot make out.

    An algorithm that it does not know is newer than we are, and not weak.
    """
    key = known(certificate.public_key)
    return Certificate(
        subject=name(certificate.subject),
        issuer=name(certificate.issuer),
        not_before=moment(certificate, "not_valid_before"),
        not_after=moment(certificate, "not_valid_after"),
        key=type(key).__name__.strip("_").replace("PublicKey", "").replace("EllipticCurve", "EC"),
        bits=getattr(key, "key_size", 256),
        signature=getattr(known(lambda: certificate.signature_hash_algorithm), "name", "unhashed"),
        names=alternative_names(certificate),
    )


def known(look: Callable[[], Any]) -> Any:
    """What `look` finds; None for what cryptography does not know, whatever it then raises."""
    try:
        return look()
    except Exception:
        return None


def alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """The names and addresses that the certificate is valid for, none where they cannot be read."""
    extension = known(lambda: certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName))
    if extension is None:
        return ()
    names = extension.value
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def name(subject: x509.Name) -> str:
    """A subject by its common name, else its organisation, else by all that it has."""
    for kind in (
        x509.NameOID.COMMON_NAME,
        x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
        x509.NameOID.ORGANIZATION_NAME,
    ):
        values = subject.get_attributes_for_oid(kind)
        if values:
            return str(values[0].value)
    return subject.rfc4514_string()


def moment(certificate: x509.Certificate, which: str) -> float:
    """One of the two dates in seconds since 1970; cryptography before 42 gives it without a time zone."""
    aware: datetime.datetime | None = getattr(certificate, f"{which}_utc", None)
    if aware is None:
        naive: datetime.datetime = getattr(certificate, which)
        aware = naive.replace(tzinfo=datetime.timezone.utc)
    return aware.timestamp()


def is_address(host: str) -> bool:
    """An IP address is not sent as SNI."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


def reason(error: Exception) -> str:
    """OpenSSL's own words for a failed handshake."""
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list) and error.args[0]:
        text = str(error.args[0][-1][-1])
        return "the server does not speak TLS on this port (plain HTTP?)" if "wrong version number" in text else text
    return "connection closed"
