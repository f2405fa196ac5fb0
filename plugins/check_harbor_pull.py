#!/usr/bin/env python3
"""Can the canary image be pulled intact?

Does what a container runtime does, without one: token, manifest (from an index, or one within it: the image for
--image-platform), then the config and the layers. Every byte is read and hashed, and must match its digest, size and
media type. Redirects to an object store are followed as clients do, without credentials. Pass a tag of a proxy-cache
project to test the way to its upstream (a digest that is cached never asks upstream).

States:
  OK        manifest and blobs arrived and match their digests
  WARNING   slow (-w); a rate limit is reached (429), upstream or at the reverse proxy; refused by a policy of the
            project (412)
  CRITICAL  not there, lost in the storage, corrupt, cut off, refused; a media type that clients refuse; no answer; very
            slow (-c). The line names the hop that fails: reverse proxy, core, registry, storage, object store
  UNKNOWN   usage error; a missing permission; no image for the platform; nothing to read within --max-bytes; a digest
            that cannot be checked; with --isolate: another probe reports the cause, named in the line

Perfdata:
  time      seconds for everything
  token     seconds until the token arrived
  manifest  seconds for the manifest, with an index for both
  blob      seconds for the blobs
  bytes     bytes of blobs that were read
  rate      bytes per second while they were read
  addresses, addresses_ok
            with --every-address: how many were asked (the values above are those of the worst), and how many are OK

Permissions: repository:pull on the repository. Harbor: 2.0 or newer. On Harbor 2.9 a robot account with any system
permission cannot pull: use a separate robot account.

Does not see: the addresses of an object store one by one; blobs of other images; layers beyond --max-bytes (the line
says how many were left out) and those that are not in the registry (the base of Windows images). Harbor counts each run
as a pull and notes it in its audit log.
"""

import harbor_preloaded

import argparse
import time as clock

from harborlib.harbor import Run
from harborlib.harbor.manifest import Descriptor, Manifest
from harborlib.harbor.repository import Repository
from harborlib.judge import Readings, ResponseTime, Shown
from harborlib.run import Probe, Service, plugin, values
from harborlib.run.service import REPLICAS
from harborlib.text import BYTES, CRITICAL, SECONDS, words
from harborlib.text.units import LOW
from harborlib.wire import CONTENT, Failure, Kind

NO_PLATFORM = Kind(
    "pull.no-image-for-platform", CONTENT, next_step="choose another --image-platform, or another canary image"
)
NOTHING_READ = Kind("pull.nothing-read", CONTENT, next_step="raise --max-bytes, or choose a smaller canary image")
MOST_MANIFESTS = 10  # the most that are requested for one image; an index in an index takes three

time = ResponseTime("pull.slow", "5s", "20s", "the whole pull took {value}", help="seconds for everything")
token = Shown("token", SECONDS, "{label} {value}")
manifest = Shown("manifest", SECONDS, "{label} {value}")
blob = Shown("blob", SECONDS, "{label} {value}")
size = Shown("bytes", BYTES, "{label} {value}")
rate = Shown("rate", BYTES, "{label} {value}", bad=LOW)


def measure(run: Run) -> Readings:
    """An image on its way from the registry to us."""
    started = clock.monotonic()
    image = run.args.image
    repository = Repository(run, image.repository, ("pull",))
    repository.authorize()
    yield token(round(repository.token_seconds, 3))
    begun = clock.monotonic()
    found = image_of(repository, run.args)
    yield manifest(round(clock.monotonic() - begun, 3))
    chosen, skipped = choose(found, run.args)
    if skipped and not chosen:
        raise Failure(NOTHING_READ, f"{image}: manifest intact, but each of its blobs exceeds --max-bytes")
    spent = sum(repository.blob(descriptor) for descriptor in chosen)
    read = sum(descriptor.size for descriptor in chosen)
    yield blob(round(spent, 3))
    yield size(read)
    yield rate(round(read / spent) if spent else 0)
    yield time(clock.monotonic() - started)
    unread = len(found.layers) + bool(found.config) - len(chosen) - skipped
    left_out = f", {unread if chosen else words.number(unread, 'blob')} not read" if unread else ""
    left_out += f", {skipped} skipped (--max-bytes)" if skipped else ""
    if found.elsewhere:
        left_out += f", {words.number(found.elsewhere, 'layer')} not in the registry"
    blobs = f" and {words.number(len(chosen), 'blob')}" if chosen else ""
    return f"{image} pulled: manifest{blobs} intact{left_out}"


