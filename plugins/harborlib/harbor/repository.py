"""One repository of the registry: challenge, token, manifest, blob, upload, as a container runtime does it.

Each step has one probe that owns its failures (`Failure.step`): challenge v2, token login, manifest and blob pull,
upload push.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from harborlib.text import CRITICAL, WARNING
from harborlib.text.cleaning import conceal, redacted
from harborlib.wire.failure import ANSWER, BODY, CONTENT, ROUTE, STATUS, Failure, Kind
from harborlib.wire.origin import Target
from harborlib.wire.request import SMALL, Answer, Request

from . import registry
from .manifest import LIMIT, MEDIA_TYPES, Descriptor, Manifest
from .refusals import LOGIN_REFUSED, RATE_LIMITED, good, in_front, said
from .run import Run
from .tokens import Claims

CORRUPT = Kind("pull.content-corrupt", CONTENT, CRITICAL,
               "the storage holds damaged data: check the disk and file system, push the image again")  # fmt: skip
OBJECT_STORE = Kind("pull.object-store-fails", ANSWER, CRITICAL)
#: The token service answers, and not to a login: no client can log in.
LET_THROUGH = "let /service/ through to core: look at the rules and routes of the reverse proxy, WAF or CDN in front"
NO_TOKEN = Kind("login.no-token", STATUS, CRITICAL, LET_THROUGH)
NOT_GRANTED = Kind("login.not-granted", CONTENT, "",
                   "give the robot account that right in its project, and look whether the project exists")  # fmt: skip
NOT_PUBLIC = Kind("pull.not-public", CONTENT, CRITICAL,
                  "look whether the project is still there and public, or give an --authfile")  # fmt: skip
REDIRECTS = (301, 302, 303, 307, 308)


@contextmanager
def step(owner: str) -> Iterator[None]:
    """Whatever fails inside belongs to this probe."""
    try:
        yield
    except Failure as failure:
        raise failure.but(step=failure.step or owner) from None


class Repository:
    """A repository as a client with certain rights sees it. `claims` is None where no token is needed."""

    def __init__(self, run: Run, name: str, actions: Iterable[str]) -> None:
        self.run = run
        self.name = name
        self.actions = frozenset(actions)
        self.claims: Claims | None = None
        self.service = ""
        self.now = time.time()  # the server's clock when it gave the token
        self.token_seconds = 0.0
        self.turn = threading.Lock()  # of whoever writes: taking back waits for what is under way
        self._bearer: dict[str, str] = {}

    def log_in(self) -> None:
        """Follow the challenge of /v2/ to a token, whatever it grants; raises Failure (steps v2 and login)."""
        started = time.monotonic()
        with step("v2"):
            answer = registry.ask(self.run, registry.BASE)
            if registry.spoken(answer):
                return
            bearer = registry.challenge(answer, self.run)
        self.service = bearer["service"]
        with step("login"):
            answer = registry.ask(self.run, self._token_path(bearer), login=True)
            self._take_token(answer._replace(path=answer.path.partition("?")[0]))
        self.token_seconds = time.monotonic() - started

    def authorize(self) -> None:
        """Log in, and make sure that the token grants our actions; raises Failure."""
        self.log_in()
        missing = self.claims.missing(self.name, self.actions) if self.claims else []
        if missing:
            raise self._lacking(missing)

    def _token_path(self, bearer: Mapping[str, str]) -> str:
        """The path of the token service, which is on our origin: challenge() has made sure."""
        scope = f"repository:{self.name}:{','.join(sorted(self.actions))}"
        path = Target.parse(bearer["realm"]).path.partition("?")[0]
        return f"{path}?{urlencode({'service': bearer['service'], 'scope': scope})}"

    def _take_token(self, answer: Answer) -> None:
        body = tokens(answer).json()
        token = body.get("token") or body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise answer.fail(CONTENT, "the token service answers without a token", state=CRITICAL)
        conceal(token)
        self.claims = Claims.of(token)
        self.now = answer.date
        if self.run.client.account and not self.claims.subject:
            raise refused_login(answer)
        self._bearer = {"Authorization": f"Bearer {token}"}

    def _lacking(self, actions: list[str]) -> Failure:
        """A missing right. For a stranger that is an outage: an image that was public is so no longer."""
        rights = f"no right to {', '.join(actions)} in {self.name}, or there is no such project"
        # A token was needed, and the database knows the rights.
        asked: dict[str, Any] = {"path": registry.BASE, "login": True}
        if self.run.client.account:
            return Failure(NOT_GRANTED, f"{self.run.client.account.username} has {rights}", **asked)
        return Failure(NOT_PUBLIC, f"an anonymous client has {rights}", **asked)

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """A request with the token; `path` is below the repository, or begins with / as an upload's does."""
        where = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        return self.run.send(Request(method, where, {**(headers or {}), **self._bearer}, **{"size": SMALL, **more}))

    def manifest(self, reference: str, size: int | None = None) -> Manifest:
        """A manifest by tag or digest, every byte checked; raises Failure (step pull)."""
        what = f"manifest {self.name}{'@' if ':' in reference else ':'}{reference[:26]}"
        with step("pull"):
            accept = {"Accept": ", ".join(MEDIA_TYPES)}
            answer = self.send("GET", f"manifests/{reference}", accept, size=LIMIT)
            if answer.status != 200:
                raise registry.refusal(answer, what)
            digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
            # A proxy-cache project may leave the header empty.
            promised = answer.headers.get("Docker-Content-Digest") or digest
            wanted = reference if ":" in reference else promised
            if not digest == promised == wanted:
                expected = redacted(wanted if digest != wanted else promised)  # of a header, which can hold anything
                raise corrupt(answer, what, expected[:19], digest[:19])
            if size not in (None, len(answer.body)):
                raise corrupt(answer, what, f"{size} bytes", f"{len(answer.body)} bytes")
            return Manifest.of(answer, digest)

    def blob(self, blob: Descriptor) -> float:
        """Read a blob to its end, every byte checked, in constant memory; the seconds it took.

        Raises Failure (step pull).
        """
        started = time.monotonic()
        what = f"blob {blob.digest[:19]} of {self.name}"
        sink = Sink(blob.size)
        with step("pull"):
            try:
                answer = self.send("GET", f"blobs/{blob.digest}", sink=sink, follow=False)
            except Failure as failure:
                if failure.stage != BODY or failure.hung:
                    raise
                # As when the storage has lost what is cached as known.
                text = f"{what} breaks off after {sink.received} of {blob.size} bytes"
                where = f"docker logs registry; {registry.STORAGE}; look at the proxies on the way"
                raise failure.but(detail=text, next_step=where) from None
            if answer.status in REDIRECTS:
                answer = self._redirected(answer, sink, what)
            if answer.status != 200:
                raise registry.refusal(answer, what)
            if sink.received != blob.size:
                arrived = f"more than {blob.size}" if sink.received > blob.size else str(sink.received)
                raise corrupt(answer, what, f"{blob.size} bytes", f"{arrived} bytes")
            if sink.digest != blob.digest:
                raise corrupt(answer, what, blob.digest[:19], sink.digest[:19])
        return time.monotonic() - started

    def _redirected(self, answer: Answer, sink: Sink, what: str) -> Answer:
        """Follow a redirect: with our token on Harbor itself, without it to where the storage keeps its blobs."""
        origin, path = registry.location(answer, self.run)
        if origin == self.run.client.origin:  # Docker Hub's proxy cache: P/nginx is at P/library/nginx
            return self.send("GET", path, sink=sink)
        try:
            found = self.run.send(Request("GET", path, {}, origin=origin, size=SMALL, sink=sink))
            if found.status != 200:
                raise answer.fail(STATUS, f"{found.status} for {what}")
        except Failure as failure:
            raise failure.but(
                kind=OBJECT_STORE,  # a certificate of its own is not check_harbor_certificate's
                detail=f"object store {origin.where}: {failure.detail}",
                next_step=f"look at the object store {origin.where}: whoever pulls must be able to reach it",
                path=answer.path,
                login=True,
                state=CRITICAL,
            ) from None
        return found


