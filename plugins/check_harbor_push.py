#!/usr/bin/env python3
"""Can clients push to the registry?

--depth blob (default) pushes the two blobs of an image: a layer of 2 MiB, always the same, and a configuration of 1 KiB
that is new each time. --depth session only starts an upload, and so stays OK on a nearly full disk, with a Redis that
refuses writes, a read-only PostgreSQL, or an ingress with a small body limit. --depth image also pushes the image's
manifest, pulls the image back, compares it and deletes it.

States:
  OK        everything that was written is there, and what had to be removed is gone
  WARNING   slow (-w); this run or an earlier one left something behind
  CRITICAL  the storage is full or read-only, quota exceeded, Harbor in read-only mode, the tag is immutable, the
            ingress limits bodies or sends uploads to another host; what was pushed comes back different; no answer;
            very slow (-c)
  UNKNOWN   usage error; a missing permission; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time   seconds for everything
  token  seconds until the token arrived
  write  seconds for writing
  bytes  bytes written

Permissions: repository:pull, push and delete: use a robot account of a canary project that holds nothing else and is
not a proxy cache. Two monitoring hosts that use --depth image there need a --repository each. Harbor: 2.0 or newer.

Does not see: reading (check_harbor_pull); a quota that has room for 1 KiB.

Leaves behind: the layer, once; for each run the configuration until garbage collection (so schedule it) and, on a file
system, an empty folder for good. For a canceled upload (--depth session, or a failure) the registry keeps four empty
folders and files. A run that is killed leaves an upload of at most 2 MiB, which the registry purges after a week, or
with --depth image the tag check-harbor, which the next run deletes and reports.
"""

import harbor_preloaded

import argparse
import io
import json
import os
import tarfile
import time as clock
from hashlib import shake_256

from harborlib.harbor import Run, upload
from harborlib.harbor.digests import DIGEST, digest_of
from harborlib.harbor.refusals import NEEDED
from harborlib.harbor.repository import Repository
from harborlib.judge import Problem, Readings, ResponseTime, Shown
from harborlib.run import Probe, Service, plugin, values
from harborlib.text import BYTES, CRITICAL, SECONDS, WARNING
from harborlib.wire import CONTENT, Failure, Kind, Unusable

TAG = "check-harbor"
LARGE = 2 * 1024 * 1024  # bytes: more than a forgotten body limit of 1 MiB, and more than the last blocks of a disk
IMAGE = "application/vnd.oci.image"
MANIFEST = f"{IMAGE}.manifest.v1+json"
COMES_BACK_DIFFERENT = Kind(
    "push.comes-back-different", CONTENT, CRITICAL, "check whether another host pushes to this repository too"
)

time = ResponseTime("push.slow", "5s", "20s", "the whole push took {value}", help="seconds for everything")
token = Shown("token", SECONDS, "{label} {value}")
write = Shown("write", SECONDS, "{label} {value}")
size = Shown("bytes", BYTES, "{label} {value}")
leftover = Problem(
    "push.left-behind", WARNING, "check whether the engine's timeout is shorter than -t: something killed the check"
)


def measure(run: Run) -> Readings:
    """Data written to the registry and removed again."""
    if not run.client.account:
        raise Unusable(NEEDED)
    started = clock.monotonic()
    repository = Repository(run, f"{run.args.project}/{run.args.repository}", ("pull", "push", "delete"))
    repository.authorize()
    yield token(round(repository.token_seconds, 3))
    begun = clock.monotonic()
    left = []
    try:
        if run.args.depth == "session":
            written = push_session(repository)
        elif run.args.depth == "blob":
            written, _ = push_blobs(repository)
        else:
            left += delete_what_a_killed_run_left(repository)
            written = push_image(repository)
    except Failure as failure:
        raise unless_unreadable(run, failure) from None
    yield write(round(clock.monotonic() - begun, 3))
    yield size(written)
    left += take_back(run)
    if left:
        yield leftover(", ".join(left))
    yield time(clock.monotonic() - started)
    if run.args.depth == "session":
        return f"upload started in {repository.name} and canceled"
    return f"{run.args.depth} written to {repository.name} and cleaned up"


def push_session(repository: Repository) -> int:
    """An upload that is started and canceled; returns the bytes that were written."""
    upload.Upload(repository).cancel()
    return 0


def push_blobs(repository: Repository) -> tuple[int, bytes]:
    """The two blobs of an image: returns the bytes that were written, and the image's manifest."""
    layer = make_layer()
    begun = upload.Upload(repository)
    begun.write(layer)
    begun.complete(digest_of(layer))
    config = make_configuration(layer)
    upload.put_blob(repository, config)
    return len(layer) + len(config), make_manifest(config, layer)


