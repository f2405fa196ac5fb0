"""How the tests of the simulator itself speak to it."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any, Callable

import requests

from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator

HEALTH, SYSTEMINFO, V2, TOKEN = "/api/v2.0/health", "/api/v2.0/systeminfo", "/v2/", "/service/token"
CORE_PATHS = (HEALTH, SYSTEMINFO, V2, TOKEN)
LOGIN = (MONITOR, MONITOR_SECRET)


def get(harbor: Simulator, path: str, **options: Any) -> requests.Response:
    """One request on a connection of its own, without redirects."""
    settings: dict[str, Any] = {"verify": harbor.ca_file, "timeout": 30, "allow_redirects": False, **options}
    return requests.get(harbor.url + path, **settings)


def connect(harbor: Simulator) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=harbor.ca_file)
    sock = socket.create_connection(("127.0.0.1", harbor.port), timeout=30)
    return context.wrap_socket(sock, server_hostname="localhost")


def send(sock: socket.socket, path: str) -> None:
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