class Sink:
    """Takes a blob piece by piece and hashes it, and no more of it than its size and a piece."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.received = 0
        self._hash = hashlib.sha256()

    def __call__(self, piece: bytes) -> bool:
        """Take a piece; False where there is more than there should be."""
        self._hash.update(piece)
        self.received += len(piece)
        return self.received <= self.size

    @property
    def digest(self) -> str:
        """The digest of what has arrived."""
        return f"sha256:{self._hash.hexdigest()}"


def tokens(answer: Answer) -> Answer:
    """The answer of the token service, if it can hold a token; raises Failure, which for clients is an outage.

    The service has words of its own: a refusal without any, and plain text for a service that it does not know.
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
        raise answer.fail(NO_TOKEN, f"{what}: {why}", next_step="docker logs --tail 50 harbor-core (or the pod's log)")
    if answer.status < 400 or answer.status == 404:
        raise answer.fail(ROUTE, f"{what}: the token service is routed to the wrong place", state=CRITICAL)
    raise answer.fail(NO_TOKEN, f"{what} from a reverse proxy, WAF or CDN in front of Harbor")


def refused_login(answer: Answer) -> Failure:
    """The token service does not refuse a wrong login: it hands out a stranger's token."""
    detail = "login refused: the token service answers as if anonymous"
    return answer.fail(LOGIN_REFUSED, detail)


def corrupt(answer: Answer, what: str, wanted: str, found: str) -> Failure:
    """Content that is not what its digest says."""
    detail = f"{what} is corrupt: {found} arrived instead of {wanted}"
    return answer.fail(CORRUPT, detail)
