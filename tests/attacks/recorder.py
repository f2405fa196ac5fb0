"""A server that nobody should talk to: it keeps what reached it, and shows a certificate that clients trust."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harbor_simulator.certificates import ca_file, identity, root
from harbor_simulator.issuing import DAY, now
from support.listeners import listening

HANDSHAKE = b"\x16"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Recorder:
    """To be used as a context manager; takes TLS (as `localhost`, asking for a client certificate) and plain text.

    `heard` is what each connection said, decrypted; `shown` the client certificates, None where a client has none.
    """

    def __init__(self, answer: bytes = ANSWER) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self.shown: list[dict[str, Any] | None] = []

    def __enter__(self) -> Recorder:
        self._stack = contextlib.ExitStack()
        self.port = self._stack.enter_context(listening(self._serve))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def where(self) -> str:
        return f"localhost:{self.port}"

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(5)
        if sock.recv(1, socket.MSG_PEEK) != HANDSHAKE:
            self._converse(sock)
            return
        with curious().wrap_socket(sock, server_side=True) as secured:
            self.shown.append(secured.getpeercert() or None)
            self._converse(secured)

    def _converse(self, sock: socket.socket) -> None:
        said = b""
        while b"\r\n\r\n" not in said:
            piece = sock.recv(65536)
            said += piece
            if not piece:
                break
        self.heard.append(said)
        sock.sendall(self.answer)


@functools.cache
def curious() -> ssl.SSLContext:
    """A server's context that asks for a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(ca_file())
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(identity("good", "localhost").pem())
        file.flush()
        context.load_cert_chain(file.name)
    return context


def client_certificate(folder: Path) -> Path:
    """A certificate under the CA that everybody trusts, and its key, in one file."""
    key, ca = ec.generate_private_key(ec.SECP256R1()), root()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "monitor")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(ca.certificate.subject).serial_number(4711)
    builder = builder.public_key(key.public_key()).not_valid_before(now() - DAY).not_valid_after(now() + DAY)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    certificate = builder.add_extension(issuer, critical=False).sign(ca.key, hashes.SHA256())
    file = folder / "client.pem"
    file.touch(0o600)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file
