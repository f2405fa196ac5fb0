"""One repository of the registry: challenge, token, manifest, blob, upload, in the way of a container runtime.

Each step has one probe that owns its failures (`Failure.step`): challenge v2, token login, manifest and blob pull,
upload push.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

from harborlib.text import CRITICAL, WARNING
from harborlib.text.cleaning import conceal, redacted
from harborlib.wire.failure import BODY, CONTENT, ROUTE, STATUS, Failure, Kind
from harborlib.wire.origin import Target
from harborlib.wire.request import SMALL, Answer, Request

from . import account, objectstore, registry
from .digests import Sink, algorithm_of, digest_of
from .manifest import LIMIT, MEDIA_TYPES, WRONG_TYPE, Descriptor, Manifest, type_problem
from .refusals import LOGIN_REFUSED, RATE_LIMITED, good, in_front, said
from .run import Run
from .tokens import Claims

CORRUPT = Kind("pull.content-corrupt", CONTENT, CRITICAL,
               "check the disk and file system of the registry's storage, then push the image again")  # fmt: skip
#: The token service answers, but not to a login: no client can log in.
LET_THROUGH = "let /service/ through to core: check the rules and routes of the reverse proxy, WAF or CDN"
NO_TOKEN = Kind("login.no-token", STATUS, CRITICAL, LET_THROUGH)
NOT_GRANTED = Kind("login.not-granted", CONTENT, "",
                   "grant the robot account that permission in the project, or create the project")  # fmt: skip
NOT_PUBLIC = Kind("pull.not-public", CONTENT, CRITICAL,
                  "check that the project exists and is public, or pass --authfile")  # fmt: skip
NO_DIGEST = "no Docker-Content-Digest: the manifest's own digest is not checked"


@contextmanager
def step(owner: str) -> Iterator[None]:
    """Failures inside this block belong to this probe."""
    try:
        yield
    except Failure as failure:
        raise failure.but(step=failure.step or owner) from None


class Repository:
    """A repository as a client with certain permissions sees it. `claims` is None if no token is needed."""

    def __init__(self, run: Run, name: str, actions: Iterable[str]) -> None:
        self.run = run
        self.name = name
        self.actions = frozenset(actions)
        self.claims: Claims | None = None
        self.service = ""
        self.now = time.time()  # the server's clock when it issued the token
        self.token_seconds = 0.0
        self.turn = threading.Lock()  # held during writes: clean-up waits for a write in progress
        self._bearer: dict[str, str] = {}

    def log_in(self) -> None:
        """Follow the challenge of /v2/ to a token, whatever the token grants; raises Failure (steps v2 and login)."""
        started = time.monotonic()
        with step("v2"):
            answer = registry.ask(self.run, registry.BASE)
            if registry.spoken(answer):
                return
            bearer = registry.challenge(answer, self.run)
        self.service = bearer["service"]
        with step("login"):
            try:
                answer = registry.ask(self.run, self._token_path(bearer), login=True)
                self._take_token(answer._replace(path=answer.path.partition("?")[0]))
            except Failure as failure:
                raise account.explained(self.run, failure) from None
        self.token_seconds = time.monotonic() - started

    def authorize(self) -> None:
        """Log in, and verify that the token grants our actions; raises Failure."""
        self.log_in()
        missing = self.claims.missing(self.name, self.actions) if self.claims else []
        if missing:
            raise self._lacking(missing)

    def _token_path(self, bearer: Mapping[str, str]) -> str:
        """The path of the token service, which is on our origin: challenge() has verified that."""
        scope = f"repository:{self.name}:{','.join(sorted(self.actions))}"
        path = Target.parse(bearer["realm"]).path.partition("?")[0]
        return f"{path}?{urlencode({'service': bearer['service'], 'scope': scope})}"

    def _take_token(self, answer: Answer) -> None:
        body = tokens(answer).json()
        token = body.get("token") or body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise answer.fail(CONTENT, "the token service sent no token", state=CRITICAL)
        conceal(token)
        self.claims = Claims.of(token)
        self.now = answer.date
        if self.run.client.account and not self.claims.subject:
            raise refused_login(answer)
        self._bearer = {"Authorization": f"Bearer {token}"}

    def _lacking(self, actions: list[str]) -> Failure:
        """A missing permission. For an anonymous client that is an outage: an image that was public no longer is."""
        lack = f"no permission to {', '.join(actions)} in {self.name}, or there is no such project"
        # A token was needed, and the database holds the permissions.
        asked: dict[str, Any] = {"path": registry.BASE, "login": True}
        if self.run.client.account:
            return Failure(NOT_GRANTED, f"{self.run.client.account.username} has {lack}", **asked)
        return Failure(NOT_PUBLIC, f"an anonymous client has {lack}", **asked)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """Send a request with the token; `path` is relative to the repository, or an upload's, which begins with /."""
        where = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        return self.run.send(Request(method, where, {**(headers or {}), **self._bearer}, **{"size": SMALL, **more}))

    def manifest(self, reference: str, listed: Descriptor | None = None) -> Manifest:
        """A manifest by tag or digest, every byte verified; `listed` is its entry in an index.

        Raises Failure (step pull).
        """
        what = f"manifest {self.name}{'@' if ':' in reference else ':'}{reference[:26]}"
        with step("pull"):
            accept = {"Accept": ", ".join(MEDIA_TYPES)}
            answer = self.send("GET", f"manifests/{reference}", accept, size=LIMIT)
            if answer.status != 200:
                raise registry.refusal(answer, what)
            self._check(answer, reference, what)
            if listed and listed.size != len(answer.body):
                raise corrupt(answer, what, f"{listed.size} bytes", f"{len(answer.body)} bytes")
            found = Manifest.of(answer, digest_of(answer.body))
            problem = type_problem(answer, found, listed)
            if problem:
                raise answer.fail(WRONG_TYPE, f"{what} {problem}: clients such as docker refuse it")
            return found

    def _check(self, answer: Answer, reference: str, what: str) -> None:
        """Compare a manifest with its known digests; raises Failure."""
        # A proxy-cache project may leave the header empty.
        promised = answer.headers.get("Docker-Content-Digest") or ""
        known = [digest for digest in (reference if ":" in reference else "", promised) if digest]
        for digest in known:
            found = digest_of(answer.body, algorithm_of(digest))
            if found != digest:
                raise corrupt(answer, what, redacted(digest)[:19], found[:19])  # from a header, which can hold anything
        if not known:
            self.run.note(NO_DIGEST)

    def blob(self, blob: Descriptor) -> float:
        """Read a whole blob and verify every byte, in constant memory; returns the seconds it took.

        Raises Failure (step pull).
        """
        started = time.monotonic()
        what = f"blob {blob.digest[:19]} of {self.name}"
        sink = Sink(blob.digest, blob.size)
        with step("pull"):
            try:
                answer = self.send("GET", f"blobs/{blob.digest}", sink=sink, follow=False)
            except Failure as failure:
                if failure.stage != BODY or failure.hung:
                    raise
                # Such as when the storage has lost content that the cache still lists.
                text = f"{what} is cut off after {sink.received} of {blob.size} bytes"
                where = f"{registry.STORAGE}, then run {{logs:registry}}"
                raise failure.but(detail=text, next_step=where) from None
            if answer.status in objectstore.REDIRECTS:
                again = partial(self.send, "GET", sink=sink, follow=False)
                answer = objectstore.follow(self.run, answer, sink, what, again)
            if answer.status != 200:
                raise registry.refusal(answer, what)
            if sink.received != blob.size:
                arrived = f"more than {blob.size}" if sink.received > blob.size else str(sink.received)
                raise corrupt(answer, what, f"{blob.size} bytes", f"{arrived} bytes")
            if sink.digest != blob.digest:
                raise corrupt(answer, what, blob.digest[:19], sink.digest[:19])
        return time.monotonic() - started


