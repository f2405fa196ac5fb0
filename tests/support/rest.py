"""What the tests of the REST API share: the API as an account sees it, and how it refuses."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from harborlib.harbor.client import Client
from harborlib.harbor.rest import Rest
from harborlib.harbor.run import Run
from harborlib.wire.credentials import Credentials
from harborlib.wire.failure import Failure
from harborlib.wire.origin import Origin

import pytest

from harbor_simulator import MONITOR, MONITOR_SECRET, Simulator


def connect(harbor: Simulator, name: str = MONITOR, password: str = MONITOR_SECRET) -> Rest:
    """The API of a simulator, as somebody with these credentials sees it; without a name, as a stranger does."""
    args = Namespace(
        harbor=Origin.parse(harbor.url),
        isolate=None,
        insecure=False,
        proxy=None,
        connect_to=None,
        replica="",
        family=0,
        ca_file=harbor.ca_file,
        client_cert=None,
        client_key=None,
    )
    return Rest(Run(Client(args, Credentials(name, password) if name else None), args))


def refused(call: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as raised:
        call()
    return raised.value


def error(message: str) -> dict[str, object]:
    """An error in the form that core gives it."""
    return {"errors": [{"code": "ANY", "message": message}]}
