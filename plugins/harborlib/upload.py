"""Writing to a repository: uploads that are taken back whatever happens, blobs, manifests."""

from __future__ import annotations

import hashlib
from functools import partial
from urllib.parse import urljoin, urlsplit

from . import registry
from .failure import ROUTE, Failure
from .origin import Origin
from .repository import Repository, step
from .request import Answer

OCTETS = {"Content-Type": "application/octet-stream"}


class Upload:
    """One upload session. It stands in `harbor.undo` until it is completed or cancelled."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        with step("push"):
            answer = repository.send("POST", "blobs/uploads/", {"Content-Length": "0"})
            if answer.status != 202:
                raise refused(answer, "upload")
            self.name = f"an upload in {repository.name}"
            self._go_to(answer)

    def _go_to(self, answer: Answer) -> None:
        """Where the session goes on; only ever on Harbor itself, for our token goes along."""
        origin = self.repository.harbor.origin
        target = urlsplit(urljoin(origin.url + answer.path, answer.headers.get("Location", "")))
        try:
            found = Origin(target.scheme, target.hostname or "", target.port or registry.port(target.scheme))
        except ValueError:
            found = None
        if found != origin:
            where = found.url if found else "something that is not a URL"
            raise answer.fail(ROUTE, f"the upload is sent on to {where[:60]}: set external_url in harbor.yml")
        self.path = f"{target.path}?{target.query}"
        self.repository.harbor.undo[self.name] = self.cancel

    def write(self, data: bytes) -> None:
        """Append bytes to the session; raises Failure (step push)."""
        with step("push"):
            answer = self.repository.send("PATCH", self.path, OCTETS, data=data)
            if answer.status != 202:
                raise refused(answer, f"writing {len(data) // 1024} KiB")
            self._go_to(answer)
            if answer.headers.get("Range", "") not in (f"0-{len(data) - 1}", f"bytes=0-{len(data) - 1}"):
                raise answer.fail(ROUTE, f"of {len(data)} bytes written the registry has {answer.headers.get('Range')}")

    def complete(self, data: bytes) -> str:
        """End the session with these bytes as the whole blob; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        with step("push"):
            answer = self.repository.send("PUT", f"{self.path}&digest={digest}", OCTETS, data=data)
            if answer.status != 201:
                raise refused(answer, f"completing a blob of {len(data)} bytes")
            self.repository.harbor.undo.pop(self.name, None)
        return digest

    def cancel(self) -> None:
        """Take the session back; raises Failure (step push)."""
        with step("push"):
            answer = self.repository.send("DELETE", self.path)
            if answer.status not in (204, 404):
                raise refused(answer, "cancelling the upload")
            self.repository.harbor.undo.pop(self.name, None)


def put_manifest(repository: Repository, tag: str, body: bytes, media_type: str) -> str:
    """Store a manifest under a tag; its digest. Deleting it stands in `harbor.undo` from then on."""
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    undo = repository.harbor.undo
    name = f"the image {repository.name}:{tag}"
    with step("push"):
        undo[name] = partial(delete_manifest, repository, digest)
        answer = repository.send("PUT", f"manifests/{tag}", {"Content-Type": media_type}, data=body)
        if answer.status != 201:
            undo.pop(name)
            raise refused(answer, f"manifest {repository.name}:{tag}")
    return digest


def delete_manifest(repository: Repository, digest: str) -> None:
    """Delete an image by its manifest's digest; raises Failure (step push)."""
    with step("push"):
        answer = repository.send("DELETE", f"manifests/{digest}")
        if answer.status not in (202, 404):
            raise refused(answer, "deleting the image that was pushed")
    for name in [name for name in repository.harbor.undo if name.startswith("the image")]:
        repository.harbor.undo.pop(name)


def refused(answer: Answer, what: str) -> Failure:
    """What stops a write; read-only mode belongs to check_harbor_api, everything else to the push."""
    found = registry.refusal(answer, what)
    _, message, _ = registry.error(answer)
    if answer.status == 403 and "read only mode" in message:
        found.detail = "Harbor is in read-only mode: nobody can push"
        found.next_step = "if no maintenance is going on, switch it off: Administration, Configuration, System Settings"
        found.step = "api"
    elif answer.status == 403 and "upper limit" in message:
        found.detail = f"quota exceeded: {message}"
        found.next_step = "raise the project's quota, or delete images there and run garbage collection"
    elif answer.status == 404:
        found.detail = f"{what}: the registry does not know the upload any more"
        found.next_step = "do several registry replicas run without a shared storage or Redis?"
    elif answer.status == 413:
        found.detail = f"{what}: 413, the proxy in front limits the size of a request"
        found.next_step = "raise the limit of the ingress (nginx: client_max_body_size 0)"
    elif answer.status in (401, 403):
        found.detail = f"{what}: no right to ({answer.status} {message})"
        found.next_step = "give the robot account pull, push and delete in its project"
    elif answer.status == 412 or "immutable" in message.lower():
        found.state = "critical"
        found.detail = f"{what}: {message or 'the tag is immutable'}"
        found.next_step = "remove the immutability rule of the canary project, or name another --repository"
    return found
