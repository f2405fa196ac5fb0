"""A client of our own, without a plugin around it, and what it must not let out."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator

from harborlib.wire import deadline, tls
from harborlib.wire.dial import Route
from harborlib.wire.origin import Origin
from harborlib.wire.request import Answer, Request
from harborlib.wire.transport import Transport

from attacks.recorder import Recorder
from harbor_simulator import MONITOR, MONITOR_SECRET
from harbor_simulator.certificates import ca_file

BASIC = base64.b64encode(f"{MONITOR}:{MONITOR_SECRET}".encode())
SECRET = Request("GET", "/x", {"Authorization": f"Basic {BASIC.decode()}"})


def transport(url: str, proxy: str | None = None, certificate: str | None = None) -> Transport:
    return Transport(Origin.parse(url), Route(), tls.context(ca_file(), certificate, None, True), proxy)


def send(client: Transport, request: Request) -> Answer:
    """Raises Failure, after 10 seconds at most."""
    return deadline.supervised(lambda: client.send(request), 10)


def is_secret(said: bytes) -> bool:
    """Whether there is a part of the login or of a token in what somebody heard."""
    secrets = (BASIC, BASIC.rstrip(b"="), MONITOR_SECRET.encode(), b"eyJ", b"uthorization")
    return any(secret in said for secret in secrets)


@contextlib.contextmanager
def enemy() -> Iterator[Recorder]:
    """Nothing secret may reach it: no byte of the login or of a token, and no client certificate."""
    with Recorder() as recorder:
        yield recorder
    assert not [said for said in recorder.heard if is_secret(said)]
    assert not any(recorder.shown)
