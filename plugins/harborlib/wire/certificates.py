"""Certificates and their chains: how long they are valid, what is wrong with them, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harborlib.text import words

from .clients import BROKEN_DIGESTS, UNREADABLE, entry, is_address, is_named, refused_key

DAY = 86400
RENEW = "renew the certificate (with its intermediates), then {install}"
REPLACE = "replace that CA certificate in the certificate file, then {install}"
COMPLETE = "add the missing intermediate to the reverse proxy's certificate file, or pass --ca-file for a private CA"
TRUST = "pass --ca-file for a private CA, or get a certificate from a CA that clients trust"
DEFAULT = "install Harbor's certificate on the reverse proxy or ingress that answers here: it serves its own"
OTHER_SUBJECT = "get a certificate with a subject that differs from its CA's"
CLOCK = "compare date -u here with {clock}; if both agree, reinstall the previous certificate"
ISSUE_AGAIN = "get a new certificate: RSA 2048 or EC P-256, signed with SHA-256"
REISSUE = "get a new certificate from a CA that clients trust"
LEAVE_OUT = "remove it from the reverse proxy's certificate file, then {install}"
CLIENTS = "docker, containerd and helm refuse"
NAMES = 5  # the number of subjectAltName entries that are shown
#: The reasons why clients refuse a chain.
REFUSALS = ("expired", "not-yet-valid", "wrong-name", "untrusted", "algorithm-refused", "refused")
#: OpenSSL's error numbers for a path that does not lead to a CA trusted here.
UNTRUSTED = frozenset({2, 18, 19, 20, 21})
#: Its other error numbers that name the wrong certificate, in words (an invalid CA is 24 before OpenSSL 3, 79 after).
WRONG = {
    7: "its signature does not match its issuer's key",
    24: "it issued another certificate, but is not a CA",
    25: "it issued a CA, which its pathlen forbids",
    26: "it is not for servers (extendedKeyUsage)",
    47: "its name is not permitted by its CA's name constraints",
    48: "its name is excluded by its CA's name constraints",
    79: "it issued another certificate, but is not a CA",
}

#: The role of an element of the chain. NEEDED: clients need it. SPARE: it is another certificate of a CA that they know
#: by a different one (a cross-signature, an old root). FOREIGN: it does not belong to the chain.
NEEDED, SPARE, FOREIGN = "needed", "spare", "foreign"


class Certificate(NamedTuple):
    """One element of the chain. Times are in seconds since 1970, `lifetime` is in days.

    `names` are its subjectAltName entries, as `DNS:NAME` and `IP:ADDRESS`. `self_signed`: it is its own issuer,
    by name and by key. `place` is NEEDED, SPARE or FOREIGN.
    """

    subject: str
    issuer: str
    not_before: float
    not_after: float
    key: str
    bits: int
    signature: str
    names: tuple[str, ...]
    self_signed: bool = False
    place: str = NEEDED

    @property
    def whose(self) -> str:
        """What to call it in a sentence."""
        return f"{self.subject}'s certificate"

    @property
    def lifetime(self) -> float:
        """The length of its validity period in days."""
        return (self.not_after - self.not_before) / DAY

    def days_left(self, now: float) -> int:
        """Whole days until it expires: 0 on the last day, negative afterwards."""
        return int((self.not_after - now) // DAY)

    @property
    def weakness(self) -> str:
        """What makes its key too weak, or "": RSA and DSA under 2048 bits, curves under 224."""
        if self.bits < (2048 if self.key in ("RSA", "DSA") else 224):
            return f"{self.bits}-bit {self.key} key"
        return ""

    @property
    def refused_algorithm(self) -> str:
        """What clients reject about its key or signature, or "".

        The signature of a self-signed certificate is ignored: nothing depends on it.
        """
        if not self.self_signed and self.signature in BROKEN_DIGESTS:
            return f"signed with {self.signature.upper()}"
        return refused_key(self.key, self.bits)

    def good_until(self, now: float, ends: bool = False) -> str:
        """How long it is valid, how soon it expires (`ends`), or how long ago it expired."""
        left, date = self.days_left(now), day(self.not_after)
        if left < -1:
            return f"{self.whose} expired {words.number(-left - 1, 'day')} ago, on {date}"
        if left == -1:
            return f"{self.whose} expired less than a day ago, at {words.moment(self.not_after)}"
        if left == 0:
            return f"{self.whose} expires within a day, at {words.moment(self.not_after)}"
        if ends:
            return f"{self.whose} expires in {words.number(left, 'day')}, on {date}"
        return f"{self.whose} is valid for {words.number(left, 'day')}, until {date}"


class Served(NamedTuple):
    """What a server sends, and how a client judges it.

    `elements` are in the order in which they were sent, the server's own first. `path` leads from that one to a CA, as
    OpenSSL builds it from the elements and the CAs trusted here. `complaints` are all of OpenSSL's errors: each is its
    number and the certificate that it is about. `version` is the TLS version.
    """

    elements: Sequence[Certificate]
    path: Sequence[Certificate]
    complaints: Sequence[tuple[int, Certificate]]
    version: int

    @property
    def is_trusted(self) -> bool:
        """Whether the path ends at a CA that is trusted here."""
        return not any(number in UNTRUSTED for number, _ in self.complaints)

    @property
    def misplaced(self) -> str:
        """What is wrong with the order, or "". TLS 1.2 requires each certificate to be followed by its issuer."""
        needed = [element for element in self.elements if element.place == NEEDED]
        if needed == [element for element in self.path if element in needed]:
            return ""
        return f"the chain is in the wrong order: {self}"

    @property
    def superfluous(self) -> str:
        """Which elements do not belong to the chain, or ""."""
        foreign = [element.subject for element in self.elements if element.place == FOREIGN]
        does = "does" if len(foreign) == 1 else "do"
        return f"{', '.join(foreign)} {does} not belong to the chain: {self}" if foreign else ""

    def __str__(self) -> str:
        return " > ".join(element.subject for element in self.elements)


class Refusal(NamedTuple):
    """Why clients refuse a chain: one of REFUSALS, the reason in words, and the next step."""

    kind: str
    text: str
    next_step: str


def refusals(served: Served, why: str, host: str, now: float) -> list[Refusal]:
    """All reasons why clients refuse the chain. `why` is OpenSSL's message, or "" if it accepts the chain."""
    leaf = served.path[0]
    # Any name that OpenSSL accepts, Go accepts too, as long as the common name is ignored (tls.context).
    readable = UNREADABLE not in leaf.names
    refused_name = why.endswith(f"not valid for {host}") or bool(why and readable and not is_named(host, leaf.names))
    is_default = refused_name and leaf.self_signed and bool(leaf.names) and not served.is_trusted
    found = [wrong_name(leaf, host, is_default)] if refused_name else []
    for element in served.path:
        if now > element.not_after:
            found.append(Refusal("expired", element.good_until(now), RENEW if element is leaf else REPLACE))
        if now < element.not_before:
            text = f"{element.whose} is not valid before {day(element.not_before)}"
            found.append(Refusal("not-yet-valid", text, CLOCK))
    if why and not served.is_trusted:
        refusal = untrusted(served.path[-1])
        found.append(refusal._replace(next_step=DEFAULT) if is_default else refusal)
    found += algorithms(served)
    found += broken(served) if why else []
    return found if found or not why else [Refusal("refused", why, REISSUE)]


