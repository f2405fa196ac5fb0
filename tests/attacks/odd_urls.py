"""URLs that parsers disagree about: {evil} is where the credentials must not go, {harbor} where they may."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Optional
from urllib.parse import urlsplit

import urllib3

#: Each of them, read by some parser or other, leads to {evil}.
TEMPLATES = (
    "https://{evil}\\@{harbor}/x",
    "https://{evil}\\\\@{harbor}/x",
    "https://{evil}\\{harbor}/x",
    "https://{harbor}\\@{evil}/x",
    "https://{harbor}@{evil}/x",
    "https://{harbor}:x@{evil}/x",
    "https://u:p@{harbor}@{evil}/x",
    "https://u:p@{harbor}/x",
    "https://{evil}#@{harbor}/x",
    "https://{evil}?@{harbor}/x",
    "https://{evil}/@{harbor}/x",
    "https://{evil};@{harbor}/x",
    "https://{evil}%00@{harbor}/x",
    "https://{evil}%2f@{harbor}/x",
    "https://{evil} @{harbor}/x",
    "https://{evil}\t@{harbor}/x",
    "https://{evil}\x00@{harbor}/x",
    "https://{harbor}\t.{evil}/x",
    "https://{harbor}\u2100{evil}/x",
    "https://{evil}\uff0f@{harbor}/x",
    "https:\\\\{evil}/x",
    "https:/{evil}/x",
    "https:{evil}/x",
    "https:///{evil}/x",
    "https:////{evil}/x",
    "https://[{evil}]/x",
    "https://[::1]@{evil}/x",
    "https://{harbor},{evil}/x",
    "https://{harbor} {evil}/x",
    "//{evil}\\@{harbor}/x",
    "//{evil}/x",
    "///{evil}/x",
    "/\\{evil}/x",
    "\\\\{evil}/x",
    "/\t/{evil}/x",
    "\t//{evil}/x",
    "http://{evil}/x",
    "https://{evil}/x",
    "https://{evil}",
    "javascript://{evil}/x",
)
HOSTS = ("{evil}", "{harbor}", "localhost", "127.0.0.1", "[::1]", "x.example.net", "xn--hfen-loa.example", "", "0x7f.1")
JOINTS = (
    "\\", "@", ":", "/", "//", "#", "?", "%40", "%5c", "%2F", "%", ";", ",", "&", "=", " ", "\t", ".", "..", "/../",
    "/./", "[", "]", "\x00", "\x0b", "\x7f", "\x85", "\xa0", "\xe4", "<", ">", '"', "|", "^", "`", "{{", "~", "*", "!",
    "443", ":443", ":0", ":65536", ":8 ", "x", "a/b", "u:p@", "\u2100", "\uff0f", "\uff20", "\u3002", "\u0301",
)  # fmt: skip
PORTS = {"https": 443, "http": 80}
SCHEMES = ("https://", "https://", "https://", "//", "http://", "HTTPS://", "https:", "https:/", "", "/", "ftp://")


def urls(count: int, evil: str, harbor: str, seed: int = 11) -> Iterator[str]:
    """The templates, and then as many of their kind as are wanted; the same ones each time."""
    chance = random.Random(seed)
    for number in range(count):
        if number < len(TEMPLATES):
            pattern = TEMPLATES[number]
        else:
            pieces = [chance.choice(HOSTS if chance.random() < 0.4 else JOINTS) for _ in range(chance.randint(1, 6))]
            pattern = chance.choice(SCHEMES) + "".join(pieces)
            if chance.random() < 0.5:  # such a beginning is not refused at once
                pattern = f"https://{{harbor}}/{''.join(pieces)}"
        yield pattern.format(evil=evil, harbor=harbor)


Server = tuple[Optional[str], str, Optional[int]]  # scheme, host, port


def of_urllib3(text: str) -> Server | None:
    """The server that urllib3 would dial."""
    try:
        url = urllib3.util.parse_url(text)
    except urllib3.exceptions.HTTPError:
        return None
    return url.scheme, (url.host or "").strip("[]"), url.port or PORTS.get(url.scheme or "")


def of_the_standard_library(text: str) -> Server | None:
    """The server that urlsplit sees, which is not always the one that is dialed."""
    try:
        url = urlsplit(text)
        return url.scheme, url.hostname or "", url.port or PORTS.get(url.scheme)
    except ValueError:
        return None
