"""One client's connection: what a delivery sends on it, and how it ends."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct

BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Connection:
    """One client; `socket` is a plain socket until `secure` makes it a TLS one."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self._interrupted = False

    def secure(self, context: ssl.SSLContext) -> None:
        """Switch to TLS."""
        secured = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.socket = secured
        if self._interrupted:  # while the plain socket was gone and the secured one not yet stored
            raise ConnectionAbortedError
        secured.do_handshake()

    def send(self, data: bytes) -> None:
        """Send all of the data; raises OSError."""
        self.socket.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Wait; False as soon as the client has gone (or the server stops)."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(seconds * 1000)

    def refuse(self) -> None:
        """Answer 400 to data that is not HTTP. With unread data the kernel would send RST: the answer would be lost."""
        self.send(BAD_REQUEST)
        self.socket.shutdown(socket.SHUT_WR)
        while self.socket.recv(65536):
            pass

    def reset(self) -> None:
        """Let this connection end with an RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def interrupt(self) -> None:
        """Wake the thread that serves this connection, whatever it is waiting for."""
        self._interrupted = True
        with contextlib.suppress(OSError):
            # Not SSLSocket's own shutdown: the other thread would continue in clear text.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
