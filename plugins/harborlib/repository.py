"""One repository of the registry: challenge, token, manifest, blob, upload, as a container runtime does it.

Each step has one probe that owns its failures (`Failure.step`): challenge v2, token login, manifest and blob pull,
upload push.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from . import registry
from .api import Harbor
from .failure import CONTENT, ROUTE, STATUS, Failure
from .origin import Origin
from .request import Answer, Request
from .tokens import Claims

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MANIFEST_LIMIT = 4 * 1024 * 1024  # bytes; what distribution itself accepts


@contextmanager
def step(owner: str) -> Iterator[None]:
    """Whatever fails inside belongs to this probe."""
    try:
        yield
    except Failure as failure:
        failure.step = failure.step or owner
        raise


class Descriptor(NamedTuple):
    """Where content is and what it must be; size in bytes."""

    digest: str
    size: int
    media_type: str
    platform: str = ""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Descriptor:
        """From a manifest's or index's entry; raises what a wrong type raises."""
        platform = entry.get("platform") or {}
        parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
        name = "/".join(str(part) for part in parts if part)
        return cls(str(entry["digest"]), int(entry["size"]), str(entry.get("mediaType") or ""), name)


class Manifest(NamedTuple):
    """A manifest (config and layers) or an index (children) that arrived as its digest says."""

    digest: str
    size: int
    children: tuple[Descriptor, ...]
    config: Descriptor | None
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers."""
        return ((self.config,) if self.config else ()) + self.layers


