"""An object store to which the registry redirects clients: an HTTPS server over the registry's own files."""

from __future__ import annotations

import contextlib
import http.server
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harbor_simulator import tls

HOST = "127.0.0.1"  # another host than Harbor's, which is `localhost`
REDIRECT = "redirect"  # the registry's own storage middleware that sends clients elsewhere
HANG_SECONDS = 30


class ObjectStore:
    """To be used as a context manager. `mood`: good, forbidden, gone, hanging, corrupt or cut-off.

    `seen` are the headers of every request.
    """

    def __init__(self, storage: Path, certificate: str = "good") -> None:
        self.mood = "good"
        self.seen: list[dict[str, str]] = []
        self._over = threading.Event()
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.seen.append(dict(self.headers.items()))
                store._answer(self, storage / urlsplit(self.path).path.lstrip("/"))

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def finish_request(self, request: Any, address: Any) -> None:
                context = tls.context(certificate, HOST, "")
                with contextlib.suppress(OSError), context.wrap_socket(request, server_side=True) as secured:
                    super().finish_request(secured, address)

        self._server = Server((HOST, 0), Handler)

    def __enter__(self) -> ObjectStore:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def where(self) -> str:
        return f"{HOST}:{self._server.server_address[1]}"

    @property
    def middleware(self) -> dict[str, Any]:
        """The registry's setting that sends clients here."""
        return {"storage": [{"name": REDIRECT, "options": {"baseurl": f"https://{self.where}/"}}]}

    def _answer(self, handler: http.server.BaseHTTPRequestHandler, file: Path) -> None:
        status = {"forbidden": 403, "gone": 404}.get(self.mood, 200)
        content = file.read_bytes() if status == 200 else b"<Error><Code>AccessDenied</Code></Error>"
        if self.mood == "hanging":
            self._over.wait(HANG_SECONDS)
            return
        if self.mood == "corrupt":
            content = bytes([content[0] ^ 1]) + content[1:]
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if self.mood == "cut-off" else content)
