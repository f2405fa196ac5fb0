"""Certificates and their chains: how long they are good, what is wrong with them, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from harborlib.text import words

DAY = 86400
RENEW = (
    "renew the certificate, install it with its intermediates and restart the proxy; runtimes may need a restart too"
)
COMPLETE = (
    "append the issuer's certificate to the file that the proxy serves and restart it; a CA of your own: give --ca-file"
)
TRUST = "a CA of your own: give --ca-file; else have the certificate issued by a CA that clients trust"
RENAME = "have it issued for this name too, or give -H and the clients a name that it is for"
CLOCK = "compare the clocks (timedatectl); until that day, install the certificate that was there before"
#: The reasons for which clients refuse a chain.
REFUSALS = ("expired", "not-yet-valid", "wrong-name", "untrusted", "refused")
#: What OpenSSL says when a chain leads to no CA that it trusts (1.1.1 spells it without the hyphen).
UNTRUSTED = ("local issuer", "self-signed", "self signed", "first certificate")


class Certificate(NamedTuple):
    """One element of the chain; times in seconds since 1970, `lifetime` in days."""

    subject: str
    issuer: str
    not_before: float
    not_after: float
    key: str
    bits: int
    signature: str
    names: tuple[str, ...]

    @property
    def self_signed(self) -> bool:
        """Whether it vouches for itself."""
        return self.subject == self.issuer

    @property
    def lifetime(self) -> float:
        """Days from the first to the last moment at which it is valid."""
        return (self.not_after - self.not_before) / DAY

    def days_left(self, now: float) -> int:
        """Whole days until it expires: 0 on the last day, negative afterwards."""
        return int((self.not_after - now) // DAY)

    @property
    def weakness(self) -> str:
        """What is too weak about it, or "": RSA and DSA under 2048 bits, curves under 224, MD5 and SHA-1.

        The signature of a self-signed one is not looked at: nothing depends on it.
        """
        if self.bits < (2048 if self.key in ("RSA", "DSA") else 224):
            return f"{self.key} key of {self.bits} bits"
        digest = self.signature
        if not self.self_signed and digest in ("md5", "sha1"):
            return f"signed with {digest.upper()}"
        return ""

    def good_until(self, now: float, ends: bool = False) -> str:
        """How long it is good, how soon it `ends`, or since when it is not any more."""
        left, date = self.days_left(now), day(self.not_after)
        if left < -1:
            return f"{self.subject} expired {words.number(-left - 1, 'day')} ago, on {date}"
        if left == -1:
            return f"{self.subject} expired less than a day ago, at {words.moment(self.not_after)}"
        if left == 0:
            return f"{self.subject} expires within a day, at {words.moment(self.not_after)}"
        if ends:
            return f"{self.subject} expires in {words.number(left, 'day')}, on {date}"
        return f"{self.subject} is good for {words.number(left, 'day')}, until {date}"


def misplaced(chain: Sequence[Certificate]) -> str:
    """What is wrong with the order of the chain, or ""; TLS wants each certificate followed by its issuer."""
    for lower, upper in zip(chain, chain[1:]):
        if lower.issuer != upper.subject:
            known = any(lower.issuer == other.subject for other in chain)
            problem = "the chain is in the wrong order" if known else f"{upper.subject} does not belong to the chain"
            return f"{problem}: {' > '.join(element.subject for element in chain)}"
    return ""


def last_link(chain: Sequence[Certificate]) -> Certificate:
    """The last certificate that the server's own leads to within the chain, from issuer to issuer."""
    served = {element.subject: element for element in chain}
    last = chain[0]
    for _ in chain:
        last = served.get(last.issuer, last)
    return last


class Refusal(NamedTuple):
    """Why clients refuse a chain: one of REFUSALS, in words, and what to do about it."""

    kind: str
    text: str
    next_step: str


def refused(chain: Sequence[Certificate], why: str, host: str, now: float) -> Refusal:
    """What makes clients refuse the chain. `why` are OpenSSL's words, which are kept where they tell enough."""
    leaf, last = chain[0], last_link(chain)
    expired = [element for element in chain if now > element.not_after]
    early = [element for element in chain if now < element.not_before]
    if "has expired" in why and expired:
        return Refusal("expired", expired[0].good_until(now), RENEW)
    if "not yet valid" in why and early:
        return Refusal("not-yet-valid", f"{early[0].subject} is not valid before {day(early[0].not_before)}", CLOCK)
    if why.endswith(f"not valid for {host}"):
        names = ", ".join(leaf.names) or leaf.subject
        return Refusal("wrong-name", f"not valid for {host}, only for {names}", RENAME)
    if not any(sign in why for sign in UNTRUSTED):
        return Refusal("refused", why, RENEW)
    if last.self_signed:
        return Refusal("untrusted", f"{last.subject} is self-signed and not trusted here", TRUST)
    text = f"{last.issuer} is neither served nor trusted here; it issued {last.subject}"
    return Refusal("untrusted", text, COMPLETE)


def day(seconds: float) -> str:
    """A date in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