class Repository:
    """A repository as a client with certain rights sees it. `claims` is None where no token is needed."""

    def __init__(self, harbor: Harbor, name: str, actions: frozenset[str]) -> None:
        self.harbor = harbor
        self.name = name
        self.actions = actions
        self.claims: Claims | None = None
        self.service = ""
        self.now = time.time()  # the server's clock when it gave the token
        self.token_seconds = 0.0
        self._bearer: dict[str, str] = {}

    def authorize(self) -> None:
        """Follow the challenge of /v2/ to a token with our actions; raises Failure (steps v2 and login)."""
        started = time.monotonic()
        with step("v2"):
            answer = self.harbor.ask(registry.BASE)
            if answer.status == 200 and not answer.is_html:
                return
            bearer = registry.challenge(answer, self.harbor)
        self.service = bearer["service"]
        with step("login"):
            self._take_token(self.harbor.ask(self._token_path(bearer), login=True))
        self.token_seconds = time.monotonic() - started

    def _token_path(self, bearer: Mapping[str, str]) -> str:
        """The path of the token service, which is on our origin: challenge() has made sure."""
        scope = f"repository:{self.name}:{','.join(sorted(self.actions))}"
        return f"{urlsplit(bearer['realm']).path}?{urlencode({'service': bearer['service'], 'scope': scope})}"

    def _take_token(self, answer: Answer) -> None:
        body = self.harbor.good(answer).json()
        token = body.get("token") or body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise answer.fail(CONTENT, "the token service answers without a token")
        self.harbor.secrets.append(token)
        self.claims = Claims.of(token)
        self.now = answer.date
        if self.harbor.login and not self.claims.subject:
            raise refused_login(answer)
        missing = self.claims.missing(self.name, self.actions)
        if missing:
            who = "the login" if self.harbor.login else "a stranger (no login given)"
            text = f"{who} has no right to {', '.join(missing)} in {self.name}, or there is no such project"
            failure = answer.fail(CONTENT, text)
            failure.state = "critical"
            failure.step = "login" if "pull" in missing else "push"
            failure.next_step = "give the robot account that right in its project, and look whether the project exists"
            raise failure
        self._bearer = {"Authorization": f"Bearer {token}"}

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """A request with the token; `path` is below the repository, or begins with / as an upload's does."""
        where = path if path.startswith("/") else f"/v2/{self.name}/{path}"
        return self.harbor.send(Request(method, where, {**(headers or {}), **self._bearer}, **more))

    def manifest(self, reference: str) -> Manifest:
        """A manifest by tag or digest, every byte checked; raises Failure (step pull)."""
        with step("pull"):
            accept = {"Accept": ", ".join(MANIFESTS)}
            answer = self.send("GET", f"manifests/{reference}", accept, size=MANIFEST_LIMIT)
            if answer.status != 200:
                raise registry.refusal(answer, f"manifest {self.name}:{reference}")
            digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
            promised = answer.headers.get("Docker-Content-Digest", digest)
            wanted = reference if reference.startswith("sha256:") else promised
            if digest not in (promised, wanted) or promised != wanted:
                raise corrupt(answer, f"the manifest of {self.name}:{reference}", wanted, digest)
            return parse_manifest(answer, digest)

    def blob(self, blob: Descriptor, sink: Callable[[bytes], object] = lambda chunk: None) -> float:
        """Read a blob to its end, every byte checked, in constant memory; the seconds it took.

        Raises Failure (step pull).
        """
        hasher = hashlib.sha256()

        def take(chunk: bytes) -> None:
            hasher.update(chunk)
            sink(chunk)

        started = time.monotonic()
        with step("pull"):
            answer = self.send("GET", f"blobs/{blob.digest}", sink=take, size=blob.size, follow=False)
            if answer.status in (301, 302, 303, 307, 308):
                answer = self._from_object_store(answer, take, blob)
            if answer.status != 200:
                raise registry.refusal(answer, f"blob {blob.digest[:19]} of {self.name}")
            digest = f"sha256:{hasher.hexdigest()}"
            if digest != blob.digest:
                raise corrupt(answer, f"blob {blob.digest[:19]} of {self.name}", blob.digest, digest)
        return time.monotonic() - started

    def _from_object_store(self, answer: Answer, sink: Callable[[bytes], object], blob: Descriptor) -> Answer:
        """Follow a redirect to where the storage keeps its blobs, without our token."""
        target = urlsplit(urljoin(self.harbor.origin.url + answer.path, answer.headers.get("Location", "")))
        try:
            origin = Origin(target.scheme, target.hostname or "", target.port or registry.port(target.scheme))
        except ValueError:
            raise answer.fail(ROUTE, "the registry redirects to something that is not a URL") from None
        path = target.path + (f"?{target.query}" if target.query else "")
        try:
            found = self.harbor.send(Request("GET", path, {}, origin=origin, sink=sink, size=blob.size))
        except Failure as failure:
            failure.detail = f"object store {origin.where}: {failure.detail}"
            failure.path, failure.login = answer.path, True
            raise
        if found.status != 200:
            raise answer.fail(STATUS, f"object store {origin.where} answers {found.status} for {blob.digest[:19]}")
        return found


def refused_login(answer: Answer) -> Failure:
    """The token service does not refuse a wrong login: it hands out a stranger's token."""
    failure = answer.fail(STATUS, "login refused: the token service answers as to a stranger")
    failure.status = 401
    failure.next_step = "look at the robot account in Harbor: expired, disabled, or its secret renewed?"
    return failure


def corrupt(answer: Answer, what: str, wanted: str, found: str) -> Failure:
    """Content that is not what its digest says."""
    failure = answer.fail(CONTENT, f"{what} is corrupt: {found[:19]} arrived instead of {wanted[:19]}")
    failure.state = "critical"
    failure.next_step = "the storage holds damaged data: check the disk and file system, push the image again"
    return failure


def parse_manifest(answer: Answer, digest: str) -> Manifest:
    """The parts of a manifest or index; raises Failure (content)."""
    body = answer.json()
    try:
        config = body.get("config")
        return Manifest(
            digest,
            len(answer.body),
            tuple(map(Descriptor.of, body.get("manifests") or ())),
            Descriptor.of(config) if config else None,
            tuple(map(Descriptor.of, body.get("layers") or ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise answer.fail(CONTENT, "the manifest is not one of OCI or Docker") from None
