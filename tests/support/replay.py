"""Recorded requests and answers of real Harbors (tests/recordings), and the same requests put to the simulator."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

from harbor_simulator import Simulator

DIRECTORY = Path(__file__).resolve().parents[1] / "recordings"
CONNECT_TIMEOUT = 30.0
RECORDED_HOST = re.compile(r"harbor\.test:\d+")


@dataclass
class Answer:
    """A response, or in `failure` why there is none; `seconds` is how long that took."""

    status: int = 0
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    failure: str = ""
    seconds: float = 0.0


@dataclass
class Recording:
    """One .http file. `auth` names the account; its Authorization header itself was not written down."""

    path: Path
    auth: str
    method: str
    target: str
    headers: dict[str, str]
    body: str
    answer: Answer

    @property
    def scenario(self) -> str:
        return self.path.parent.name

    def __str__(self) -> str:
        return f"{self.scenario}/{self.path.stem}"


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def load(path: Path) -> Recording:
    text = path.read_bytes().decode().replace("\r\n", "\n")
    top, _, bottom = text.partition("\n\n")
    notes = dict(line[2:].split(": ", 1) for line in top.split("\n") if line.startswith("# ") and ": " in line)
    request = "\n".join(line[2:] for line in top.split("\n") if line.startswith(">"))
    request_head, _, request_body = request.partition("\n\n")
    request_line, *request_headers = request_head.split("\n")
    method, target, _ = request_line.split(" ")
    answer = Answer(seconds=float(notes["elapsed_ms"]) / 1000)
    if bottom.startswith("! "):
        answer.failure = bottom[2:].strip()
    else:
        head, _, answer.body = bottom.partition("\n\n")
        status_line, *lines = head.split("\n")
        _, status, answer.reason = status_line.split(" ", 2)
        answer.status, answer.headers = int(status), _headers(lines)
    headers = {name: value for name, value in _headers(request_headers).items() if name != "Authorization"}
    return Recording(path, notes["auth"], method, target, headers, request_body, answer)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def replay(
    recording: Recording,
    harbor: Simulator,
    authorization: str | None = None,
    timeout: float = 30.0,
    verify: bool = False,
    tls: bool = True,
) -> Answer:
    """Put the recorded request to the simulator; names of the recorded host become the simulator's."""
    headers = {name: RECORDED_HOST.sub(_netloc(harbor), value) for name, value in recording.headers.items()}
    if authorization:
        headers["Authorization"] = authorization
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", harbor.port, timeout=CONNECT_TIMEOUT)
    try:
        connection.connect()
        if tls:
            host = headers["Host"].partition(":")[0]
            connection.sock = _context(harbor, verify).wrap_socket(connection.sock, server_hostname=host)
        connection.sock.settimeout(timeout)
        response = _exchange(connection, recording, headers)
        body = response.read().decode()
        answer = Answer(response.status, response.reason, dict(response.getheaders()), body)
    except socket.timeout as problem:  # the name that TimeoutError had before Python 3.10
        answer = Answer(failure=f"TimeoutError: {problem}")
    except OSError as problem:
        answer = Answer(failure=f"{type(problem).__name__}: {problem}")
    finally:
        connection.close()
    answer.seconds = time.monotonic() - started
    return answer


def _netloc(harbor: Simulator) -> str:
    return f"{harbor.host}:{harbor.port}"


def _context(harbor: Simulator, verify: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(harbor.ca_file)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _exchange(
    connection: http.client.HTTPConnection, recording: Recording, headers: dict[str, str]
) -> http.client.HTTPResponse:
    connection.putrequest(recording.method, recording.target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders(recording.body.encode() or None)
    return connection.getresponse()
