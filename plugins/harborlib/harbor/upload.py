"""Writing to a repository: uploads, blobs, manifests, and their clean-up.

Everything that is started is listed in `run.undo` until it is completed or cleaned up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from harborlib.text import CRITICAL
from harborlib.wire.failure import ANSWER, ROUTE, STATUS, Failure, Kind
from harborlib.wire.request import Answer

from . import components, registry
from .digests import digest_of
from .refusals import in_front
from .repository import Repository, step

SESSION = re.compile(r"/v2/([^?]+)/blobs/uploads/[\w-]+(\?.*)?")  # where an upload continues, in which repository
READ_ONLY = Kind(
    "harbor.read-only", STATUS, CRITICAL,
    "switch it off unless maintenance is in progress (Administration > Configuration > System Settings)",
)  # fmt: skip
QUOTA = Kind("push.quota-exceeded", STATUS, CRITICAL,
             "raise the project's quota, or delete images in it and run garbage collection")  # fmt: skip
UPLOAD_LOST = Kind("push.upload-lost", STATUS, CRITICAL,
                   "check that all registry replicas share the storage and http.secret")  # fmt: skip
BODY_LIMIT = Kind("push.body-limit", STATUS, CRITICAL,
                  "raise the body size limit of the reverse proxy: {body}")  # fmt: skip
NOT_ALLOWED = Kind(
    "push.not-allowed", STATUS, CRITICAL,
    "grant the robot account pull, push and delete in a canary project that is not a proxy cache",
)  # fmt: skip
IMMUTABLE = Kind("push.tag-immutable", STATUS, CRITICAL,
                 "remove the immutability rule of the canary project, or choose another --repository")  # fmt: skip
OCTETS = {"Content-Type": "application/octet-stream"}
A_MOMENT = 0.5  # seconds


class Upload:
    """One upload session. It is listed in `run.undo` until it is completed or canceled."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.path = ""
        self.name = f"upload in {repository.name}"
        repository.run.undo[self.name] = self.cancel  # before it is started: the run may end at any moment
        try:
            with step("push"):
                answer = write(repository, "POST", "blobs/uploads/", {"Content-Length": "0"})
                if answer.status != 202:
                    raise refused(answer, "starting an upload")
                self._go_to(answer)
        except Failure:
            if not self.path:
                repository.run.undo.pop(self.name)
            raise

    def _go_to(self, answer: Answer) -> None:
        """Where the session continues: only on Harbor itself, because our token is sent, and only in this repository.

        If another host is named, the session is canceled on ours: the registry behind it is the same.
        """
        run = self.repository.run
        origin, path = registry.location(answer, run.client.origin)
        session = SESSION.fullmatch(path)
        if not session or session[1] != self.repository.name:
            raise answer.fail(ROUTE, f"the upload is redirected to another path: {path.partition('?')[0]}")
        self.path = path
        if origin != run.client.origin:
            detail = f"the upload is redirected to {origin.url}, not to {run.client.origin.url}"
            step = "configure the reverse proxies to pass the client's Host and X-Forwarded-Proto"
            raise answer.fail(ROUTE, detail, next_step=step)

    def write(self, data: bytes) -> None:
        """Append bytes to the session; raises Failure (step push)."""
        with step("push"):
            answer = write(self.repository, "PATCH", self.path, OCTETS, data)
            if answer.status != 202:
                raise behind_core(refused(answer, f"writing {len(data) // 1024} KiB"), "redis")
            self._go_to(answer)

    def complete(self, digest: str, data: bytes = b"") -> None:
        """Append bytes and end the session; raises Failure (step push)."""
        with step("push"):
            mark = "&" if "?" in self.path else "?"
            answer = write(self.repository, "PUT", f"{self.path}{mark}digest={digest}", OCTETS, data)
            if answer.status != 201:
                raise behind_core(refused(answer, "completing a blob"), "database")
            self.repository.run.undo.pop(self.name, None)

    def cancel(self) -> None:
        """Cancel the session; raises Failure (step push)."""
        with step("push"), in_turn(self.repository):
            if not self.path:
                raise Failure(ANSWER, "the registry did not report where the upload is")
            answer = self.repository.send("DELETE", self.path)
            # After a failed PATCH the registry has more bytes than we know: the answer is UPLOAD_INVALID, the upload
            # stays.
            if answer.status != 204 and registry.error(answer)[0] != "BLOB_UPLOAD_UNKNOWN":
                raise refused(answer, f"canceling the {self.name}")
            self.repository.run.undo.pop(self.name, None)