def image_of(repository: Repository, args: argparse.Namespace) -> Manifest:
    """The image's manifest; from an index, the one for the platform, which can be in a nested index."""
    found, fits = repository.manifest(args.image.reference), False
    waiting: list[tuple[Descriptor, bool]] = []
    known: list[str] = []
    for _ in range(MOST_MANIFESTS):
        if not found.is_index:
            return found
        known += [child.platform or "none" for child in found.children]
        entries = candidates(found, args.image_platform, fits)
        waiting = [(child, fits or bool(child.platform)) for child in entries] + waiting
        if not waiting:
            others = ", ".join(dict.fromkeys(known)) or "an empty index"
            raise Failure(NO_PLATFORM, f"{args.image} has no image for {args.image_platform}, only {others}")
        child, fits = waiting.pop(0)
        found = repository.manifest(child.digest, child)
    raise Failure(
        NO_PLATFORM, f"{args.image}: no image for {args.image_platform} in its first {MOST_MANIFESTS} indexes"
    )


def candidates(index: Manifest, platform: str, fits: bool) -> list[Descriptor]:
    """The entries of an index that can contain the image for a platform, the most likely first.

    An entry without a platform can be an index itself (buildkit pushes an OCI layout like that). Anything else without
    a platform is not an image but, for example, a signature; unless (`fits`) the entry that led here named the
    platform.
    """
    named = [child for child in index.children if f"{child.platform}/".startswith(f"{platform}/")]
    return named + [child for child in index.children if not child.platform and (fits or child.is_index)]


def choose(found: Manifest, args: argparse.Namespace) -> tuple[list[Descriptor], int]:
    """The blobs to read, and how many are omitted because of their size."""
    config = [found.config] if found.config else []
    layers = sorted(found.layers, key=lambda layer: layer.size)
    some = {"none": 0, "config": 0, "smallest": 1, "all": len(layers)}[args.blobs]
    wanted = [] if args.blobs == "none" else config + layers[:some]
    chosen, total = [], 0
    for descriptor in wanted:
        total += descriptor.size
        if total <= args.max_bytes:
            chosen.append(descriptor)
    return chosen, len(wanted) - len(chosen)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare its own options."""
    parser.set_defaults(timeout=45)
    parser.add_argument("--image", metavar="P/R:TAG", type=values.image, required=True,
                        help="the image with its project, by tag or as P/R@DIGEST")  # fmt: skip
    parser.add_argument("--image-platform", metavar="OS/ARCH", default="linux/amd64",
                        help="which image of an index, as OS/ARCH[/VARIANT] (default %(default)s)")  # fmt: skip
    choices = ("none", "config", "smallest", "all")
    parser.add_argument("--blobs", choices=choices, default="all",
                        help="what to read besides the manifest: nothing, the configuration, that and the smallest "
                        "layer, or everything (default %(default)s)")  # fmt: skip
    parser.add_argument("--max-bytes", metavar="SIZE", type=values.size, default="100MiB",
                        help="read the smallest blobs up to this sum (default %(default)s)")  # fmt: skip


main = plugin.main(Probe(
    __name__,
    measure,
    [time, token, manifest, blob, size, rate],
    declare=declare,
    example=["--image", "pub/img:1.0", "--blobs", "config"],
    account="for a private image",
    at_some_addresses=CRITICAL,
    services=[
        Service(every="5min", attempts=3, retry="40s", hosts=("canary_image",), login="canary",
                options={"--image": "{canary_image}", "--every-address": REPLICAS},
                notes="The canary image cannot be pulled intact: images are gone or unreadable. "
                "Look at the registry's storage and log, after a garbage collection at what it deleted.")
    ],
))  # fmt: skip
