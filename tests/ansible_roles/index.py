"""A package index that wants a password, and looks around for it while it is asked."""

from __future__ import annotations

import base64
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


class Index:
    """Has no package at all. `seen`: whether the password came, and which processes had it on their command line."""

    secret = "1ndex-Secret"

    def __init__(self, folder: Path) -> None:
        index = self
        self.seen: dict[str, object] = {}
        self.header = base64.b64encode(f"reader:{self.secret}".encode()).decode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.seen["authorized"] = self.headers.get("Authorization") == f"Basic {index.header}"
                index.seen["in the process list"] = index.processes()
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        authority = trustme.CA()
        self.authority = authority.cert_pem.bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"https://reader:{self.secret}@localhost:{self._server.server_port}/simple"

    def processes(self) -> list[str]:
        """The command lines that hold the password, as every user of the host can read them."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = path.read_bytes().decode("utf-8", "replace")
            except OSError:  # it has just ended
                continue
            found += [text] if self.secret in text else []
        return found

    def __enter__(self) -> Index:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
