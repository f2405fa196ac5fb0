#!/usr/bin/env python3
"""Can one write to the registry?

--depth blob (default) writes 2 MiB into an upload and cancels it, then completes a small blob of its own: a started
upload alone stays green on a nearly full disk, with a Redis that refuses writes, a read-only PostgreSQL, or an ingress
with a small body limit. --depth image also pushes a small OCI image, pulls it back, compares it and deletes it.
--depth session only starts and cancels an upload.

States:
  OK        everything that was written is there, and what was begun is taken back
  WARNING   slow (-w); something was left behind, by this run or by one before it
  CRITICAL  the storage is full or read-only, quota exceeded, Harbor in read-only mode, a right is missing, the tag is
            immutable, the ingress limits bodies; what was pushed comes back different; no answer; very slow (-c)
  UNKNOWN   usage error; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time   seconds for everything
  token  seconds until the token was there
  write  seconds for writing
  bytes  bytes written

Rights: repository:pull, push and delete in the project (--depth image also artifact:delete): a robot account of a
canary project that holds nothing else. Harbor: 2.0 or newer.

Does not see: reading (check_harbor_pull). Leaves behind: a blob of 1 KiB each run, which garbage collection removes, so
schedule one; after a SIGKILL an upload, which the registry purges after a week.
"""

import json
import os
import time

from harborlib import judgement, options, plugin, units, upload
from harborlib.failure import Failure, Unusable
from harborlib.repository import Repository, corrupt, step

import nagiosplugin
from nagiosplugin import Warn

LARGE = 2 * 1024 * 1024  # bytes: more than a forgotten body limit of 1 MiB, and than the last blocks of a disk
SMALL = 1024
TAG = "check-harbor"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Push(nagiosplugin.Resource):
    """Something written to the registry, and taken back."""

    def __init__(self, harbor, args):
        self.harbor = harbor
        self.args = args
        self.repository = Repository(harbor, f"{args.project}/{args.repository}", frozenset({"pull", "push", "delete"}))
        self.written = 0
        self.leftover = ""
        self.fine = ""

    def probe(self):
        started = time.monotonic()
        self.repository.authorize()
        yield nagiosplugin.Metric("token", round(self.repository.token_seconds, 3), "s", min=0, context="phase")
        begun = time.monotonic()
        try:
            {"session": self.session, "blob": self.blob, "image": self.image}[self.args.depth]()
        except Failure as failure:
            raise self.unless_unreadable(failure) from None
        yield nagiosplugin.Metric("write", round(time.monotonic() - begun, 3), "s", min=0, context="phase")
        yield nagiosplugin.Metric("bytes", self.written, "B", min=0, context="phase")
        yield nagiosplugin.Metric("leftover", self.leftover)
        yield judgement.seconds(time.monotonic() - started)
        self.fine = f"{self.args.depth} written to {self.repository.name} and taken back"

    def session(self):
        upload.Upload(self.repository).cancel()

    def blob(self):
        begun = upload.Upload(self.repository)
        begun.write(os.urandom(LARGE))
        self.written += LARGE
        begun.cancel()
        self.small_blob()

    def small_blob(self):
        """A blob that nobody has yet, so that the database and Redis must take it in; as a descriptor."""
        data = os.urandom(SMALL)
        digest = upload.Upload(self.repository).complete(data)
        self.written += SMALL
        return {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": SMALL}

    def image(self):
        """A whole image: in, back, compared, gone."""
        self.clean_up_before()
        self.blob()
        layer = self.small_blob()
        config = {**self.small_blob(), "mediaType": "application/vnd.oci.image.config.v1+json"}
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        digest = upload.put_manifest(self.repository, TAG, json.dumps(body).encode(), MANIFEST)
        with step("push"):
            back = self.repository.manifest(TAG)
            for blob in back.blobs:
                self.repository.blob(blob)
            if back.digest != digest:
                raise corrupt(self.harbor.slowest, f"the image {self.repository.name}:{TAG}", digest, back.digest)
        upload.delete_manifest(self.repository, digest)

    def clean_up_before(self):
        """Delete the image of a run that was killed, and remember it."""
        answer = self.repository.send("HEAD", f"manifests/{TAG}", {"Accept": MANIFEST})
        digest = answer.headers.get("Docker-Content-Digest", "")
        if answer.status == 200 and digest:
            upload.delete_manifest(self.repository, digest)
            self.leftover = f"a run before this one left {self.repository.name}:{TAG} behind; it is deleted now"

    def unless_unreadable(self, failure):
        """The failure of a write; where the storage cannot be read either, it belongs to check_harbor_pull."""
        if self.args.image is None or failure.step != "push" or failure.status < 500:
            return failure
        canary = Repository(self.harbor, self.args.image.repository, frozenset({"pull"}))
        try:
            canary.authorize()
            canary.manifest(self.args.image.reference)
        except Failure:
            failure.step = "pull"
        return failure


def declare(parser):
    parser.set_defaults(timeout=45)
    parser.add_argument("--project", metavar="P", type=options.name, required=True, help="the canary project")
    parser.add_argument("--repository", metavar="R", type=options.name, default="canary",
                        help="the repository in it; nothing is written elsewhere (default %(default)s)")  # fmt: skip
    parser.add_argument("--depth", choices=("blob", "image", "session"), default="blob",
                        help="how much is written (default %(default)s)")  # fmt: skip
    parser.add_argument("--image", metavar="P/R:TAG", type=options.image,
                        help="the image of check_harbor_pull, which owns what cannot be read either")  # fmt: skip
    options.thresholds(parser, "", "seconds for everything", "5", "20", units.SECONDS)


def check(args, harbor):
    if not harbor.login:
        raise Unusable("a login is needed: --authfile")
    push = Push(harbor, args)
    return nagiosplugin.Check(
        push,
        judgement.ResponseTime(args.warning, args.critical),
        judgement.Threshold("phase", None, None, "{name} {valueunit}"),
        judgement.Finding("leftover", Warn, "look why the check was killed: is the engine's time-out shorter than -t?"),
        judgement.Summary(push),
    )


main = plugin.main(__name__, declare, check)
