"""How a response is sent: normally, or in one of several ways that trouble clients.

Each takes (connection: Connection, request, response) and returns whether the connection can serve another request.
"""

from __future__ import annotations

import time

from .connection import Connection
from .messages import Request, Response

DRIP_SECONDS = 0.2
CHUNK = b" " * 65536
HUGE_CHUNKS = 1600  # 100 MiB


def head(response: Response, length: int | None) -> bytes:
    """Status line and headers in nginx's order; `length` None means chunked."""
    headers = {"Server": "nginx", "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())}
    if "Content-Type" in response.headers:
        headers["Content-Type"] = response.headers["Content-Type"]
    if length is None:
        headers["Transfer-Encoding"] = "chunked"
    elif response.status != 204:
        headers["Content-Length"] = str(length)
    headers["Connection"] = "keep-alive"
    headers.update(response.headers)
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def plain(connection: Connection, request: Request, response: Response) -> bool:
    """The normal way, with Content-Length."""
    body = b"" if request.method == "HEAD" else response.body
    connection.send(head(response, len(response.body)) + body)
    return response.headers.get("Connection") != "close"


def chunked(connection: Connection, request: Request, response: Response) -> bool:
    """The way Go sends answers that are longer than its buffer."""
    body = b"" if request.method == "HEAD" else b"%x\r\n%s\r\n0\r\n\r\n" % (len(response.body), response.body)
    connection.send(head(response, None) + body)
    return True


def _drip(connection: Connection, data: bytes) -> bool:
    """One byte at a time; False if the client has given up."""
    for byte in data:
        connection.send(bytes([byte]))
        if not connection.wait(DRIP_SECONDS):
            return False
    return True


def drip_header(connection: Connection, request: Request, response: Response) -> bool:
    """Byte by byte from the status line on."""
    return _drip(connection, head(response, len(response.body)) + response.body)


def drip_body(connection: Connection, request: Request, response: Response) -> bool:
    """The headers at once, then the body byte by byte."""
    connection.send(head(response, len(response.body)))
    return _drip(connection, response.body)


def endless_body(connection: Connection, request: Request, response: Response) -> bool:
    """Chunk after chunk until the client disconnects."""
    connection.send(head(response, None))
    while True:
        connection.send(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
        if not connection.wait(0.01):  # endless is enough, it does not need to be as fast as the processor allows
            return False


def huge_body(connection: Connection, request: Request, response: Response) -> bool:
    """White space, then the real body: a client that parses all of it finds a valid answer."""
    connection.send(head(response, HUGE_CHUNKS * len(CHUNK) + len(response.body)))
    for _ in range(HUGE_CHUNKS):
        connection.send(CHUNK)
    connection.send(response.body)
    return True


def truncated(connection: Connection, request: Request, response: Response) -> bool:
    """The connection ends 1000 bytes before Content-Length."""
    connection.send(head(response, len(response.body) + 1000) + response.body)
    return False


def reset(connection: Connection, request: Request, response: Response) -> bool:
    """RST instead of an answer."""
    connection.reset()
    return False
