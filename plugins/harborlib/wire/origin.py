"""Where Harbor is: scheme, host and port."""

from __future__ import annotations

import argparse
import re
from typing import NamedTuple
from urllib.parse import urlsplit

from .dial import bracketed, where

PORTS = {"https": 443, "http": 80}


class Origin(NamedTuple):
    """Scheme, host and port of a server, all lower case; `port` is never 0."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Origin:
        """From a URL or a bare host; raises ArgumentTypeError (with no part of the text: it may hold a password)."""
        bare = printable(text)
        try:
            parts = urlsplit(bare if "://" in bare else f"https://{bare}")
            scheme, host, port = parts.scheme, wire_name(parts.hostname or ""), parts.port
        except ValueError:
            raise argparse.ArgumentTypeError("not a URL or host name") from None
        if parts.username is not None or parts.password is not None:
            raise argparse.ArgumentTypeError(
                "no user or password in the URL: everybody can list arguments; use --authfile"
            )
        if scheme not in PORTS:
            raise argparse.ArgumentTypeError("the URL must begin with https:// or http://")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise argparse.ArgumentTypeError("only scheme, host and port: https://harbor.example.com[:port]")
        if not host or port == 0:
            raise argparse.ArgumentTypeError("not a host name or address")
        return cls(scheme, host, port or PORTS[scheme])

    @property
    def where(self) -> str:
        """`host:port`, without the port if it is the scheme's own."""
        return bracketed(self.host) if self.port == PORTS[self.scheme] else where(self.host, self.port)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.where}"


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST[:PORT]`, `[v6]:PORT` or a bare IPv6 address; port 0 where none is given. Raises ArgumentTypeError."""
    bare = printable(text)
    if bare.count(":") > 1 and not bare.startswith("["):
        bare = f"[{bare}]"
    try:
        parts = urlsplit(f"//{bare}")
        host, port = wire_name(parts.hostname or ""), parts.port
    except ValueError:
        raise argparse.ArgumentTypeError("not HOST[:PORT]") from None
    if not host or port == 0 or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise argparse.ArgumentTypeError("not HOST[:PORT]")
    return host, port or 0


def printable(text: str) -> str:
    """The text without blanks around it; "" where it holds what nobody can see, which urlsplit would leave out."""
    return text.strip() if text.strip().isprintable() else ""


def wire_name(host: str) -> str:
    """A host as it goes over the wire (international names in IDNA); "" for what cannot be one."""
    try:
        name = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return ""
    return name if re.fullmatch(r"[^\s/?#@\[\]\\|\"'<>%]+", name) else ""
