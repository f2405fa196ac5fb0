"""An object store to which the registry redirects clients: a server over the registry's own files."""

from __future__ import annotations

import contextlib
import http.server
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harbor_simulator import tls
from harbor_simulator.issuing import Identity

HOST = "127.0.0.1"  # another host than Harbor's, which is `localhost`
REDIRECT = "redirect"  # the registry's own storage middleware that sends clients elsewhere
HANG_SECONDS = 30


class ObjectStore:
    """To be used as a context manager. `mood`: good, forbidden, gone, hanging, corrupt or cut-off.

    `certificate` is what it shows, "" for plain HTTP. `sends_on` is where it redirects instead of answering, "" for
    nowhere; `{path}` in it stands for what was asked for.
    `seen` are the headers of every request, `paths` what their request lines named.
    """

    def __init__(self, storage: Path, certificate: str | Identity = "good") -> None:
        self.mood = "good"
        self.sends_on = ""
        self.seen: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.scheme = "https" if certificate else "http"
        self._over = threading.Event()
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.seen.append(dict(self.headers.items()))
                path = self.requestline.split(" ")[1]  # http.server takes one of two leading slashes away
                store.paths.append(path)
                store._answer(self, storage / urlsplit(f"//x{path}").path.lstrip("/"), path)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def finish_request(self, request: Any, address: Any) -> None:
                if not certificate:
                    super().finish_request(request, address)
                    return
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
    def url(self) -> str:
        return f"{self.scheme}://{self.where}"

    @property
    def middleware(self) -> dict[str, Any]:
        """The registry's setting that sends clients here."""
        return {"storage": [{"name": REDIRECT, "options": {"baseurl": f"{self.url}/"}}]}

    def _answer(self, handler: http.server.BaseHTTPRequestHandler, file: Path, path: str) -> None:
        if self.sends_on:
            handler.send_response(307)
            handler.send_header("Location", self.sends_on.format(path=path))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
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