def broken(served: Served) -> Iterator[Refusal]:
    """OpenSSL's other errors about single certificates. Only the first per certificate: the rest follow from it."""
    seen = set()
    for number, element in served.complaints:
        if number in WRONG and element not in seen:
            seen.add(element)
            yield Refusal("refused", f"{element.subject}: {WRONG[number]}", REISSUE)


def wrong_name(leaf: Certificate, host: str, is_default: bool) -> Refusal:
    """The refusal of a server certificate that is for other names, or has this one in the wrong place.

    `is_default`: it is the one that a reverse proxy generates when it has no certificate for this name.
    """
    kind = "IP address" if is_address(host) else "DNS name"
    if not leaf.names:
        text = f"not valid for {host}: no {kind} in subjectAltName (SAN), and clients ignore the common name"
    else:
        names = ", ".join(leaf.names[:NAMES])
        more = f" and {len(leaf.names) - NAMES} more" if len(leaf.names) > NAMES else ""
        text = f"not valid for {host}, only for {names}{more}"
        if is_address(host) and f"DNS:{host}" in leaf.names:
            text += ": an address must be an IP address in subjectAltName"
        elif is_named(host, leaf.names):
            text += ": no wildcard may stand before the last part of a name"
    if is_default:
        return Refusal("wrong-name", text, DEFAULT)
    step = f"get a certificate with {entry(host)} in subjectAltName, or point -H at a name it covers"
    return Refusal("wrong-name", text, step)


def untrusted(last: Certificate) -> Refusal:
    """The refusal of a path that ends at a certificate not trusted here."""
    if last.self_signed:
        return Refusal("untrusted", f"{last.whose} is self-signed and not trusted here", TRUST)
    if last.subject == last.issuer:
        text = f"{last.subject} has the same name as its CA, so clients do not look for that CA"
        return Refusal("untrusted", text, OTHER_SUBJECT)
    text = f"{last.subject}'s issuer, {last.issuer}, is neither served nor trusted here"
    return Refusal("untrusted", text, COMPLETE)


def algorithms(served: Served) -> Iterator[Refusal]:
    """Refused keys and signatures, among the certificates whose signatures clients check."""
    for position, element in enumerate(served.path):
        is_anchor = served.is_trusted and position == len(served.path) - 1
        problem = refused_key(element.key, element.bits) if is_anchor else element.refused_algorithm
        if problem:
            yield Refusal("algorithm-refused", f"{element.subject}: {problem}, which {CLIENTS}", ISSUE_AGAIN)


def day(seconds: float) -> str:
    """A date in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