def push_image(repository: Repository) -> int:
    """A whole image: pushed, read back, compared, deleted; returns the bytes that were written."""
    written, manifest = push_blobs(repository)
    digest = upload.put_manifest(repository, TAG, manifest, MANIFEST)
    try:
        back = repository.manifest(TAG)
        if back.digest != digest:
            text = f"{repository.name}:{TAG} comes back as {back.digest[:19]}, not as {digest[:19]}"
            raise Failure(COMES_BACK_DIFFERENT, text)
        for blob in filter(None, (back.config, *back.layers)):
            repository.blob(blob)
    except Failure as failure:
        raise failure.but(step="push") from None
    return written


def delete_what_a_killed_run_left(repository: Repository) -> list[str]:
    """Delete the image of a killed run, and report that."""
    answer = repository.send("HEAD", f"manifests/{TAG}", {"Accept": MANIFEST})
    digest = answer.headers.get("Docker-Content-Digest")
    if answer.status != 200 or not digest:
        return []
    if not DIGEST.fullmatch(digest):  # it becomes part of the path that is deleted
        raise answer.fail(CONTENT, f"unexpected digest of {repository.name}:{TAG}: {digest[:80]}")
    name = f"image {repository.name}:{TAG}"
    upload.delete(repository, f"manifests/{digest}", name)
    return [f"a previous run left the {name} behind, it is deleted now"]


def take_back(run: Run) -> list[str]:
    """Undo what was started and is no longer wanted; returns what could not be undone."""
    left = []
    for what, undo in list(run.undo.items()):
        try:
            undo()
        except Failure as failure:
            run.undo.pop(what)
            left.append(f"left behind: {what} ({failure.detail})")
    return left


def unless_unreadable(run: Run, failure: Failure) -> Failure:
    """The failure of a write; if the storage cannot be read either, it belongs to check_harbor_pull."""
    if run.args.image is None or failure.step != "push" or failure.status < 500:
        return failure
    canary = Repository(run, run.args.image.repository, ("pull",))
    try:
        canary.authorize()
        canary.manifest(run.args.image.reference)
    except Failure:
        return failure.but(step="pull")
    return failure


def make_layer() -> bytes:
    """An archive of one file. Its blob is kept: canceling an upload leaves more behind than writing the blob again."""
    content = shake_256(b"check_harbor").digest(LARGE)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("check_harbor")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def make_configuration(layer: bytes) -> bytes:
    """The configuration of an image with this layer, always a new one: the database and the quota must accept it.

    Harbor reads it, and rejects an image whose configuration is not JSON.
    """
    config = {
        "architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer)]},
        "config": {"Labels": {"check_harbor": os.urandom(400).hex()}},
    }  # fmt: skip
    return json.dumps(config).encode()


def make_manifest(config: bytes, layer: bytes) -> bytes:
    """The manifest of an image of these two."""
    blobs = {"config": (f"{IMAGE}.config.v1+json", config), "layer": (f"{IMAGE}.layer.v1.tar", layer)}
    entries = {
        name: {"mediaType": kind, "digest": digest_of(content), "size": len(content)}
        for name, (kind, content) in blobs.items()
    }
    return json.dumps(
        {"schemaVersion": 2, "mediaType": MANIFEST, "config": entries["config"], "layers": [entries["layer"]]}
    ).encode()


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.set_defaults(timeout=45)
    parser.add_argument("--project", metavar="P", type=values.part, required=True, help="the canary project")
    parser.add_argument("--repository", metavar="R", type=values.part, default="canary",
                        help="the repository in it; nothing is written elsewhere (default %(default)s)")  # fmt: skip
    parser.add_argument("--depth", choices=("blob", "image", "session"), default="blob",
                        help="how much is written (default %(default)s)")  # fmt: skip
    parser.add_argument("--image", metavar="P/R:TAG", type=values.image,
                        help="the image of check_harbor_pull, which owns what cannot be read either")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [time, token, write, size, leftover],
    declare=declare,
    example=["--project", "pub", "--depth", "session"],
    account="yes, its own",
    services=[
        Service(every="5min", attempts=3, retry="40s", login="canary", hosts=("canary_authfile", "canary_project"),
                options={"--project": "{canary_project}", "--image": "{canary_image}"},
                notes="Nothing can be pushed. "
                "Look for a full or read-only storage, a reached quota, read-only mode, a limit of the reverse proxy.")
    ],
))  # fmt: skip
