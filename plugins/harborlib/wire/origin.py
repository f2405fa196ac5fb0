r"""Where Harbor is, and where a URL leads. The only URL parser here: strict with users, stricter with servers.

Two parsers never agree on odd URLs: in `https://EVIL\@HARBOR/` one sees HARBOR, and another connects to EVIL. So a URL
from a server is never passed on: it is parsed here, and the request is rebuilt from an Origin and a path.
"""

from __future__ import annotations

import argparse
import re
import socket
from typing import NamedTuple
from urllib.parse import quote

from harborlib.text.cleaning import redacted

PORTS = {"https": 443, "http": 80}
#: Characters of a URL: what servers accept in a request line. A pre-signed S3 URL with a session token can have 2,500.
URL_LIMIT = 8192
HOST_LIMIT = 253  # characters, the limit of DNS

_PLAIN = re.compile(r"[!-\[\]-~]*")  # ASCII without spaces, control characters and backslash
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_NAME = re.compile(r"[a-z0-9_-][a-z0-9._-]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Origin(NamedTuple):
    """Scheme, host and port of a server, in lower case; `port` is never 0."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """From a URL or a bare host; raises ArgumentTypeError (without any of the text, which may hold a password)."""
        scheme, mark, rest = printable(text).rpartition("://")
        authority, tail = _split(rest)
        if "@" in f"{scheme}{authority}":
            raise argparse.ArgumentTypeError(
                "no user or password in the URL: every local user can read arguments, use --authfile"
            )
        scheme = scheme.lower() if mark else "https"
        if scheme not in PORTS:
            raise argparse.ArgumentTypeError("the URL must begin with https:// or http://")
        try:
            name, port = _apart(authority)
        except ValueError:
            raise argparse.ArgumentTypeError("not a URL or host name") from None
        if tail.strip("/"):
            raise argparse.ArgumentTypeError("only scheme, host and port: https://harbor.example.com[:port]")
        host = wire_name(name)
        if not host or port == 0:
            raise argparse.ArgumentTypeError("not a host name or address")
        return cls(scheme, host, port or PORTS[scheme])

    @property
    def where(self) -> str:
        """`host:port`, without the port if it is the scheme's default."""
        return bracketed(self.host) if self.port == PORTS[self.scheme] else where(self.host, self.port)

    @property
    def url(self) -> str:
        """`https://host` or `https://host:port`."""
        return f"{self.scheme}://{self.where}"


class Target(NamedTuple):
    """Where a server's URL leads. `path` begins with a slash, includes the query, and is quoted for the request line.

    It begins with several slashes only if a URL of another server does: an object store signs its paths, and the key
    of a blob may begin with a slash.
    """

    origin: Origin
    path: str

    @classmethod
    def parse(cls, url: str, sender: Origin | None = None) -> Target:
        """From an absolute URL that a server sends; raises ValueError."""
        scheme, mark, rest = _plain(url).partition("://")
        if not mark:
            raise ValueError("not a whole URL")
        return cls._of(scheme.lower(), rest, sender)

    def follow(self, reference: str) -> Target:
        """Where a URL leads that may be relative to this one (like `Location` and `src`); raises ValueError."""
        text = _plain(reference).partition("#")[0]
        if text.startswith("//"):
            return self._of(self.origin.scheme, text[2:], self.origin)
        if _SCHEME.match(text):
            return self.parse(text, self.origin)
        here = self.path.partition("?")[0]
        if not text or text.startswith("?"):
            return self._replace(path=_normal(here + text))
        return self._replace(path=_normal(text if text.startswith("/") else here[: here.rfind("/") + 1] + text))

    @classmethod
    def _of(cls, scheme: str, rest: str, sender: Origin | None) -> Target:
        authority, tail = _split(rest)
        name, port = _apart(authority)  # a name cannot contain a user or password
        host = wire_name(name)
        if scheme not in PORTS or not host or port == 0 or not f"{tail}/".startswith("/"):
            raise ValueError("not a URL of HTTP")
        origin = Origin(scheme, host, port or PORTS[scheme])
        further = len(tail) - len(tail.lstrip("/")) - 1 if sender not in (None, origin) else 0
        return cls(origin, "/" * further + _normal(tail.partition("#")[0]))


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST[:PORT]`, `[v6]:PORT` or a bare IPv6 address; port 0 if none is given. Raises ArgumentTypeError."""
    bare = printable(text)
    if bare.count(":") > 1 and not bare.startswith("["):
        bare = f"[{bare}]"
    try:
        name, port = _apart(bare)
    except ValueError:
        raise argparse.ArgumentTypeError("not HOST[:PORT]") from None
    host = wire_name(name)
    if not host or port == 0:
        raise argparse.ArgumentTypeError("not HOST[:PORT]")
    return host, port or 0


def printable(text: str) -> str:
    """The text without surrounding spaces; "" if it is too long for a URL or contains unprintable characters."""
    text = text.strip()
    return text if len(text) <= URL_LIMIT and text.isprintable() else ""


def wire_name(host: str) -> str:
    """A host as it is sent (international names in IDNA), without brackets; "" if it cannot be a host."""
    if host.startswith("["):
        return _address(host[1:-1])
    try:
        # Check the length before anything reads the characters: Python's IDNA code can take hours on a long name.
        name = host if host.isascii() or len(host) > HOST_LIMIT else host.encode("idna").decode()
    except UnicodeError:
        return ""
    name = name.lower()
    return name if len(name) <= HOST_LIMIT and _NAME.fullmatch(name) else ""


def _address(text: str) -> str:
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return ""
    return text.lower()


def _plain(url: str) -> str:
    if len(url) > URL_LIMIT or not _PLAIN.fullmatch(url):
        raise ValueError("not a plain URL")
    if redacted(url) != url:
        raise ValueError("contains a secret that would be shown in part")
    return url


def _split(rest: str) -> tuple[str, str]:
    """What follows `://`: host and port, and the rest from the first `/`, `?` or `#` on."""
    ends = [rest.find(mark) for mark in "/?#" if mark in rest]
    end = min(ends, default=len(rest))
    return rest[:end], rest[end:]


def _apart(authority: str) -> tuple[str, int | None]:
    """Host (an IPv6 address in its brackets) and port; raises ValueError."""
    found = _AUTHORITY.fullmatch(authority)
    port = int(found[2]) if found and found[2] else None
    if not found or (port or 0) > 65535:
        raise ValueError("neither host nor port")
    return found[1], port


def _normal(path: str) -> str:
    """An absolute path (and query): without dot segments, with one leading slash, quoted where URLs require it."""
    path, mark, query = path.partition("?")
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    joined = "/".join(kept).lstrip("/")
    end = "/" if joined and path.endswith(("/.", "/..")) else ""
    return _quoted(f"/{joined}{end}") + mark + _quoted(query, "?")


def _quoted(text: str, more: str = "") -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=f"/%:@!$&'()*+,;={more}")


def bracketed(host: str) -> str:
    """A host as written in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def where(host: str, port: int) -> str:
    """`host:port` as written in a URL."""
    return f"{bracketed(host)}:{port}"
