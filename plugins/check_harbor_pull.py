#!/usr/bin/env python3
"""Can the canary image be pulled, bit by bit?

Does what a container runtime does, without one: token, manifest (of an index the child for --platform), then the config
and the layers. Every byte is read and hashed, and must be what its digest says. Give a tag of a proxy-cache project to
test the way to its upstream (a digest that is cached never asks upstream).

States:
  OK        manifest and blobs came, and are what their digests say
  WARNING   slow (-w); the upstream's rate limit is reached (429); refused by a policy of the project (412)
  CRITICAL  not there, lost in the storage, corrupt, cut off, refused; no answer; very slow (-c). The line names the
            hop that fails: proxy, core, registry, storage, object store
  UNKNOWN   usage error; the login has no right; no image for the platform; with --isolate: another probe reports the
            cause, named in the line

Perfdata:
  time      seconds for everything
  token     seconds until the token was there
  manifest  seconds for the manifest, of an index for both
  blob      seconds for the blobs
  bytes     bytes of blobs that were read
  rate      bytes per second while they were read

Rights: repository:pull on the repository. Harbor: 2.0 or newer. On Harbor 2.9 a robot account with any system
permission cannot pull: use one of its own.

Does not see: blobs of other images; layers beyond --max-bytes (the line says how many were left out) and those that
are not in the registry (the base of Windows images). Harbor counts each run as a pull and notes it in its audit log.
"""

import time

from harborlib.harbor.repository import Repository
from harborlib.judge import judgement
from harborlib.judge.judgement import ResponseTime, Shown
from harborlib.run import options, plugin
from harborlib.text import summaries, units
from harborlib.wire.failure import CONTENT, Failure

import nagiosplugin


class Pull(nagiosplugin.Resource):
    """An image on its way from the registry to us."""

    def __init__(self, harbor, args):
        self.image = args.image
        self.args = args
        self.repository = Repository(harbor, args.image.repository, ("pull",))
        self.fine = ""

    def probe(self):
        started = time.monotonic()
        self.repository.authorize()
        yield nagiosplugin.Metric("token", round(self.repository.token_seconds, 3), "s", min=0, context="phase")
        begun = time.monotonic()
        manifest = self.manifest()
        yield nagiosplugin.Metric("manifest", round(time.monotonic() - begun, 3), "s", min=0, context="phase")
        chosen, skipped = self.choose(manifest)
        spent = sum(self.repository.blob(blob) for blob in chosen)
        size = sum(blob.size for blob in chosen)
        yield nagiosplugin.Metric("blob", round(spent, 3), "s", min=0, context="phase")
        yield nagiosplugin.Metric("bytes", size, "B", min=0, context="phase")
        yield nagiosplugin.Metric("rate", round(size / spent) if spent else 0, "B", min=0, context="phase")
        yield judgement.seconds(time.monotonic() - started)
        left_out = f", {skipped} beyond --max-bytes left out" if skipped else ""
        everything = len(manifest.layers) + bool(manifest.config)
        self.fine = f"{self.image} pulled: manifest and {len(chosen)} of {everything} blobs right{left_out}"

    def manifest(self):
        """The image's manifest; of an index the child for the platform."""
        found = self.repository.manifest(self.image.reference)
        if not found.children:
            return found
        wanted = self.args.platform
        for child in found.children:
            if child.platform == wanted or child.platform.startswith(f"{wanted}/"):
                return self.repository.manifest(child.digest, child.size)
        known = ", ".join(child.platform or "none" for child in found.children)
        text = f"{self.image} has no image for {wanted}, only {known}"
        raise Failure(CONTENT, text, next_step="choose another --platform, or another canary image")

    def choose(self, manifest):
        """The blobs to read, and how many are left out because of their size."""
        config = [manifest.config] if manifest.config else []
        layers = sorted(manifest.layers, key=lambda layer: layer.size)
        some = {"none": 0, "config": 0, "smallest": 1, "all": len(layers)}[self.args.blobs]
        wanted = [] if self.args.blobs == "none" else config + layers[:some]
        chosen, size = [], 0
        for blob in wanted:
            size += blob.size
            if size <= self.args.max_bytes:
                chosen.append(blob)
        return chosen, len(wanted) - len(chosen)


def declare(parser):
    parser.set_defaults(timeout=45)
    parser.add_argument("--image", metavar="P/R:TAG", type=options.image, required=True,
                        help="the image, with its project, by tag or as P/R@DIGEST")  # fmt: skip
    parser.add_argument("--platform", metavar="OS/ARCH", default="linux/amd64",
                        help="which image of an index, as OS/ARCH[/VARIANT] (default %(default)s)")  # fmt: skip
    choices = ("none", "config", "smallest", "all")
    parser.add_argument("--blobs", choices=choices, default="all",
                        help="what to read besides the manifest: nothing, the configuration, that and the smallest "
                        "layer, or everything (default %(default)s)")  # fmt: skip
    parser.add_argument("--max-bytes", metavar="SIZE", type=options.size, default="100MiB",
                        help="read the smallest blobs up to this sum (default %(default)s)")  # fmt: skip
    options.thresholds(parser, "", "seconds for everything", "5", "20", units.SECONDS)


def check(args, harbor):
    pull = Pull(harbor, args)
    return nagiosplugin.Check(
        pull,
        ResponseTime(args.warning, args.critical, "the whole pull took {value}"),
        Shown("phase", sentence="{name} {value}"),
        summaries.Summary(pull),
    )


main = plugin.main(__name__, declare, check)
