"""The types of option values: each parses a text, or raises ArgumentTypeError with the reason."""

from __future__ import annotations

import argparse
import math
import re
from typing import NamedTuple

from harborlib.harbor.digests import DIGEST
from harborlib.judge.isolation import OWNERS
from harborlib.text import units
from harborlib.wire.addresses import MOST, ordered
from harborlib.wire.origin import Origin


def owners(text: str) -> frozenset[str]:
    """The value of --isolate: names of owners, separated by commas."""
    names = {name.strip() for name in text.split(",")} - {""}
    unknown = sorted(names - set(OWNERS))
    if unknown or not names:
        raise argparse.ArgumentTypeError(
            f"unknown owner {unknown[0][:40] if unknown else ''!r} (known: {', '.join(OWNERS)})"
        )
    return frozenset(names)


def addresses(text: str) -> tuple[str, ...] | None:
    """The value of --every-address: IP addresses, () for all in DNS; None, as if it were not given, for an empty text.

    An engine passes an empty text for a host that does not want it.
    """
    if text.strip() in ("", "all"):
        return () if text.strip() else None
    try:
        found = ordered(text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"not IP addresses, separated by commas: {text[:40]!r}") from None
    if len(found) > MOST:
        raise argparse.ArgumentTypeError(f"more than {MOST} addresses")
    return tuple(found)


def name(text: str) -> str:
    """A name as Harbor uses it for its components."""
    if not re.fullmatch(r"[\w.-]{1,60}", text.strip(), re.ASCII):
        raise argparse.ArgumentTypeError(f"not a name: {text[:40]!r}")
    return text.strip()


def names(text: str) -> list[str]:
    """A list of names, separated by commas."""
    return [name(item) for item in text.split(",")]


class Image(NamedTuple):
    """An image by name: `P/R` and a tag or a digest."""

    repository: str
    reference: str

    def __str__(self) -> str:
        return f"{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}"


def without_registry(text: str, host: str = "") -> None:
    """Refuse the name of an image or repository that begins with the registry's name, as docker takes it.

    A part with a port is such a name in any case. Harbor's own `host` without one is if no project can be meant: with
    a dot, or `localhost`.
    """
    first, _, rest = text.partition("/")
    ours = first == host and ("." in host or host == "localhost")
    if "/" in rest.strip("/") and (ours or re.fullmatch(r"[\w.-]+:\d+", first)):
        raise argparse.ArgumentTypeError(f"write it without the registry's name: {rest[:120]!r}")


def part(text: str) -> str:
    """A project, or one part of a repository's name, as the registry requires it."""
    if not re.fullmatch(r"[a-z0-9]+([._-]+[a-z0-9]+)*", text) or len(text) > 255:
        raise argparse.ArgumentTypeError(f"not lower case letters and digits, with . _ - between: {text[:60]!r}")
    return text


def repository(text: str) -> str:
    """`PROJECT/REPOSITORY`, which may have more parts."""
    without_registry(text)
    if "/" not in text or len(text) > 255:
        raise argparse.ArgumentTypeError(f"not PROJECT/REPOSITORY: {text[:60]!r}")
    return "/".join(map(part, text.split("/")))


def image(text: str) -> Image:
    """`P/R:TAG` or `P/R@sha256:...` (or sha512), without a host."""
    without_registry(text)
    path, at, digest = text.partition("@")
    name, _, tag = path.partition(":") if not at else (path, "", "")
    good = DIGEST.fullmatch(digest) if at else re.fullmatch(r"\w[\w.-]{0,127}", tag, re.ASCII)
    if not good:
        raise argparse.ArgumentTypeError(f"not P/R:TAG or P/R@sha256:DIGEST: {text[:60]!r}")
    return Image(repository(name), digest or tag)


def size(text: str) -> int:
    """A number of bytes, such as 100MiB."""
    return int(units.number(text, units.BYTES))


def proxy(text: str) -> Origin:
    """A proxy's URL; without credentials, because everyone who can list processes would see them."""
    found = Origin.parse(text if "://" in text else f"http://{text}")
    if found.scheme != "http":
        raise argparse.ArgumentTypeError("only http:// proxies are supported (TLS goes through them end to end)")
    return found


def seconds(text: str) -> float:
    """A point in time in seconds since 1970, in any notation of an engine; raises ValueError."""
    if not math.isfinite(float(text)):
        raise ValueError
    return float(text)
