"""Every address of a name, and those that this host has a route to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence

from .dial import resolve
from .failure import starve

MOST = 16  # addresses that are asked


def parse_address(text: str) -> str:
    """An IP address in its usual form, an IPv4-mapped one as IPv4; raises ValueError."""
    address = ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    return str(getattr(address, "ipv4_mapped", None) or address)


def ordered(addresses: Iterable[str]) -> list[str]:
    """Each address once, IPv4 first, in numerical order: a name server answers in another order each time."""
    found = {parse_address(address) for address in addresses}
    return sorted(found, key=lambda text: (":" in text, int(ipaddress.ip_address(text)), text))


def addresses_of(host: str, port: int, family: int) -> list[str]:
    """All addresses of a host name; raises Failure (resolve)."""
    return ordered(str(row[4][0]) for row in resolve(host, port, family))


def routed(addresses: Sequence[str]) -> tuple[list[str], list[str]]:
    """The addresses to ask, and those of a family (IPv4, IPv6) to which this host has no route at all.

    If it has no route to any, all are asked: then that is the failure.
    """
    reached = {":" in address for address in addresses if has_route(address)}
    if not reached:
        return list(addresses), []
    return [each for each in addresses if (":" in each) in reached], [
        each for each in addresses if (":" in each) not in reached
    ]


def has_route(address: str) -> bool:
    """Whether this host has a route to the address; no packet is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
    except OSError as error:
        starve(error)
        return False
    return True
