"""A real nginx as Harbor's ingress: it terminates TLS and forwards everything as configured."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from harbor_simulator.certificates import identity
from registry.daemon import START_SECONDS, dying_with_us, free_port, where

PROGRAM, HOST = "nginx", "localhost"
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{}}
http {{
    access_log off; default_type text/html; {temporary}
    server {{
        listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
        proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $http_host; {limit}
        location / {{ proxy_pass https://127.0.0.1:{behind}; }}
        {location}
    }}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
ELSEWHERE = 'location /v2/ { return 200 "<html><title>Harbor</title></html>"; }'


@contextlib.contextmanager
def running(folder: Path, behind: int, limit: str = "client_max_body_size 0;", location: str = "") -> Iterator[str]:
    """The URL of an nginx in front of the port `behind`, with these directives."""
    folder.mkdir()
    port = free_port()
    (folder / "server.pem").write_bytes(identity("good", HOST).pem())
    text = CONFIGURATION.format(
        folder=folder,
        user="user root;" if os.geteuid() == 0 else "",
        temporary=" ".join(f"{kind}_temp_path {folder}/{kind};" for kind in TEMPORARY),
        port=port,
        behind=behind,
        limit=limit,
        location=location,
    )
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [
            *dying_with_us(),
            str(where(PROGRAM)),
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            "-e",
            str(folder / "error.log"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)  # it has no other way to say that it listens
        else:
            raise AssertionError((folder / "error.log").read_text())
        yield f"https://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait()
