"""Redirects of the registry to object stores for a blob, followed the way container clients follow them.

Clients follow several redirects, across hosts and from https to http, without credentials. docker and containerd
verify every redirect target by the CA that they are given for Harbor or by the system's CAs.
"""

from __future__ import annotations

from collections.abc import Callable

from harborlib.text import CRITICAL
from harborlib.wire.failure import ANSWER, CERTIFICATE, ROUTE, STATUS, Failure, Kind
from harborlib.wire.origin import Origin
from harborlib.wire.request import SMALL, Answer, Request

from . import registry
from .digests import Sink
from .run import Run

OBJECT_STORE = Kind("pull.object-store-fails", ANSWER, CRITICAL)
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 9  # Go's client makes at most ten requests


def follow(run: Run, answer: Answer, sink: Sink, what: str, at_home: Callable[[str], Answer]) -> Answer:
    """The answer at the end of a blob's redirects; raises Failure, which names the object store.

    `at_home` asks Harbor's registry, with our token (in a proxy cache of Docker Hub, P/nginx is at P/library/nginx).
    Nobody else receives the token, not even a store behind the same name, nor Harbor itself after a redirect led away.
    """
    found, origin, away = answer, run.client.origin, False
    try:
        for _ in range(MOST_REDIRECTS):
            origin, path = registry.location(found, origin)
            away = away or origin != run.client.origin or not path.startswith(registry.BASE)
            found = ask_store(run, origin, path, sink) if away else at_home(path)
            if found.status not in REDIRECTS:
                break
        else:
            raise answer.fail(ROUTE, f"{what} is redirected more than {MOST_REDIRECTS} times")
        if away and found.status != 200:
            raise answer.fail(STATUS, f"{found.status} for {what}")
    except Failure as failure:
        raise of_store(failure, origin, answer) if away else failure from None
    return found


def ask_store(run: Run, origin: Origin, path: str, sink: Sink) -> Answer:
    """The answer of an object store, with a note if it is verified differently from Harbor; raises Failure."""
    if origin.scheme == "http":
        run.note(f"object store {origin.where} is read over http")
    elif run.args.ca_file and not run.args.insecure and origin != run.client.origin:
        run.note(f"object store {origin.where} is verified against --ca-file or the system's CAs")
    return run.send(Request("GET", path, {}, origin=origin, size=SMALL, sink=sink, follow=False))


def of_store(failure: Failure, origin: Origin, answer: Answer) -> Failure:
    """A failure that follows this answer of the registry, attributed to the object store."""
    step = f"check the object store {origin.where}: clients that pull must be able to reach it"
    if failure.stage is CERTIFICATE:  # the store's certificate, which check_harbor_certificate does not check
        cas = "to --ca-file and to the CAs that clients trust"
        step = f"renew the certificate of the object store {origin.where}, or add its CA {cas}"
    return failure.but(
        kind=OBJECT_STORE,
        detail=f"object store {origin.where}: {failure.detail}",
        next_step=step,
        path=answer.path,
        login=True,
        state=CRITICAL,
    )
