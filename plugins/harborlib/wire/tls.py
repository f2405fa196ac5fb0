"""TLS: one kind of context for all probes, so that they agree on what verifies; and messages for what does not.

The verdict is that of the standard library's `ssl`. The chain as served is read with pyOpenSSL (chain.py).
"""

from __future__ import annotations

import os
import re
import socket
import ssl

from . import sockets
from .failure import CERTIFICATE, NO_TLS, TLS, Failure, Unusable, starve

PLAIN = "the server does not speak TLS on this port (plain HTTP?)"
PARTIAL_CHAIN = ssl.VerifyFlags(0x80000)  # X509_V_FLAG_PARTIAL_CHAIN, `ssl` names it from Python 3.10 on


class Context(ssl.SSLContext):
    """A client context for one `host`, which is verified even if it is an IP address.

    urllib3 1.26 passes no host to a handshake with an IP address, and OpenSSL would have nothing to compare.
    """

    host: str | None = None
    sslsocket_class = sockets.Secure

    def wrap_socket(self, sock, server_hostname=None, **kwargs):  # type: ignore[no-untyped-def,override]
        """The TLS socket for `server_hostname`, or for the host that was set."""
        return super().wrap_socket(sock, server_hostname=server_hostname or self.host, **kwargs)


def context(
    ca_file: str | None, client_cert: str | None, client_key: str | None, verify: bool, *, also_system: bool = False
) -> Context:
    """The client context: TLS 1.2 or newer, the CA file or the system's CAs, no certifi; raises Unusable.

    `also_system`: use both the CA file and the system's CAs.
    """
    ready = None if also_system or not verify else _prepared.pop(_key(ca_file), None)
    unchanged = ready and ready[0] == _stamp(ca_file)
    result = ready[1] if ready and unchanged else _verifying(ca_file, verify, also_system)
    if client_cert:
        files = (client_cert, client_key, _refuse_pass_phrase)
        _load(client_key or client_cert, "client certificate", lambda: result.load_cert_chain(*files))
    return result


#: Contexts that the preloaded server made ahead, by file, with what the file was like. Each is used once in a process.
_prepared: dict[str, tuple[object, Context]] = {}


def prepare(ca_file: str | None) -> None:
    """Make the context for a CA file, or for the system's CAs, ahead of its use; raises Unusable, OSError."""
    stamp = _stamp(ca_file)
    if _prepared.get(_key(ca_file), (None,))[0] != stamp:
        _prepared[_key(ca_file)] = (stamp, _verifying(ca_file, True, False))


def forget(ca_file: str) -> None:
    """Drop the context for a CA file."""
    _prepared.pop(_key(ca_file), None)


def _key(ca_file: str | None) -> str:
    return os.path.abspath(ca_file) if ca_file else ""


def _stamp(ca_file: str | None) -> object:
    """What changes when another file is in its place; for the system's CAs, the places where OpenSSL looks."""
    if ca_file:
        status = os.stat(ca_file)
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
    places = ssl.get_default_verify_paths()
    found = [place for place in (places.cafile, places.capath) if place]
    return [(place, _stamp(place)) for place in found]


def _verifying(ca_file: str | None, verify: bool, also_system: bool) -> Context:
    result = Context(ssl.PROTOCOL_TLS_CLIENT)
    result.minimum_version = ssl.TLSVersion.TLSv1_2
    # Distributions build OpenSSL with different security levels: the same certificate would verify on one monitoring
    # host and not on another. Weak keys and signatures are judged by check_harbor_certificate's own rule.
    result.set_ciphers("DEFAULT:@SECLEVEL=0")
    # Python 3.13 enables checks that other registry clients do not make.
    result.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", ssl.VerifyFlags(0))
    # As in Go clients: every certificate of the CA file is a trust anchor, even one that is not self-signed.
    result.verify_flags |= PARTIAL_CHAIN
    result.hostname_checks_common_name = False  # Go ignores it since 1.15
    if not verify:
        result.check_hostname = False
        result.verify_mode = ssl.CERT_NONE
    elif ca_file:
        _load(ca_file, "--ca-file", lambda: result.load_verify_locations(ca_file))
    if verify and (also_system or not ca_file):
        result.load_default_certs()
    return result


def _load(path, what, call) -> None:  # type: ignore[no-untyped-def]
    try:
        call()
    except ssl.SSLError as error:
        raise Unusable(f"{what}: no usable PEM in {path} ({reason(error)})") from None
    except OSError as error:
        raise Unusable(f"{what}: cannot read {path}: {error.strerror}") from None


def _refuse_pass_phrase() -> str:
    raise ssl.SSLError("the key has a pass phrase")


#: X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY
UNKNOWN_ISSUER = (19, 20)
OWN_CA = "pass --ca-file FILE if your own CA issued it, else run check_harbor_certificate with the same options"


def failure(error: OSError, host: str) -> Failure:
    """A failed handshake as a Failure (certificate, tls); raises Starved."""
    starve(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        step = OWN_CA if error.verify_code in UNKNOWN_ISSUER else ""
        return Failure(CERTIFICATE, f"certificate does not verify: {verdict(error, host)}", next_step=step)
    why = reason(error)
    return Failure(NO_TLS if why == PLAIN else TLS, f"TLS handshake with {host} failed: {why}")


def verdict(error: ssl.SSLCertVerificationError, host: str) -> str:
    """Why OpenSSL rejects the certificate, in its own words if they are clear."""
    if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
        return f"not valid for {host}"
    return (error.verify_message or "unknown reason").rstrip(".")


def reason(error: OSError) -> str:
    """One line for a TLS error, without Python's source positions."""
    if not isinstance(error, ssl.SSLError):
        return error.strerror or "connection closed"
    code = getattr(error, "reason", None) or ""  # our own error about a pass phrase has none
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or code == "UNEXPECTED_EOF_WHILE_READING":
        return "connection closed in the handshake"
    if code in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"):
        return PLAIN
    if code in ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"):
        return "the server speaks only TLS below 1.2"
    if code.endswith(("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE")):
        return f"refused by the server ({code.lower().replace('_', ' ')}), it may require a client certificate"
    text = code or re.sub(r"^\[[^]]*\] *| *\(_ssl\.c:\d+\)$", "", str(error.args[-1]))
    return "no certificate or key in it" if text == "PEM lib" else text.lower().replace("_", " ")


def shake_hands(sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
    """A TLS handshake and nothing else, on a connected socket, which is then closed; raises Failure."""
    with sock:
        try:
            with context.wrap_socket(sock, server_hostname=host):
                pass
        except OSError as error:
            raise failure(error, host) from None