def tokens(answer: Answer) -> Answer:
    """The token service's answer, if it can contain a token; else raises Failure, which for clients is an outage.

    The service has its own style: a refusal without a message, and plain text for a service that it does not know.
    """
    if answer.status == 200 or answer.status >= 500:
        return good(answer)
    what, why = f"{answer.status} for {answer.path}", said(answer)
    if answer.body.startswith(b"Unable to handle service"):
        why = redacted(answer.body.decode(errors="replace"))
    if answer.status == 401 and not (answer.body and in_front(answer)):
        raise answer.fail(LOGIN_REFUSED, f"login refused ({what})")
    if answer.status == 429:
        raise answer.fail(RATE_LIMITED, f"too many requests ({what})", state=WARNING)
    if why:
        raise answer.fail(NO_TOKEN, f"{what}: {why}", next_step="run {logs:core}")
    if answer.status < 400 or answer.status == 404:
        raise answer.fail(ROUTE, f"{what}: the token service is routed to the wrong place", state=CRITICAL)
    raise answer.fail(NO_TOKEN, f"{what} from a reverse proxy, WAF or CDN in front of Harbor")


def refused_login(answer: Answer) -> Failure:
    """The token service does not refuse a wrong login: it issues an anonymous token."""
    detail = "login refused: the token service treats it as anonymous"
    return answer.fail(LOGIN_REFUSED, detail)


def corrupt(answer: Answer, what: str, wanted: str, found: str) -> Failure:
    """Content that does not match its digest."""
    detail = f"{what} is corrupt: {found} arrived instead of {wanted}"
    return answer.fail(CORRUPT, detail)
