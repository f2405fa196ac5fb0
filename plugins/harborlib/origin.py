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
        try:
            parts = urlsplit(text.strip() if "://" in text else f"https://{text.strip()}")
            scheme, host, port = parts.scheme, parts.hostname or "", parts.port
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
        if not is_host(host) or port == 0:
            raise argparse.ArgumentTypeError("not a host name or address")
        return cls(scheme, ascii_name(host), port or PORTS[scheme])

    @property
    def where(self) -> str:
        """`host:port`, without the port if it is the scheme's own."""
        return bracketed(self.host) if self.port == PORTS[self.scheme] else where(self.host, self.port)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.where}"


def host_and_port(text: str) -> tuple[str, int]:
    """`HOST[:PORT]`, `[v6]:PORT` or a bare IPv6 address; port 0 where none is given. Raises ArgumentTypeError."""
    bare = text.strip()
    if bare.count(":") > 1 and not bare.startswith("["):
        bare = f"[{bare}]"
    try:
        parts = urlsplit(f"//{bare}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise argparse.ArgumentTypeError("not HOST[:PORT]") from None
    if not is_host(host) or port == 0 or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise argparse.ArgumentTypeError("not HOST[:PORT]")
    return ascii_name(host), port or 0


def is_host(host: str) -> bool:
    """Whether a text can stand as a host: no blanks, controls or URL syntax."""
    return bool(re.fullmatch(r"[^\s/?#@\[\]\\|\"'<>%]+", host))


def ascii_name(host: str) -> str:
    """The name as it goes over the wire (international names in IDNA)."""
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        raise argparse.ArgumentTypeError("not a host name or address") from None
