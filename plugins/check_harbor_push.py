#!/usr/bin/env python3
"""Can one write to the registry?

--depth blob (default) pushes the two blobs of an image: a layer of 2 MiB, always the same, and a configuration of
1 KiB that nobody has yet. A started upload alone (--depth session) stays green on a nearly full disk, with a Redis that
refuses writes, a read-only PostgreSQL, or an ingress with a small body limit. --depth image also pushes the image's
manifest, pulls the image back, compares it and deletes it.

States:
  OK        everything that was written is there, and what was begun is taken back
  WARNING   slow (-w); something was left behind, by this run or by one before it
  CRITICAL  the storage is full or read-only, quota exceeded, Harbor in read-only mode, the tag is immutable, the
            ingress limits bodies or sends uploads to another host; what was pushed comes back different; no answer;
            very slow (-c)
  UNKNOWN   usage error; a right is missing; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time   seconds for everything
  token  seconds until the token was there
  write  seconds for writing
  bytes  bytes written

Rights: repository:pull, push and delete: a robot account of a canary project that holds nothing else and is no proxy
cache. Two monitoring hosts that use --depth image there need a --repository each. Harbor: 2.0 or newer.

Does not see: reading (check_harbor_pull); a quota that has room for 1 KiB.

Leaves behind: the layer, once; of each run the configuration until garbage collection, so schedule one, and in a file
system an empty folder for good. Of an upload that is cancelled (--depth session, or a failure) the registry keeps four
empty folders and files. A run that is killed leaves an upload of at most 2 MiB, which the registry purges after a week,
or with --depth image the tag check-harbor, which the next run deletes and reports.
"""

import time

from harborlib.harbor import canary, upload
from harborlib.harbor.api import NEEDED
from harborlib.harbor.repository import Repository
from harborlib.judge import judgement
from harborlib.judge.judgement import Finding, ResponseTime, Shown
from harborlib.run import options, plugin
from harborlib.text import summaries, units
from harborlib.wire.failure import CONTENT, Failure, Unusable

import nagiosplugin
from nagiosplugin import Warn

TAG = "check-harbor"


class Push(nagiosplugin.Resource):
    """Something written to the registry, and taken back."""

    def __init__(self, harbor, args):
        self.harbor = harbor
        self.args = args
        self.repository = Repository(harbor, f"{args.project}/{args.repository}", ("pull", "push", "delete"))
        self.written = 0
        self.leftovers = []
        self.fine = f"{args.depth} written to {self.repository.name} and taken back"

    def probe(self):
        started = time.monotonic()
        self.repository.authorize()
        yield nagiosplugin.Metric("token", round(self.repository.token_seconds, 3), "s", min=0, context="phase")
        begun = time.monotonic()
        try:
            {"session": self.session, "blob": self.blobs, "image": self.image}[self.args.depth]()
        except Failure as failure:
            raise self.unless_unreadable(failure) from None
        yield nagiosplugin.Metric("write", round(time.monotonic() - begun, 3), "s", min=0, context="phase")
        yield nagiosplugin.Metric("bytes", self.written, "B", min=0, context="phase")
        self.take_back()
        yield nagiosplugin.Metric("leftover", "; ".join(self.leftovers))
        yield judgement.seconds(time.monotonic() - started)

    def session(self):
        upload.Upload(self.repository).cancel()

    def blobs(self):
        """The two blobs of an image; its manifest."""
        layer = canary.layer()
        begun = upload.Upload(self.repository)
        begun.write(layer)
        begun.complete(upload.digest_of(layer))
        config = canary.configuration(layer)
        upload.put_blob(self.repository, config)
        self.written += len(layer) + len(config)
        return canary.manifest(config, layer)

    def image(self):
        """A whole image: in, back, compared, gone."""
        self.clean_up_before()
        digest = upload.put_manifest(self.repository, TAG, self.blobs(), canary.MANIFEST)
        try:
            back = self.repository.manifest(TAG)
            if back.digest != digest:
                text = f"{self.repository.name}:{TAG} comes back as {back.digest[:19]}, not as {digest[:19]}"
                raise Failure(CONTENT, text, state="critical", next_step="does another host push here too?")
            for blob in filter(None, (back.config, *back.layers)):
                self.repository.blob(blob)
        except Failure as failure:
            raise failure.but(step="push") from None

    def clean_up_before(self):
        """Delete the image of a run that was killed, and remember it."""
        answer = self.repository.send("HEAD", f"manifests/{TAG}", {"Accept": canary.MANIFEST})
        digest = answer.headers.get("Docker-Content-Digest")
        if answer.status == 200 and digest:
            name = f"image {self.repository.name}:{TAG}"
            upload.delete(self.repository, f"manifests/{digest}", name)
            self.leftovers.append(f"a run before this one left the {name} behind; it is deleted now")

    def take_back(self):
        """Undo what was begun and is not wanted any more."""
        for what, undo in list(self.harbor.undo.items()):
            try:
                undo()
            except Failure as failure:
                self.harbor.undo.pop(what)
                self.leftovers.append(f"left behind: the {what} ({failure.detail})")

    def unless_unreadable(self, failure):
        """The failure of a write; where the storage cannot be read either, it belongs to check_harbor_pull."""
        if self.args.image is None or failure.step != "push" or failure.status < 500:
            return failure
        canary = Repository(self.harbor, self.args.image.repository, ("pull",))
        try:
            canary.authorize()
            canary.manifest(self.args.image.reference)
        except Failure:
            return failure.but(step="pull")
        return failure


def declare(parser):
    parser.set_defaults(timeout=45)
    parser.add_argument("--project", metavar="P", type=options.part, required=True, help="the canary project")
    parser.add_argument("--repository", metavar="R", type=options.part, default="canary",
                        help="the repository in it; nothing is written elsewhere (default %(default)s)")  # fmt: skip
    parser.add_argument("--depth", choices=("blob", "image", "session"), default="blob",
                        help="how much is written (default %(default)s)")  # fmt: skip
    parser.add_argument("--image", metavar="P/R:TAG", type=options.image,
                        help="the image of check_harbor_pull, which owns what cannot be read either")  # fmt: skip
    options.thresholds(parser, "", "seconds for everything", "5", "20", units.SECONDS)


def check(args, harbor):
    if not harbor.login:
        raise Unusable(NEEDED)
    push = Push(harbor, args)
    return nagiosplugin.Check(
        push,
        ResponseTime(args.warning, args.critical, "the whole push took {value}"),
        Shown("phase", sentence="{name} {value}"),
        Finding("leftover", Warn, "look why the check was killed: is the engine's time-out shorter than -t?"),
        summaries.Summary(push),
    )


main = plugin.main(__name__, declare, check)