def write(
    repository: Repository, method: str, path: str, headers: Mapping[str, str], data: bytes | None = None
) -> Answer:
    """Send a request that changes something. Once the run is over, none is started."""
    with repository.turn:
        if repository.run.over:
            raise Failure(ANSWER, "the run is over")
        return repository.send(method, path, headers, data=data)


@contextmanager
def in_turn(repository: Repository) -> Iterator[None]:
    """Clean up only after waiting a moment for a write in progress: what it starts could not be cleaned up."""
    waited = repository.turn.acquire(timeout=A_MOMENT)
    try:
        yield
    finally:
        if waited:
            repository.turn.release()


def put_blob(repository: Repository, data: bytes) -> str:
    """Store a blob that the registry does not have yet, and return its digest. `run.undo` then unlinks it."""
    digest = digest_of(data)
    Upload(repository).complete(digest, data)
    name = f"blob {digest} in {repository.name}"
    repository.run.undo[name] = partial(delete, repository, f"blobs/{digest}", name)
    return digest


def put_manifest(repository: Repository, tag: str, body: bytes, media_type: str) -> str:
    """Store a manifest under a tag, and return its digest. `run.undo` then deletes the image."""
    digest = digest_of(body)
    name = f"image {repository.name}:{tag}"
    undo = repository.run.undo
    with step("push"):
        undo[name] = partial(delete, repository, f"manifests/{digest}", name)
        answer = write(repository, "PUT", f"manifests/{tag}", {"Content-Type": media_type}, body)
        if 400 <= answer.status < 500:
            undo.pop(name)  # it had no effect
        if answer.status != 201:
            raise behind_core(refused(answer, name), "database")
    return digest


def delete(repository: Repository, path: str, name: str) -> None:
    """Delete a blob or a manifest by its path relative to the repository; raises Failure (step push)."""
    with step("push"), in_turn(repository):
        answer = repository.send("DELETE", path)
        if answer.status not in (202, 404):
            raise refused(answer, f"deleting the {name}")
        repository.run.undo.pop(name, None)


def behind_core(failure: Failure, component: str) -> Failure:
    """The failure; if core itself could not do its part, this component is the one that refused to store it.

    Core keeps the size of an unfinished upload in Redis, and blobs and quotas in the database
    (src/controller/blob/controller.go in goharbor/harbor).
    """
    is_theirs = failure.kind is STATUS and failure.status == 500 and not failure.next_step
    return failure.but(next_step=components.next_step(component)) if is_theirs else failure


def refused(answer: Answer, what: str) -> Failure:
    """The Failure of a write; read-only mode belongs to check_harbor_api, everything else to the push."""
    found = registry.refusal(answer, what)
    _, message, _ = registry.error(answer)
    if answer.status == 403 and "read only mode" in message:
        detail = "Harbor is in read-only mode: nobody can push"
        return found.but(kind=READ_ONLY, detail=detail, next_step="", step="api")
    if answer.status == 403 and "upper limit" in message:
        return found.but(kind=QUOTA, detail=f"quota exceeded: {message}", next_step="")
    if answer.status == 404 and message:
        return found.but(kind=UPLOAD_LOST, detail=f"{what}: {message}", next_step="")
    if answer.status == 413:
        detail = f"{what}: 413, the reverse proxy limits the size of a request"
        return found.but(kind=BODY_LIMIT, detail=detail, next_step="")
    if answer.status in (401, 403, 405) and not in_front(answer):
        return found.but(kind=NOT_ALLOWED, next_step="")
    if answer.status == 412:
        return found.but(kind=IMMUTABLE, detail=f"{what}: {message}", next_step="", state=CRITICAL)
    return found
